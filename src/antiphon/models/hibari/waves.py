"""Spectra to windowed waves: all that can be done for frames of many utterances at once.

Hibari describes each frame of 12.5 ms by five spectra of 601 bins and an F0 (hibari 0.2.1, ``dsp.py``)::

    S = exp(lh) e^(i pi tanh(theta)) STFT(pulses(F0)) + exp(lr) e^(i phi) + exp(ln) Z

Products of complex numbers are written out: the compiler may fuse them in one lane and not in another,
which would make a sample depend on its neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from antiphon.models.hibari.noise import Places, noise_at
from antiphon.models.hibari.pulses import FRAME, Float32

WINDOW = 4 * FRAME
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)

# numpy's rfft is single precision, and six times faster, when told to scale by 1 / n: undone here.
_PULSE_WINDOW = HANN * np.float32(WINDOW / (WINDOW / 4))
_AT_ONCE = 24
"""Frames whose arrays the caches of a core hold."""


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

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All frames of the parts, at least one."""
        if len(parts) == 1:
            return parts[0]
        radius = np.concatenate([part.radius for part in parts])
        return cls(radius, np.concatenate([part.angle for part in parts]))


def waves(pulses: Float32, places: Places, spectra: Spectra) -> Float32:
    """The windowed wave of each frame, [n, 4, 300].

    Args:
        pulses: [n, 1200] the pulse train around each frame; used up.
        places: [n, 2] where each frame's noise lies.
        spectra: of the n frames.
    """
    for start in range(0, len(pulses), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        pulses[some] *= _PULSE_WINDOW
        spectrum = np.fft.rfft(pulses[some], norm="forward").astype(np.complex64, copy=False)
        _shape(spectrum, noise_at(places[some]), spectra.radius[some], spectra.angle[some])
        np.multiply(np.fft.irfft(spectrum, WINDOW), HANN, out=pulses[some])
    return pulses.reshape(-1, 4, FRAME)


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
