"""The form that audio has inside: float32 mono in [-1, 1]."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, float32 in [-1, 1], shape [n]."""

SILENCE: Samples = np.zeros(0, dtype=np.float32)
"""No samples at all."""
SILENCE.flags.writeable = False


def clean(samples: NDArray[np.floating]) -> Samples:
    """Force samples of any float type into [-1, 1]: too loud is clipped, NaN and infinity become 0.

    Samples that are so already are given back as they are, without a copy.
    """
    # Comparisons with NaN are false, and the minimum and maximum of what holds one are NaN.
    if samples.min(initial=0.0) >= -1.0 and samples.max(initial=0.0) <= 1.0:
        return samples.astype(np.float32, copy=False)
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(finite, -1.0, 1.0).astype(np.float32, copy=False)
