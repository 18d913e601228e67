"""Who has the floor: the turns of one speaker, as a state machine without I/O.

::

             start              eager_end
    idle ─────────▶ speaking ─────────────▶ maybe over
      ▲                │  ▲      resume         │
      └───── end ──────┘  └─────────────────────┤
      └──────────────── end ────────────────────┘

Source of events and thresholds: https://docs.cartesia.ai/use-the-api/stt/turns/turns. One number drives it:
how likely the speaker is in a turn. While somebody speaks it is the probability of speech, in a pause what
`Likelihood` says of it. Everything is decided at frames of the audio, by what is known up to there, so that
it makes no difference how the audio was cut, or how fast it came.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

from antiphon.contract.events import Ending, Final, Partial, Voice
from antiphon.speech.growing import GrowingText
from antiphon.speech.pauses import Likelihood, Pause, lasting
from antiphon.speech.utterances import KEEP, START

FRAME_S = 0.032
"""Length of the frames that voice activity is told in."""

SHORTEST_PAUSE_S = 4.5 * FRAME_S
"""Text that becomes final in a shorter silence was cut because it was long; nothing is judged by it."""

_SMOOTHED = 3
"""Frames whose mean is the probability of speech: a click is shorter."""


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When turns begin and end.

    Attributes:
        start: a turn begins, or goes on after all, when the likelihood reaches it.
        eager_end: below it, the turn may be over …
        end: … and below this it is.
        end_timeout_s: it is over after a silence this long in any case.
    """

    start: float = 0.8
    eager_end: float = 0.4
    end: float = 0.2
    end_timeout_s: float = 5.6


@dataclass(frozen=True, slots=True)
class TurnStart:
    """Somebody begins to speak."""


@dataclass(frozen=True, slots=True)
class TurnUpdate:
    """The text of the turn has grown."""

    text: str


@dataclass(frozen=True, slots=True)
class TurnEagerEnd:
    """The turn may be over."""

    text: str


