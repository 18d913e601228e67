"""Samples of utterances, with the same samples however their frames are grouped.

The waves of the frames (1200 samples, Hann) overlap by three quarters. The phase of the pulses and the
unfinished sums of the overlap are carried from call to call, and the noise is a pure function of
(seed, segment, frame).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from antiphon.models.hibari.noise import noise_places
from antiphon.models.hibari.pulses import FRAME, Float32, Pulses
from antiphon.models.hibari.waves import HANN, WINDOW, Spectra, waves
from antiphon.models.protocols import Samples


def _gains() -> Float32:
    """Inverse sums of squared windows over a block, [kind, 300]: first, inner, last but one, last."""
    squares = (HANN * HANN).reshape(4, FRAME)
    parts = ((0, 1, 2), (0, 1, 2, 3), (1, 2, 3), (2, 3))
    return np.stack([1.0 / sum(squares[k] for k in kind) for kind in parts]).astype(np.float32)


_FIRST, _INNER, _LAST_BUT_ONE, _LAST = _gains()


class Synthesis:
    """The samples of one utterance.

    Args:
        total: frames of the utterance, at least 6.
        seed, segment: key of the noise.
    """

    def __init__(self, total: int, seed: int, segment: int) -> None:
        self.total = total
        self.done = 0
        self.decoded: int = 0
        """Frames whose spectra have been taken, or never will be."""
        self._pulses = Pulses(total)
        self.noise_places = noise_places(seed, segment, total)
        self._tail = np.zeros((0, FRAME), np.float32)
        """Unfinished sums of the blocks from ``done`` on, [n, 300]."""

    def skip_to(self, frame: int) -> None:
        """Leave out the frames before ``frame``: the samples after it stay the same."""
        frame = min(max(frame, self.done), self.total)
        self._tail = self._tail[frame - self.done :]
        self.done = frame
        # Frame j - 1 is the first to sound in block j. Pulses overlap too: near skips are decoded through.
        if frame - 1 >= self.decoded + 3:
            self.decoded = frame - 1

    def wanted(self, count: int) -> int:
        """End of the frames whose spectra the next ``count`` frames of samples need, from `decoded` on."""
        if self.done == self.total:
            return self.decoded
        return max(min(self.done + count + 2, self.total), self.decoded)

    def pulses(self, f0: Float32, out: Float32) -> None:
        """Fill ``out`` [n, 1200] with the pulse train around the next n frames.

        It is reflected at the ends of the utterance. ``f0``, in Hz by frame, is known for two frames more, or
        for all.
        """
        first, last = self.decoded, self.decoded + len(out)
        x = self._pulses.blocks(f0, max(first - 2, 0), min(last + 1, self.total))
        if first < 2:
            x = np.concatenate([x[FRAME * (2 - first) : 0 : -1], x])
        if last == self.total:
            x = np.concatenate([x, x[-2 : -2 - FRAME : -1]])
        out[:] = np.ndarray(out.shape, np.float32, x, strides=(x.itemsize * FRAME, x.itemsize))

    def overlap(self, count: int, blocks: Float32) -> Samples:
        """Add the next frames' waves, [n, 4, 300]; take the samples of ``count`` frames, fewer at the end."""
        first, last = self.decoded, self.decoded + len(blocks)
        end = min(self.done + count, self.total)
        sums = np.zeros((max(last + 1, end) - self.done, FRAME), np.float32)
        sums[: len(self._tail)] = self._tail
        # Frame f sounds in blocks f - 2 .. f + 1; older frames are added first, whatever the grouping.
        for part in (3, 2, 1, 0):
            offset = first - 2 + part - self.done
            late = blocks[max(-offset, 0) :, part]
            start = max(offset, 0)
            sums[start : start + len(late)] += late
        out = sums[: end - self.done] * _INNER
        for block, gain in ((0, _FIRST), (self.total - 2, _LAST_BUT_ONE), (self.total - 1, _LAST)):
            if self.done <= block < end:
                out[block - self.done] = sums[block - self.done] * gain
        self._tail = sums[end - self.done :].copy()
        self.done, self.decoded = end, last
        return out.reshape(-1)


@dataclass(frozen=True, slots=True)
class Turn:
    """What an utterance is to be advanced by.

    Attributes:
        synthesis: the utterance.
        count: frames of samples; none is fine, and at the end there are fewer.
        spectra: the frames from `Synthesis.decoded` to at least `Synthesis.wanted`.
        f0: see `Synthesis.pulses`.
    """

    synthesis: Synthesis
    count: int
    spectra: Spectra
    f0: Float32


def advance(turns: Sequence[Turn]) -> list[Samples]:
    """The next samples of each utterance: frames of all are made together, since each call costs."""
    if not turns:
        return []
    ends = [0, *accumulate(len(turn.spectra) for turn in turns)]
    pulses = np.empty((ends[-1], WINDOW), np.float32)
    places = np.empty((ends[-1], 2), np.uint32)
    for turn, (start, end) in zip(turns, pairwise(ends), strict=True):
        if end > start:
            first = turn.synthesis.decoded
            turn.synthesis.pulses(turn.f0, pulses[start:end])
            places[start:end] = turn.synthesis.noise_places[first : first + end - start]
    blocks = waves(pulses, places, Spectra.joined([turn.spectra for turn in turns]))
    return [
        turn.synthesis.overlap(turn.count, blocks[start:end])
        for turn, (start, end) in zip(turns, pairwise(ends), strict=True)
    ]
