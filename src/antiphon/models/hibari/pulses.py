"""The voice's source: a train of pulses that follows F0, carried from call to call."""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 24000
FRAME = 300
"""Samples a frame."""

Float32 = NDArray[np.float32]

_MIN_F0, _MAX_HARMONIC_HZ = np.float32(40.0), np.float32(11000.0)
_AT_ONCE = 48
"""Frames rendered in one go after the first, so that not every chunk pays for the calls."""
_AHEAD = ((np.arange(FRAME) + 0.5) / FRAME - 0.5) % 1.0
_WEIGHT_LATER = _AHEAD.astype(np.float32)
_WEIGHT_EARLIER = (1.0 - _AHEAD).astype(np.float32)


class Pulses:
    """Every harmonic of F0 below 11 kHz at unit amplitude, summed in closed form.

    The sum of cos(h t) for h up to H is sin((H + 1/2) t) / (2 sin(t / 2)) - 1/2.

    Args:
        total: frames of the utterance.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._first: int = 0
        self._buffer = np.zeros(0, np.float32)
        self._cycles = np.float64(0.0)

    def blocks(self, f0: Float32, start: int, stop: int) -> Float32:
        """Samples of the frames from ``start`` (never less than last time) to ``stop``, or further.

        ``f0`` is known for a frame more than ``stop``, or for all of them.
        """
        end = self._first + len(self._buffer) // FRAME
        if start > end:
            self._advance(np.maximum(_per_sample(f0, end, start), _MIN_F0))
            self._buffer, end = self._buffer[:0], start
        else:
            self._buffer = self._buffer[(start - self._first) * FRAME :]
        self._first = start
        if stop > end:
            if end > start:
                known = len(f0) - (len(f0) < self._total)
                stop = max(stop, min(end + _AT_ONCE, known))
            self._buffer = np.concatenate([self._buffer, self._render(_per_sample(f0, end, stop))])
        return self._buffer

    def _advance(self, f: Float32) -> NDArray[np.float64]:
        """Sum of F0 up to each sample, in steps of one sample: sequential, so that cuts don't show."""
        sums = f.astype(np.float64)
        sums[0] += self._cycles
        np.cumsum(sums, out=sums)
        self._cycles = sums[-1]
        return sums

    def _render(self, f: Float32) -> Float32:
        unvoiced = f <= _MIN_F0
        np.maximum(f, _MIN_F0, out=f)
        turns = self._advance(f)
        turns *= 1.0 / SAMPLE_RATE
        turns -= np.floor(turns)
        turns *= np.pi
        half = turns.astype(np.float32)
        harmonics = np.floor(_MAX_HARMONIC_HZ / f)
        harmonics += np.float32(0.5)
        below = np.sin(half)
        below += below
        half += half
        half *= harmonics
        pulses = np.sin(half, out=half)
        at_limit = np.abs(below) <= np.float32(2e-3)
        np.copyto(below, np.float32(1.0), where=at_limit)
        np.copyto(pulses, harmonics, where=at_limit)
        pulses /= below
        pulses -= np.float32(0.5)
        np.copyto(pulses, np.float32(0.0), where=unvoiced)
        return pulses


def _per_sample(f0: Float32, start: int, stop: int) -> Float32:
    """F0 of every sample of frames ``start`` to ``stop``: linear between the middles of frames."""
    around = np.empty((stop - start + 2, 1), np.float32)
    around[1:-1, 0] = f0[start:stop]
    around[0], around[-1] = f0[max(start - 1, 0)], f0[min(stop, len(f0) - 1)]
    half = FRAME // 2
    f = np.empty((stop - start, FRAME), np.float32)
    np.multiply(around[:-2], _WEIGHT_EARLIER[:half], out=f[:, :half])
    f[:, :half] += around[1:-1] * _WEIGHT_LATER[:half]
    np.multiply(around[1:-1], _WEIGHT_EARLIER[half:], out=f[:, half:])
    f[:, half:] += around[2:] * _WEIGHT_LATER[half:]
    return f.reshape(-1)