@dataclass(frozen=True, slots=True)
class TurnResume:
    """It was not."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """The turn is over; its text does not change any more."""

    text: str


TurnEvent = TurnStart | TurnUpdate | TurnEagerEnd | TurnResume | TurnEnd


class Turns:
    """Takes voice activity and texts of a stream, in order, and gives the events of its turns.

    The texts of turns begin with a blank, but for the first: they join verbatim.

    Args:
        settings: to begin with.
        pause_s: after a pause this long, or earlier with the final of the utterance before it, all text is
            known. No pause is judged earlier.
        likelihood: judges pauses.
    """

    def __init__(self, settings: TurnSettings, *, pause_s: float, likelihood: Likelihood = lasting) -> None:
        self._settings = settings
        self._changes: deque[tuple[float, TurnSettings]] = deque()
        self._pause_s = pause_s + FRAME_S / 2
        self._likelihood = likelihood
        self._state: Literal["idle", "speaking", "maybe over"] = "idle"
        self._text = GrowingText()
        self._told_s = 0.0  # up to where the open utterance was heard when it last made the text grow
        self._spoken = False
        self._position_s = 0.0
        self._recent: deque[float] = deque([0.0] * _SMOOTHED, maxlen=_SMOOTHED)
        self._voiced = False  # in speech, or in a pause too short to be one
        self._voice_end_s = 0.0
        self._complete: float | None = None  # how the pause after it sounds
        self._closed: float | None = None  # and how what was said reads
        self._utterances = 0  # whose text the turn has

    def configure(self, settings: TurnSettings, at_s: float) -> None:
        """Go by these settings from a position of the stream on; of two for the same one, the later hold."""
        if self._changes and self._changes[-1][0] == at_s:
            self._changes.pop()
        self._changes.append((at_s, settings))

    def voice(self, end_s: float, frames: bytes) -> list[TurnEvent]:
        """Take the voice activity of the frames up to ``end_s``, each 0 to 255.

        Those that were heard before are passed over: a stream that moved to another worker is replayed.
        """
        events: list[TurnEvent] = []
        for i, frame in enumerate(frames, start=1 - len(frames)):
            position_s = end_s + i * FRAME_S
            if position_s > self._position_s + FRAME_S / 2:
                self._position_s = position_s
                events += self._frame(frame / 255)
        return events

    def ending(self, at_s: float, complete: float) -> None:
        """Take how likely the speaker has finished, as the pause sounds that has begun before ``at_s``."""
        if at_s > self._voice_end_s:
            self._complete = complete

    def partial(self, text: str, audio_s: float) -> list[TurnEvent]:
        """Take what is certain of the open utterance, which was heard up to ``audio_s``."""
        if not self._text.hear(text):
            return []
        self._told_s = audio_s
        return self._grown()

    def final(self, text: str, end_s: float, closed: float | None = None) -> list[TurnEvent]:
        """Take the final text of an utterance, which ends at ``end_s``: maybe before what was told of it.

        ``closed`` is how sure it ends a sentence, see `Pause`.
        """
        self._closed = closed
        self._utterances += bool(text)
        cut = end_s < self._told_s - FRAME_S / 2
        grown = self._grown() if (self._text.cut(text) if cut else self._text.settle(text)) else []
        silence_s = self._position_s - self._voice_end_s
        if self._state == "idle" or silence_s < SHORTEST_PAUSE_S:
            return grown
        self._voiced = False
        return grown + self._silence(silence_s)

    def take(self, event: Voice | Ending | Partial | Final) -> list[TurnEvent]:
        """Take what a worker tells of the stream, each by its own method."""
        match event:
            case Voice():
                return self.voice(event.audio_s, event.frames)
            case Ending():
                self.ending(event.audio_s, event.complete)
                return []
            case Partial():
                return self.partial(event.text[: event.certain], event.audio_s)
            case Final():
                return self.final(event.text, event.end_s, event.closed)

    def end(self) -> list[TurnEvent]:
        """The stream is over, and with it an open turn."""
        return [] if self._state == "idle" else [self._end()]

    def _frame(self, probability: float) -> list[TurnEvent]:
        while self._changes and self._changes[0][0] < self._position_s:
            self._settings = self._changes.popleft()[1]
        self._recent.append(probability)
        speech = sum(self._recent) / _SMOOTHED
        if speech >= START or (self._voiced and probability >= KEEP):
            self._voiced = True
            self._complete = self._closed = None
            self._voice_end_s = self._position_s
        silence_s = self._position_s - self._voice_end_s
        if silence_s > self._pause_s:
            self._voiced = False
        if self._voiced:
            return self._speech(speech)
        return [] if self._state == "idle" else self._silence(silence_s)

    def _speech(self, likelihood: float) -> list[TurnEvent]:
        return self._floor_taken() if likelihood >= self._settings.start else []

    def _silence(self, silence_s: float) -> list[TurnEvent]:
        timed_out = silence_s >= self._settings.end_timeout_s
        likelihood = 0.0 if timed_out else self._likelihood(self._pause(silence_s))
        if likelihood < self._settings.end:
            return [self._end()]
        if likelihood < self._settings.eager_end and self._state == "speaking":
            self._state = "maybe over"
            return [TurnEagerEnd(self._text.text)]
        return []

    def _pause(self, silence_s: float) -> Pause:
        return Pause(silence_s, self._text.text, self._complete, self._closed, self._utterances > 1)

    def _grown(self) -> list[TurnEvent]:
        events = self._floor_taken()
        if events:
            # Speech too faint for the threshold was understood all the same; it ended a pause ago at most.
            self._voice_end_s = max(self._voice_end_s, self._position_s - self._pause_s)
        return [*events, TurnUpdate(self._text.text)]

    def _floor_taken(self) -> list[TurnEvent]:
        before, self._state = self._state, "speaking"
        match before:
            case "idle":
                return [TurnStart()]
            case "maybe over":
                return [TurnResume()]
            case "speaking":
                return []

    def _end(self) -> TurnEnd:
        over = TurnEnd(self._text.text)
        self._state = "idle"
        self._utterances = 0
        self._spoken = self._spoken or bool(over.text)
        self._text = GrowingText(lead=" " if self._spoken else "")
        return over
