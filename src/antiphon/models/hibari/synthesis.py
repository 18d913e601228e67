"""Spectra to samples, frame by frame, with the same samples however the frames are grouped.

Hibari describes each frame of 12.5 ms by five spectra of 601 bins and an F0 (hibari 0.2.1, ``dsp.py``)::

    S = exp(lh) e^(i pi tanh(theta)) STFT(pulses(F0)) + exp(ln) Z + exp(lr) e^(i phi)

and overlaps the inverse transforms (1200 samples, Hann, hop 300). Here the phase of the pulses and the
unfinished sums of the overlap are carried from call to call, and the noise Z is a pure function of
(seed, segment, frame). Products of complex numbers are written out: the compiler may fuse them in one
lane and not in another, which would make a sample depend on its neighbours.
"""

import numpy as np
from numpy.typing import NDArray

from antiphon.models.hibari.graphs import SPECTRUM_BINS as BINS
from antiphon.models.protocols import Samples

SAMPLE_RATE = 24000
FRAME = 300
WINDOW = 4 * FRAME

Float32 = NDArray[np.float32]

_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
_PULSE_WINDOW = (_HANN / (WINDOW / 4)).astype(np.float32)
_MAX_LOG = np.float32(7.0)
_MIN_F0, _MAX_HARMONIC_HZ = np.float32(40.0), np.float32(11000.0)
_AHEAD = ((np.arange(FRAME) + 0.5) / FRAME - 0.5) % 1.0
_WEIGHT_LATER = _AHEAD.astype(np.float32)
_WEIGHT_EARLIER = (1.0 - _AHEAD).astype(np.float32)
_WORDS_PER_FRAME = BINS + -BINS % 4
"""64-bit random words a frame: whole blocks of the generator, so that any frame is found by counting."""


def _gains() -> Float32:
    """Inverse sums of squared windows over a block, [kind, 300]: first, inner, last but one, last."""
    squares = (_HANN * _HANN).reshape(4, FRAME)
    parts = ((0, 1, 2), (0, 1, 2, 3), (1, 2, 3), (2, 3))
    return np.stack([1.0 / sum(squares[k] for k in kind) for kind in parts]).astype(np.float32)


_GAINS = _gains()


class Synthesis:
    """The samples of one utterance.

    Args:
        total: frames of the utterance, at least 6.
        seed, segment: key of the noise.
    """

    def __init__(self, total: int, seed: int, segment: int) -> None:
        self.total = total
        self.done = 0
        self._decoded: int = 0
        self._pulses = _Pulses()
        self._noise = _Noise(seed, segment)
        self._tail = np.zeros((0, FRAME), np.float32)
        """Unfinished sums of the blocks from ``done`` on, [n, 300]."""

    def skip_to(self, frame: int) -> None:
        """Leave out the frames before ``frame``: the samples after it stay the same."""
        frame = min(max(frame, self.done), self.total)
        self._tail = self._tail[frame - self.done :]
        self.done = frame
        # Frame j - 1 is the first to sound in block j. Pulses overlap too: near skips are decoded through.
        if frame - 1 >= self._decoded + 3:
            self._decoded = frame - 1

    def wanted(self, count: int) -> tuple[int, int]:
        """First and last (exclusive) frame whose spectra the next ``count`` frames of samples still need."""
        if self.done == self.total:
            return self._decoded, self._decoded
        return self._decoded, max(min(self.done + count + 2, self.total), self._decoded)

    def advance(self, count: int, spectra: Float32, f0: Float32) -> Samples:
        """Samples of the next ``count`` frames (fewer at the end).

        Args:
            count: frames; none is fine.
            spectra: [n, 5, 601] (lh, ln, lr, theta, phi), exactly the frames that `wanted` names.
            f0: in Hz by frame [total], right up to two frames after the last of ``spectra``.
        """
        first, last = self._decoded, self._decoded + len(spectra)
        end = min(self.done + count, self.total)
        sums = np.zeros((max(last + 1, end) - self.done, FRAME), np.float32)
        sums[: len(self._tail)] = self._tail
        if len(spectra):
            blocks = self._frames(spectra, f0, first, last)
            # Frame f sounds in blocks f - 2 .. f + 1; older frames are added first, whatever the grouping.
            for part in (3, 2, 1, 0):
                offset = first - 2 + part - self.done
                late = blocks[max(-offset, 0) :, part]
                start = max(offset, 0)
                sums[start : start + len(late)] += late
        out = sums[: end - self.done] * _GAINS[self._kinds(self.done, end)]
        self._tail = sums[end - self.done :].copy()
        self.done, self._decoded = end, last
        return out.reshape(-1)

    def _kinds(self, start: int, end: int) -> NDArray[np.intp]:
        index = np.arange(start, end)
        return np.select([index == 0, index == self.total - 2, index == self.total - 1], [0, 2, 3], 1)

    def _frames(self, spectra: Float32, f0: Float32, first: int, last: int) -> Float32:
        """The windowed wave of each frame, [n, 4, 300]."""
        pulses = np.fft.rfft(self._pulse_windows(f0, first, last))
        noise_radius, noise_angle = self._noise(first, last)
        radius = np.exp(np.minimum(spectra[:, :3], _MAX_LOG))
        radius[:, 1] *= noise_radius
        angle = np.empty_like(radius)
        np.multiply(np.tanh(spectra[:, 3]), np.float32(np.pi), out=angle[:, 0])
        angle[:, 1], angle[:, 2] = noise_angle, spectra[:, 4]
        x, y = np.cos(angle), np.sin(angle)
        x *= radius
        y *= radius
        a, b = pulses.real.copy(), pulses.imag.copy()
        pulses.real = (a * x[:, 0] - b * y[:, 0]) + x[:, 1] + x[:, 2]
        pulses.imag = (a * y[:, 0] + b * x[:, 0]) + y[:, 1] + y[:, 2]
        waves = np.fft.irfft(pulses, WINDOW).astype(np.float32, copy=False)
        waves *= _HANN
        return waves.reshape(-1, 4, FRAME)

    def _pulse_windows(self, f0: Float32, first: int, last: int) -> Float32:
        """Windows of the pulse train around frames, [n, 1200]; reflected at the ends of the utterance."""
        x = self._pulses.blocks(f0, max(first - 2, 0), min(last + 1, self.total))
        if first < 2:
            x = np.concatenate([x[FRAME * (2 - first) : 0 : -1], x])
        if last == self.total:
            x = np.concatenate([x, x[-2 : -2 - FRAME : -1]])
        return np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::FRAME][: last - first] * _PULSE_WINDOW


