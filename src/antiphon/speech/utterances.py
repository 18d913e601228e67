"""Where utterances begin and end, by the speech probability of each frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.speech.framing import Frame, Samples

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


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech, with what is heard before and after it.

    Attributes:
        frames: consecutive, at least one.
        torn: whether it ends for its length alone, in the midst of speech: where words end in it, only who
            hears them can tell.
    """

    frames: Sequence[Judged]
    torn: bool = False

    @property
    def start(self) -> int:
        """Position of its first sample."""
        return self.frames[0].frame.start

    @property
    def end(self) -> int:
        """Position after its last sample."""
        return self.frames[-1].frame.end

    @property
    def samples(self) -> Samples:
        """All of them."""
        return np.concatenate([judged.frame.samples for judged in self.frames])

    def stretches(self) -> list[tuple[int, int, float]]:
        """Start, end and mean probability of each stretch of speech."""
        found: list[list[Judged]] = []
        for judged in self.frames:
            if not judged.keeps:
                continue
            if found and found[-1][-1].frame.end == judged.frame.start:
                found[-1].append(judged)
            else:
                found.append([judged])
        return [
            (speech[0].frame.start, speech[-1].frame.end, sum(j.probability for j in speech) / len(speech))
            for speech in found
        ]

    def parted(self, position: int) -> tuple[Sequence[Judged], Sequence[Judged]]:
        """The frames before and after the edge between two that lies nearest to a position of the stream."""
        at = min(range(1, len(self.frames)), key=lambda i: abs(self.frames[i].frame.start - position))
        return self.frames[:at], self.frames[at:]


class Utterances:
    """Takes judged frames and gives utterances.

    Frames go into one utterance or none, never two, but for those that `take_back` gets. Those of none are
    silence.

    Args:
        max_silence: samples of silence that end an utterance.
        max_length: samples of the longest utterance.
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
    def open(self) -> Utterance | None:
        """The open utterance as far as it has come, once it is surely speech."""
        return Utterance(self._heard()) if self._proven else None

    @property
    def paused(self) -> bool:
        """Whether more silence would not make the open utterance longer."""
        return self._proven and len(self._frames) >= self._speech_end + POST_ROLL

    @property
    def pausing(self) -> bool:
        """Whether a pause has just lasted as long as is heard of it."""
        return self._proven and len(self._frames) == self._speech_end + POST_ROLL

    def add(self, judged: Judged) -> Utterance | None:
        """Take the next frame; returns the utterance that it ends, if any.

        After a torn one, `take_back` comes before the next frame, if it comes at all.
        """
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
        if end + len(judged.frame.samples) - self._frames[0].frame.start > self._max_length:
            return self._split()  # there is no room for another frame
        return None

    def close(self) -> Utterance | None:
        """End the open utterance here, however short; None when none is open."""
        return self._close(self._heard()) if self._voiced else None

    def take_back(self, frames: Sequence[Judged]) -> None:
        """Put back the last frames of a torn utterance, to begin the next one."""
        self._open([*frames, *self._frames])

    @property
    def _proven(self) -> bool:
        return self._voiced >= (1 if self._goes_on else SHORTEST)

    def _heard(self) -> list[Judged]:
        return self._frames[: self._speech_end + POST_ROLL]

    def _close(self, heard: list[Judged]) -> Utterance | None:
        self._goes_on = bool(heard) and heard[-1] is self._frames[self._speech_end - 1]
        self._frames = self._frames[len(heard) :][-PRE_ROLL:]
        self._voiced = self._speech_end = 0
        return Utterance(heard) if heard else None

    def _split(self) -> Utterance:
        frames = self._frames
        pause = _longest_pause(frames, *(int(len(frames) * share) for share in CUT_RANGE))
        if len(pause) < CUT_PAUSE:
            self._open([])
            return Utterance(frames, torn=True)
        cut = pause[len(pause) // 2]
        self._open(frames[cut:])
        return Utterance(frames[:cut])

    def _open(self, frames: list[Judged]) -> None:
        """Go on with what comes after a cut."""
        speech = [i for i, judged in enumerate(frames) if judged.keeps]
        dropped = max((speech[0] if speech else len(frames)) - PRE_ROLL, 0)
        self._frames = frames[dropped:]
        self._goes_on = bool(speech) or not frames
        self._voiced = len(speech)
        self._speech_end = speech[-1] + 1 - dropped if speech else 0


def _longest_pause(frames: Sequence[Judged], first: int, last: int) -> range:
    """The indices of its frames."""
    pauses: list[range] = []
    begin = first
    for i in range(first, last + 1):
        if i == last or frames[i].keeps:
            pauses.append(range(begin, i))
            begin = i + 1
    return max(pauses, key=len)
