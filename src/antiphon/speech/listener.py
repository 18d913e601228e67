"""One stream of speech recognition, as a state machine without I/O."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.contract.events import Word
from antiphon.errors import InternalError
from antiphon.speech.certainty import Certainty
from antiphon.speech.cutting import HeardWord, best_cut, text_before
from antiphon.speech.framing import Frame, Framer, Samples
from antiphon.speech.utterances import Judged, Utterance, Utterances
from antiphon.speech.windows import Ended, Finalized, FinalText, Heard, Output, PartialText, Stretch, Window

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 512

_SHORTEST_SILENCE_S = 0.1
"""Pauses inside words are shorter; an utterance never ends at them."""

FIRST_EVERY_S = 0.4
"""However seldom partials come, an utterance of which nothing was said yet is heard so often …"""

FRESH_S = 2.0
"""… while it is no longer than this: sound without words is no reason to hurry."""

PARTIAL_GROWTH = 1 / 16
"""Share of an utterance that must be new for another partial: hearing a long one again costs more."""


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """How to listen.

    Attributes:
        max_silence_s: a pause this long ends an utterance.
        min_volume: RMS (0 to 1) of a frame under which it counts as silence.
        partials: whether to ask for recognition of utterances that are still open.
        max_window_s: an utterance this long is cut: in a pause if there is one, else between two words.
        ahead_s: how far the audio may be judged beyond the beginning of an utterance that was not heard.
        start_s: position in the stream of the first sample pushed. Above 0, text came before.
    """

    max_silence_s: float = 0.6
    min_volume: float = 0.0
    partials: bool = True
    max_window_s: float = 20.0
    ahead_s: float = 0.0
    start_s: float = 0.0


class Listener:
    """Turns audio into windows worth recognising, and their texts into finals and partials.

    Drive it so: `push`, `finalize` and `end` as they come from the client; while it is `ready` and
    `next_frame` gives a frame, `judge` it; while it `owes_final` or thinks a `partial_due`, recognise the
    windows that `next_window` cuts and tell `hear`. After each of these, `poll` gives what can be said
    without recognition. How the audio was cut into pushes, and how many windows are heard at once, makes no
    difference to the finals. What is held is bounded by ``max_window_s``, ``ahead_s`` and by what was pushed
    but not judged.
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
        self._asked: deque[Window] = deque()  # what `next_window` gave and `hear` has not answered
        self._judged = 0
        self._partial_end = 0
        self._certainty = Certainty()  # of the open utterance
        self._partial: PartialText | None = None  # said last of it
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
            return self._seconds(self._owed[0].start)
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

    @property
    def ready(self) -> bool:
        """Whether frames may be judged: not too much waits, and nothing that decides what comes next."""
        owed = self._owed
        if not owed:
            return True
        return not owed[-1].torn and self._judged - owed[0].start < self._options.ahead_s * SAMPLE_RATE

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
    def windows_s(self) -> list[float]:
        """Lengths of the windows that `next_window` would cut, called again and again."""
        utterances = self._owed or [*filter(None, [self._partial_utterance])]
        return [(utterance.end - utterance.start) / SAMPLE_RATE for utterance in utterances]

    @property
    def speaking(self) -> bool:
        """Whether partials are wanted of an open utterance that grows with every frame."""
        return bool(self._partial_utterance) and not self._owed and not self._utterances.paused

    @property
    def pausing(self) -> bool:
        """Whether the frame judged last is the last that is heard of a pause: `open_audio` ends with it."""
        return self._utterances.pausing

    def open_audio(self) -> Samples:
        """The open utterance [n] as far as it has come; empty when none is open."""
        return utterance.samples if (utterance := self._utterances.open) else np.zeros(0, np.float32)

    def conclude(self) -> None:
        """End the open utterance here: the speaker has finished."""
        if ended := self._utterances.close():
            self._queue.append(ended)

    @property
    def fresh(self) -> bool:
        """Whether somebody has begun to speak and no text of it was said."""
        utterance = self._partial_utterance
        if not utterance or (self._partial and self._partial.text):
            return False
        return utterance.end - utterance.start < FRESH_S * SAMPLE_RATE

    def partial_due(self, every_s: float) -> bool:
        """Whether so much of the open utterance is new that its text so far is worth having.

        Also when a pause begins, as soon as the window holds all that it would hold if the utterance ended
        there: often it does, and then the final is known already.

        Args:
            every_s: seconds of new audio; for a long utterance it is more, for a fresh one hardly.
        """
        utterance = self._partial_utterance
        if not utterance:
            return False
        new = utterance.end - max(utterance.start, self._partial_end)
        wanted_s = min(every_s, FIRST_EVERY_S) if self.fresh else every_s
        interval = max(wanted_s * SAMPLE_RATE, PARTIAL_GROWTH * (utterance.end - utterance.start))
        return new >= interval or (new > 0 and self._utterances.paused)

    def next_window(self) -> Window | None:
        """What to recognise now: the oldest final window, else the open utterance as far as it has come.

        None when there is neither. Several final windows may be asked for before `hear` answers the first;
        a partial one is alone.
        """
        owed = self._owed[len(self._asked) :]
        if owed:
            window = self._cut_window(owed[0], final=True)
        elif not self._asked and (utterance := self._partial_utterance):
            self._partial_end = utterance.end
            window = self._cut_window(utterance, final=False)
        else:
            return None
        self._asked.append(window)
        return window

    def hear(self, window: Window, heard: Heard) -> list[Output]:
        """Take what the recogniser heard in the oldest unanswered window; returns what can be said now."""
        if not self._asked or window is not self._asked[0]:
            raise InternalError("hear() answers the windows that next_window() gave, in their order.")
        self._asked.popleft()
        if not window.final:
            return self._hear_partial(window, heard)
        outputs = self.poll()
        outputs.append(self._settle(window, heard))
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
    def _owed(self) -> list[Utterance]:
        """The utterances that have ended and were not heard."""
        return [item for item in self._queue if isinstance(item, Utterance)]

    @property
    def _partial_utterance(self) -> Utterance | None:
        return self._utterances.open if self._options.partials else None

    def _cut_window(self, utterance: Utterance, *, final: bool) -> Window:
        return Window(
            samples=utterance.samples,
            start_s=self._seconds(utterance.start),
            end_s=self._seconds(utterance.end),
            final=final,
            torn=utterance.torn,
            speech=tuple(
                Stretch(self._seconds(start), self._seconds(end), probability)
                for start, end, probability in utterance.stretches()
            ),
        )

    def _hear_partial(self, window: Window, heard: Heard) -> list[Output]:
        words = self._certainty.hear(heard.text.split(), heard.probabilities)
        certain = self._joining(" ".join(self._certainty.words))
        partial = PartialText(self._joining(" ".join(words)), window.end_s, len(certain))
        last, self._partial = self._partial, partial
        known = (last.text, last.certain) if last else ("", 0)
        return [] if (partial.text, partial.certain) == known else [partial]

    def _settle(self, window: Window, heard: Heard) -> FinalText:
        """Say the oldest utterance; of a torn one, what comes before the best place to cut it."""
        utterance = self._queue.popleft()
        cut = best_cut(heard.words, len(window.samples)) if window.torn else None
        if cut is None or not isinstance(utterance, Utterance):
            return self._final(heard.text, heard.words, window.start_s, window.end_s, heard.closed)
        before, after = utterance.parted(utterance.start + cut.sample)
        self._utterances.take_back(after)
        if self._queue and (rest := self._utterances.close()):  # a stop came right behind it
            self._queue.appendleft(rest)
        text = text_before(heard.text, heard.words, cut.word)
        end_s = self._seconds(before[-1].frame.end)
        return self._final(text, heard.words[: cut.word], window.start_s, end_s)

    def _final(
        self,
        text: str,
        words: Sequence[HeardWord],
        start_s: float,
        end_s: float,
        closed: float | None = None,
    ) -> FinalText:
        text = self._joining(text)
        self._text_before = self._text_before or bool(text)
        self._certainty, self._partial = Certainty(), None
        times = tuple(
            Word(word.text, start_s + word.start / SAMPLE_RATE, start_s + word.end / SAMPLE_RATE)
            for word in words
        )
        return FinalText(text, start_s, end_s, times, closed)

    def _joining(self, text: str) -> str:
        return f" {text}" if text and self._text_before else text

    def _seconds(self, position: int) -> float:
        return self._options.start_s + position / SAMPLE_RATE
