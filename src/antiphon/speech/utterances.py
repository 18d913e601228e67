"""Where utterances begin and end, by the speech probability of each frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.speech.framing import Frame

START = 0.5
"""Probability at which speech begins …"""

KEEP = 0.35
"""… and which keeps it going."""

PRE_ROLL = 8
"""Frames (256 ms) heard before speech begins: soft onsets are judged late."""

POST_ROLL = 6
"""Frames (192 ms) heard after speech ends."""

SHORTEST = 3
"""Voiced frames (96 ms) of the shortest utterance; less is a click."""

CUT_PAUSE = 3
"""Frames (96 ms) of the shortest pause at which an utterance that is too long is cut by choice."""

CUT_RANGE = (0.67, 0.98)
"""Where such a cut may lie, as shares of the utterance: late, but with something after it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame and its probability of speech."""

    frame: Frame
    probability: float

    @property
    def keeps(self) -> bool:
        """Whether it keeps speech going."""
        return self.probability >= KEEP


Utterance = Sequence[Judged]
"""Consecutive frames: speech, with what is heard before and after it."""


class Utterances:
    """Takes judged frames and gives utterances.

    Frames go into one utterance or none, never two. Those of none are silence.

    Args:
        max_silence: samples of silence that end an utterance.
        max_length: samples after which an utterance is cut.
    """

    def __init__(self, max_silence: int, max_length: int) -> None:
        self._max_silence = max_silence
        self._max_length = max_length
        self._frames: list[Judged] = []  # of the open utterance, or the pre-roll of the next
        self._voiced = 0  # frames of speech in it; 0 while none is open
        self._speech_end = 0  # index after the last of them
        # After a cut through speech, what follows needs no proof: it may be the end of a word.
        self._goes_on = False

    @property
    def kept(self) -> int | None:
        """Position of the earliest sample still held; None when none is."""
        return self._frames[0].frame.start if self._frames else None

    @property
    def open(self) -> Utterance:
        """The open utterance as far as it has come, once it is surely speech; else empty."""
        return self._heard() if self._proven else ()

    @property
    def paused(self) -> bool:
        """Whether more silence would not make the open utterance longer."""
        return self._proven and len(self._frames) >= self._speech_end + POST_ROLL

    def add(self, judged: Judged) -> Utterance | None:
        """Take the next frame; returns the utterance that it ends, if any."""
        self._frames.append(judged)
        if judged.probability >= (KEEP if self._voiced or self._goes_on else START):
            self._voiced += 1
            self._speech_end = len(self._frames)
        if not self._voiced:
            self._goes_on = False
            del self._frames[:-PRE_ROLL]
            return None
        end = judged.frame.end
        if end - self._frames[self._speech_end - 1].frame.end >= self._max_silence:
            return self._close(self._heard() if self._proven else [])
        if end - self._frames[0].frame.start >= self._max_length:
            return self._split()
        return None

    def close(self) -> Utterance | None:
        """End the open utterance here, however short; None when none is open."""
        return self._close(self._heard() if self._voiced else [])

    @property
    def _proven(self) -> bool:
        return self._voiced >= (1 if self._goes_on else SHORTEST)

    def _heard(self) -> list[Judged]:
        return self._frames[: self._speech_end + POST_ROLL]

    def _close(self, heard: list[Judged]) -> Utterance | None:
        self._goes_on = bool(heard) and heard[-1] is self._frames[self._speech_end - 1]
        self._frames = self._frames[len(heard) :][-PRE_ROLL:]
        self._voiced = self._speech_end = 0
        return heard or None

    def _split(self) -> Utterance:
        cut = _best_cut(self._frames)
        before, after = self._frames[:cut], self._frames[cut:]
        speech = [i for i, judged in enumerate(after) if judged.keeps]
        dropped = max((speech[0] if speech else len(after)) - PRE_ROLL, 0)
        self._frames = after[dropped:]
        self._goes_on = bool(speech)
        self._voiced = len(speech)
        self._speech_end = speech[-1] + 1 - dropped if speech else 0
        return before


def _best_cut(frames: Utterance) -> int:
    """The index to cut before: the middle of the longest pause in range, else the quietest place."""
    first, last = (int(len(frames) * share) for share in CUT_RANGE)
    first = max(first, 1)
    last = max(last, first + 1)
    pauses = _pauses(frames, first, last)
    longest = max(pauses, key=len, default=range(0))
    if len(longest) >= CUT_PAUSE:
        return longest[len(longest) // 2]
    energy = [float(np.sum(np.square(judged.frame.samples))) for judged in frames]
    return min(range(first, last), key=lambda i: energy[i - 1] + energy[min(i, len(frames) - 1)])


def _pauses(frames: Utterance, first: int, last: int) -> list[range]:
    pauses: list[range] = []
    begin = first
    for i in range(first, last + 1):
        if i == last or frames[i].keeps:
            pauses.append(range(begin, i))
            begin = i + 1
    return pauses
