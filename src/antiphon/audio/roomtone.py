"""The noise of a room, learnt from the pauses of a recording and made anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.levels import levels
from antiphon.audio.samples import SILENCE, Samples

_WINDOW_S = 0.02
_LEAST_BELOW_LOUD_DB = 20.0
"""What is not so far below the loud frames may be speech: then there was no pause to learn from."""

_ROUND_S = 5.0
"""Noise this long may come again: nobody hears that it does."""

_NEAR_FLOOR_DB = 4.0
_LOWEST_DB = -100.0
_FEWEST_WINDOWS = 4


@dataclass(frozen=True, slots=True)
class RoomTone:
    """Stationary noise.

    Attributes:
        power: of each bin of a window's spectrum, in squared amplitude a sample, [window / 2 + 1].
    """

    power: NDArray[np.float64]

    @property
    def window(self) -> int:
        """Samples of a window."""
        return 2 * (len(self.power) - 1)


def learn_room_tone(samples: Samples, sample_rate: int) -> RoomTone | None:
    """The noise in the quiet frames; None when these are digital silence, or there is no pause."""
    measured = levels(samples, sample_rate)
    if not _LOWEST_DB < measured.floor_db < measured.loud_db - _LEAST_BELOW_LOUD_DB:
        return None
    window = 2 * round(_WINDOW_S * sample_rate / 2)
    quiet = measured.frames < measured.floor_db + _NEAR_FLOOR_DB
    per_window = window // measured.frame
    # A window is quiet when all of its frames are.
    runs = np.convolve(quiet, np.ones(per_window), mode="valid") >= per_window
    starts = np.flatnonzero(runs) * measured.frame
    starts = starts[starts + window <= len(samples)]
    if len(starts) < _FEWEST_WINDOWS:
        return None
    taper = np.hanning(window + 1)[:-1]
    centred = samples - samples.mean()
    windows = np.stack([centred[start : start + window] for start in starts]) * taper
    spectra = np.square(np.abs(np.fft.rfft(windows, axis=1)))
    return RoomTone(spectra.mean(axis=0) / np.sum(np.square(taper)))


def make_room_tone(tone: RoomTone, length: int, *, seed: int) -> Samples:
    """``length`` samples of noise with this spectrum, the same for the same seed.

    Windows of random phase overlap by half; their tapers' squares add up to one, so the noise is even. The
    last overlaps with the first: what is longer than 5 s goes round without a seam.
    """
    if length <= 0:
        return SILENCE
    window, hop = tone.window, tone.window // 2
    count = min(-(-length // hop), round(_ROUND_S / _WINDOW_S * 2)) + 1
    random = np.random.default_rng(seed).standard_normal((2, count, len(tone.power)))
    spectra = np.sqrt(tone.power * window / 2) * (random[0] + 1j * random[1])
    taper = np.sin(np.pi * (np.arange(window) + 0.5) / window)
    pieces = (np.fft.irfft(spectra, window, axis=1) * taper).astype(np.float32)
    noise = pieces[:, :hop] + np.roll(pieces[:, hop:], 1, axis=0)
    return np.resize(noise.ravel(), length)
