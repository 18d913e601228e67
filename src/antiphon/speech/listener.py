"""One stream of speech recognition, as a state machine without I/O."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from antiphon.contract.events import Word
from antiphon.errors import InternalError
from antiphon.speech.framing import Frame, Framer, Samples
from antiphon.speech.utterances import Judged, Utterance, Utterances

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 512

_SHORTEST_SILENCE_S = 0.1
"""Pauses inside words are shorter; an utterance never ends at them."""

PARTIAL_GROWTH = 1 / 16
"""Share of an utterance that must be new for another partial: hearing a long one again costs more."""


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """How to listen.

    Attributes:
        max_silence_s: a pause this long ends an utterance.
        min_volume: RMS (0 to 1) of a frame under which it counts as silence.
        partials: whether to ask for recognition of utterances that are still open.
        max_window_s: an utterance this long is cut, in a pause if there is one.
        start_s: position in the stream of the first sample pushed. Above 0, text came before.
    """

    max_silence_s: float = 0.6
    min_volume: float = 0.0
    partials: bool = True
    max_window_s: float = 20.0
    start_s: float = 0.0


class Stretch(NamedTuple):
    """Speech without a pause.

    Attributes:
        start_s, end_s: where it lies in the stream.
        probability: of speech, mean of its frames.
    """

    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Audio to recognise now.

    Attributes:
        samples: [n] at 16 kHz.
        start_s, end_s: where it lies in the stream.
        final: whether its text is to be final.
        speech: each stretch of speech in it.
    """

    samples: Samples
    start_s: float
    end_s: float
    final: bool
    speech: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class PartialText:
    """What the open utterance sounds like so far; replaces the last one, and joins the finals verbatim.

    Attributes:
        text: begins with a blank unless it is the first of the stream.
        audio_s: position in the stream up to which it was heard.
    """

    text: str
    audio_s: float


@dataclass(frozen=True, slots=True)
class FinalText:
    """Text that never changes, one for each final window.

    Attributes:
        text: joins the earlier finals verbatim; empty when the recogniser heard nothing in the window.
        start_s, end_s: the window.
        words: times in seconds of the stream; empty unless the recogniser gave them.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Finalized:
    """Answer to `Listener.finalize`: all text of the audio before it is out."""

    mark: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Answer to `Listener.end`: nothing follows."""


Output = PartialText | FinalText | Finalized | Ended


class HeardWord(Protocol):
    """A word as a recogniser gives it."""

    @property
    def text(self) -> str:
        """As written."""
        ...

    @property
    def start(self) -> int:
        """Its first sample in the window."""
        ...

    @property
    def end(self) -> int:
        """The sample after its last."""
        ...


class Heard(Protocol):
    """What a recogniser made of a window."""

    @property
    def text(self) -> str:
        """Without blanks at the ends; empty when nothing was said."""
        ...

    @property
    def words(self) -> Sequence[HeardWord]:
        """Empty unless asked for."""
        ...


