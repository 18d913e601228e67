"""Spectra to samples, frame by frame, with the same samples however the frames are grouped.

Hibari describes each frame of 12.5 ms by five spectra of 601 bins and an F0 (hibari 0.2.1, ``dsp.py``)::

    S = exp(lh) e^(i pi tanh(theta)) STFT(pulses(F0)) + exp(lr) e^(i phi) + exp(ln) Z

and overlaps the inverse transforms (1200 samples, Hann, hop 300). Here the phase of the pulses and the
unfinished sums of the overlap are carried from call to call, and the noise Z is a pure function of
(seed, segment, frame). Products of complex numbers are written out: the compiler may fuse them in one
lane and not in another, which would make a sample depend on its neighbours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.models.hibari.noise import Noise
from antiphon.models.hibari.pulses import FRAME, Float32, Pulses
from antiphon.models.protocols import Samples

WINDOW = 4 * FRAME

_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
# numpy's rfft is single precision, and six times faster, when told to scale by 1 / n: undone here.
_PULSE_WINDOW = _HANN * np.float32(WINDOW / (WINDOW / 4))
_AT_ONCE = 24
"""Frames whose arrays the caches of a core hold."""


def _gains() -> Float32:
    """Inverse sums of squared windows over a block, [kind, 300]: first, inner, last but one, last."""
    squares = (_HANN * _HANN).reshape(4, FRAME)
    parts = ((0, 1, 2), (0, 1, 2, 3), (1, 2, 3), (2, 3))
    return np.stack([1.0 / sum(squares[k] for k in kind) for kind in parts]).astype(np.float32)


_FIRST, _INNER, _LAST_BUT_ONE, _LAST = _gains()


@dataclass(frozen=True, slots=True)
class Spectra:
    """What hibari says of n frames, as the decoder of `graphs` gives it.

    Attributes:
        radius: [n, 3, 601] magnitudes exp(lh), exp(lr), exp(ln).
        angle: [n, 2, 601] angles pi tanh(theta) and phi.
    """

    radius: Float32
    angle: Float32

    def __len__(self) -> int:
        return len(self.radius)


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
        self._noise = Noise(seed, segment, total)
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

    def advance(self, count: int, spectra: Spectra, f0: Float32) -> Samples:
        """Samples of the next ``count`` frames (fewer at the end).

        Args:
            count: frames; none is fine.
            spectra: the frames from `decoded` to at least `wanted`.
            f0: in Hz by frame, up to two frames after the last of ``spectra`` at least, or all.
        """
        first, last = self.decoded, self.decoded + len(spectra)
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
        out = sums[: end - self.done] * _INNER
        for block, gain in ((0, _FIRST), (self.total - 2, _LAST_BUT_ONE), (self.total - 1, _LAST)):
            if self.done <= block < end:
                out[block - self.done] = sums[block - self.done] * gain
        self._tail = sums[end - self.done :].copy()
        self.done, self.decoded = end, last
        return out.reshape(-1)

    def _frames(self, spectra: Spectra, f0: Float32, first: int, last: int) -> Float32:
        """The windowed wave of each frame, [n, 4, 300]."""
        windows = self._pulse_windows(f0, first, last)
        waves = np.empty((last - first, WINDOW), np.float32)
        for start in range(0, len(waves), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            noise = self._noise(first + start, min(first + some.stop, last))
            pulses = np.fft.rfft(windows[some] * _PULSE_WINDOW, norm="forward")
            spectrum = pulses.astype(np.complex64, copy=False)
            _shape(spectrum, noise, spectra.radius[some], spectra.angle[some])
            np.multiply(np.fft.irfft(spectrum, WINDOW), _HANN, out=waves[some])
        return waves.reshape(-1, 4, FRAME)

    def _pulse_windows(self, f0: Float32, first: int, last: int) -> Float32:
        """Windows of the pulse train around frames, [n, 1200]; reflected at the ends of the utterance."""
        x = self._pulses.blocks(f0, max(first - 2, 0), min(last + 1, self.total))
        if first < 2:
            x = np.concatenate([x[FRAME * (2 - first) : 0 : -1], x])
        if last == self.total:
            x = np.concatenate([x, x[-2 : -2 - FRAME : -1]])
        return np.ndarray((last - first, WINDOW), np.float32, x, strides=(x.itemsize * FRAME, x.itemsize))


def _shape(spectrum: NDArray[np.complex64], noise: Float32, radius: Float32, angle: Float32) -> None:
    """Make S, in place, of the pulses' ``spectrum`` [n, 601]; ``noise`` [n, 2, 601] is used up."""
    turned = np.empty((len(spectrum), 2, 2, spectrum.shape[1]), np.float32)
    np.cos(angle, out=turned[:, 0])
    np.sin(angle, out=turned[:, 1])
    turned *= radius[:, None, :2]
    voice, rest = turned[:, :, 0], turned[:, :, 1]
    noise *= radius[:, 2:]
    noise += rest
    noise += voice * spectrum.real[:, None]
    voice *= spectrum.imag[:, None]
    noise[:, 0] -= voice[:, 1]
    noise[:, 1] += voice[:, 0]
    spectrum.real, spectrum.imag = noise[:, 0], noise[:, 1]