class _Pulses:
    """Every harmonic of F0 below 11 kHz at unit amplitude, summed in closed form.

    The sum of cos(h t) for h up to H is sin((H + 1/2) t) / (2 sin(t / 2)) - 1/2.
    """

    def __init__(self) -> None:
        self._first: int = 0
        self._buffer = np.zeros(0, np.float32)
        self._cycles = np.float64(0.0)

    def blocks(self, f0: Float32, start: int, stop: int) -> Float32:
        """Samples of the frames from ``start`` (never less than last time) to ``stop``."""
        end = self._first + len(self._buffer) // FRAME
        if start > end:
            self._advance(_per_sample(f0, end, start))
            self._buffer, end = self._buffer[:0], start
        else:
            self._buffer = self._buffer[(start - self._first) * FRAME :]
        self._first = start
        if stop > end:
            self._buffer = np.concatenate([self._buffer, self._render(_per_sample(f0, end, stop))])
        return self._buffer

    def _advance(self, f: Float32) -> NDArray[np.float64]:
        """Sum of F0 up to each sample, in steps of one sample: sequential, so that cuts don't show."""
        sums = f.astype(np.float64)
        np.maximum(sums, _MIN_F0, out=sums)
        sums[0] += self._cycles
        np.cumsum(sums, out=sums)
        self._cycles = sums[-1]
        return sums

    def _render(self, f: Float32) -> Float32:
        voiced = f > _MIN_F0
        turns = self._advance(f)
        turns *= 1.0 / SAMPLE_RATE
        np.modf(turns, turns, np.empty_like(turns))
        turns *= 2 * np.pi
        t = turns.astype(np.float32)
        harmonics = np.floor(_MAX_HARMONIC_HZ / np.maximum(f, _MIN_F0)) + np.float32(0.5)
        below = np.sin(t * np.float32(0.5)) * np.float32(2.0)
        at_limit = np.abs(below) <= np.float32(2e-3)
        below[at_limit] = 1.0
        pulses = np.sin(harmonics * t)
        pulses /= below
        pulses[at_limit] = harmonics[at_limit]
        pulses -= np.float32(0.5)
        pulses[~voiced] = 0.0
        return pulses


def _per_sample(f0: Float32, start: int, stop: int) -> Float32:
    """F0 of every sample of frames ``start`` to ``stop``: linear between the middles of frames."""
    around = f0[np.clip(np.arange(start - 1, stop + 1), 0, len(f0) - 1)][:, None]
    half = FRAME // 2
    f = np.empty((stop - start, FRAME), np.float32)
    f[:, :half] = around[:-2] * _WEIGHT_EARLIER[:half] + around[1:-1] * _WEIGHT_LATER[:half]
    f[:, half:] = around[1:-1] * _WEIGHT_EARLIER[half:] + around[2:] * _WEIGHT_LATER[half:]
    return f.reshape(-1)


class _Noise:
    """Complex normal noise (unit variance each way) as radius and angle, by Box and Muller.

    Bin ``i`` of frame ``f`` is word ``604 f + i`` of the Philox stream of (seed, segment): frames can be
    left out by counting, and no frame depends on another.
    """

    def __init__(self, seed: int, segment: int) -> None:
        self._words = np.random.Philox(key=np.array([seed % 2**64, segment % 2**64], np.uint64))
        self._frame = 0

    def __call__(self, first: int, last: int) -> tuple[Float32, Float32]:
        """Radius and angle of every bin of the frames, [n, 601] each; ``first`` never goes back."""
        self._words.advance((first - self._frame) * (_WORDS_PER_FRAME // 4))
        self._frame = last
        words = self._words.random_raw((last - first) * _WORDS_PER_FRAME).astype("<u8", copy=False)
        halves = words.view("<u4").reshape(last - first, _WORDS_PER_FRAME, 2)[:, :BINS].astype(np.float32)
        uniform = halves[:, :, 0] * np.float32(2.0**-32) + np.float32(2.0**-33)
        radius = np.sqrt(np.log(np.minimum(uniform, np.float32(1.0))) * np.float32(-2.0))
        return radius, halves[:, :, 1] * np.float32(2 * np.pi / 2.0**32)