class Listener:
    """Turns audio into windows worth recognising, and their texts into finals and partials.

    Drive it so: `push`, `finalize` and `end` as they come from the client; while `next_frame` gives a frame,
    `judge` it; while it `owes_final` or thinks a `partial_due`, recognise the window that `next_window` cuts
    and tell `hear`. After each of these, `poll` gives what can be said without recognition. How the audio
    was cut into pushes makes no difference to the finals. What is held is bounded by ``max_window_s`` and by
    what was pushed but not judged or heard.
    """

    def __init__(self, options: ListenerOptions) -> None:
        self._options = options
        self._framer = Framer(FRAME_SAMPLES)
        self._utterances = Utterances(
            round(max(options.max_silence_s, _SHORTEST_SILENCE_S) * SAMPLE_RATE),
            round(options.max_window_s * SAMPLE_RATE),
        )
        self._stops: deque[tuple[int, Finalized | Ended]] = deque()  # asked for, at a position not judged yet
        self._queue: deque[Utterance | Finalized | Ended] = deque()  # to be said, in this order
        self._frame: Frame | None = None
        self._window: Window | None = None
        self._judged = 0
        self._partial_end = 0
        self._partial_text = ""
        self._text_before = options.start_s > 0
        self._ending = False

    @property
    def judged_s(self) -> float:
        """How far into the stream the audio has been judged."""
        return self._seconds(self._judged)

    @property
    def settled_s(self) -> float:
        """Position before which all is silence or said in finals: a replay may start here."""
        if self._owed:
            return self._seconds(self._owed[0].frame.start)
        kept = self._utterances.kept
        return self._seconds(self._judged if kept is None else kept)

    def push(self, samples: Samples) -> None:
        """Append audio, any number of samples."""
        self._require_open()
        self._framer.push(samples)

    def finalize(self, mark: int) -> None:
        """Ask for all text of the audio so far; `Finalized` with this mark follows it."""
        self._require_open()
        self._stop(Finalized(mark))

    def end(self) -> None:
        """Say that no audio follows; `Ended` comes after the last text."""
        self._require_open()
        self._ending = True
        self._stop(Ended())

    def next_frame(self) -> Samples | None:
        """The oldest frame [512] not yet judged, zero-padded before a stop; None when there is none."""
        if self._frame is None:
            self._frame = self._framer.take()
        if self._frame is None:
            return None
        samples = self._frame.samples
        return np.pad(samples, (0, FRAME_SAMPLES - len(samples)))

    def judge(self, probability: float) -> None:
        """Take the probability of speech in the frame that `next_frame` gave."""
        if self._frame is None:
            raise InternalError("judge() answers a frame, and next_frame() gave none.")
        frame, self._frame = self._frame, None
        loud = float(np.sqrt(np.mean(np.square(frame.samples)))) >= self._options.min_volume
        ended = self._utterances.add(Judged(frame, probability if loud else 0.0))
        if ended:
            self._queue.append(ended)
        self._judged = frame.end
        self._reach_stops()

    @property
    def owes_final(self) -> bool:
        """Whether text that will never change waits to be recognised."""
        return bool(self._owed)

    @property
    def window_s(self) -> float:
        """Length of the window that `next_window` would cut; 0 when it would cut none."""
        utterance = self._owed or self._partial_utterance
        return (utterance[-1].frame.end - utterance[0].frame.start) / SAMPLE_RATE if utterance else 0.0

    @property
    def speaking(self) -> bool:
        """Whether partials are wanted of an open utterance that grows with every frame."""
        return bool(self._partial_utterance) and not self._owed and not self._utterances.paused

    def partial_due(self, every_s: float) -> bool:
        """Whether so much of the open utterance is new that its text so far is worth having.

        Also when a pause begins, as soon as the window holds all that it would hold if the utterance ended
        there: often it does, and then the final is known already.

        Args:
            every_s: seconds of new audio; for a long utterance it is more.
        """
        utterance = self._partial_utterance
        if not utterance:
            return False
        start, end = utterance[0].frame.start, utterance[-1].frame.end
        new = end - max(start, self._partial_end)
        interval = max(every_s * SAMPLE_RATE, PARTIAL_GROWTH * (end - start))
        return new >= interval or (new > 0 and self._utterances.paused)

    def next_window(self) -> Window | None:
        """What to recognise now: the oldest final window, else the open utterance as far as it has come.

        None when there is neither, and while `hear` owes the answer to the one before.
        """
        if self._window is None:
            if self._owed:
                self._window = self._cut_window(self._owed, final=True)
            elif utterance := self._partial_utterance:
                self._partial_end = utterance[-1].frame.end
                self._window = self._cut_window(utterance, final=False)
            return self._window
        return None

    def hear(self, window: Window, heard: Heard) -> list[Output]:
        """Take what the recogniser heard in ``window``; returns all that can be said now, in order."""
        if window is not self._window:
            raise InternalError("hear() answers the window that next_window() gave last.")
        self._window = None
        if not window.final:
            return self._partial(window, heard.text)
        outputs = self.poll()
        self._queue.popleft()
        outputs.append(self._final(window, heard))
        return outputs + self.poll()

    def poll(self) -> list[Output]:
        """What can be said without recognition."""
        outputs: list[Output] = []
        while self._queue and isinstance(self._queue[0], Finalized | Ended):
            outputs.append(self._queue[0])
            self._queue.popleft()
        return outputs

    def _require_open(self) -> None:
        if self._ending:
            raise InternalError("Nothing may follow end() on a listener.")

    def _stop(self, answer: Finalized | Ended) -> None:
        self._stops.append((self._framer.mark(), answer))
        self._reach_stops()

    def _reach_stops(self) -> None:
        while self._stops and self._stops[0][0] == self._judged:
            ended = self._utterances.close()
            if ended:
                self._queue.append(ended)
            self._queue.append(self._stops.popleft()[1])

    @property
    def _owed(self) -> Utterance:
        """The oldest utterance that has ended and was not heard."""
        return next((item for item in self._queue if not isinstance(item, Finalized | Ended)), ())

    @property
    def _partial_utterance(self) -> Utterance:
        return self._utterances.open if self._options.partials else ()

    def _cut_window(self, utterance: Utterance, *, final: bool) -> Window:
        return Window(
            samples=np.concatenate([judged.frame.samples for judged in utterance]),
            start_s=self._seconds(utterance[0].frame.start),
            end_s=self._seconds(utterance[-1].frame.end),
            final=final,
            speech=self._speech(utterance),
        )

    def _speech(self, utterance: Utterance) -> tuple[Stretch, ...]:
        stretches: list[list[Judged]] = []
        for judged in utterance:
            if not judged.keeps:
                continue
            if stretches and stretches[-1][-1].frame.end == judged.frame.start:
                stretches[-1].append(judged)
            else:
                stretches.append([judged])
        return tuple(
            Stretch(
                self._seconds(stretch[0].frame.start),
                self._seconds(stretch[-1].frame.end),
                sum(judged.probability for judged in stretch) / len(stretch),
            )
            for stretch in stretches
        )

    def _partial(self, window: Window, text: str) -> list[Output]:
        text = self._joining(text)
        if not text or text == self._partial_text:
            return []
        self._partial_text = text
        return [PartialText(text, window.end_s)]

    def _final(self, window: Window, heard: Heard) -> FinalText:
        text = self._joining(heard.text)
        self._text_before = self._text_before or bool(text)
        self._partial_text = ""
        words = tuple(
            Word(
                word.text,
                window.start_s + word.start / SAMPLE_RATE,
                window.start_s + word.end / SAMPLE_RATE,
            )
            for word in heard.words
        )
        return FinalText(text, window.start_s, window.end_s, words)

    def _joining(self, text: str) -> str:
        return f" {text}" if text and self._text_before else text

    def _seconds(self, position: int) -> float:
        return self._options.start_s + position / SAMPLE_RATE
