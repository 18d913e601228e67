"""Where in a recording there is sound and where there is pause, by level alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.samples import Samples

FRAME_S = 0.01

_SILENT_DB = -60.0
"""A recording whose loud frames are below this is silence."""

_BELOW_LOUD_DB = (-38.0, -15.0)
"""Bounds, relative to the loud frames, of the level from which a frame counts as sound."""

_ABOVE_FLOOR_DB = 8.0
"""Between these bounds, that level lies so much over the quiet frames: a recording may be noisy."""

_FLOOR_PERCENTILE, _LOUD_PERCENTILE = 10, 95
_LOWEST_DB = -120.0


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a recording in frames of 10 ms.

    Attributes:
        frames: dB relative to full scale, [n].
        frame: samples of a frame.
        floor_db: level of its quiet frames.
        loud_db: level of its loud ones.
    """

    frames: NDArray[np.float64]
    frame: int
    floor_db: float
    loud_db: float

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Which frames are sound; none where all is silence."""
        if self.loud_db < _SILENT_DB:
            return np.zeros(len(self.frames), np.bool_)
        lowest, highest = (self.loud_db + below for below in _BELOW_LOUD_DB)
        return self.frames > np.clip(self.floor_db + _ABOVE_FLOOR_DB, lowest, highest)


def levels(samples: Samples, sample_rate: int) -> Levels:
    """Measure a recording; a constant offset does not count, nor do samples short of a last frame."""
    frame = round(FRAME_S * sample_rate)
    count = len(samples) // frame
    if not count:
        return Levels(np.zeros(0), frame, _LOWEST_DB, _LOWEST_DB)
    frames = (samples[: count * frame] - samples.mean()).reshape(count, frame)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    level = np.maximum(10 * np.log10(np.maximum(power, 1e-30)), _LOWEST_DB)
    floor_db, loud_db = np.percentile(level, [_FLOOR_PERCENTILE, _LOUD_PERCENTILE])
    return Levels(level, frame, float(floor_db), float(loud_db))


def sound_bounds(samples: Samples, sample_rate: int) -> tuple[int, int] | None:
    """The samples from the first sound to the end of the last; None where all is silence."""
    measured = levels(samples, sample_rate)
    sounding = np.flatnonzero(measured.sounding)
    if not len(sounding):
        return None
    first, last = int(sounding[0]), int(sounding[-1])
    at_end = last == len(measured.frames) - 1
    return first * measured.frame, len(samples) if at_end else (last + 1) * measured.frame
