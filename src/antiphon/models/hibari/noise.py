"""Complex normal noise that any frame finds for itself."""

import numpy as np
from numpy.typing import NDArray

from antiphon.models.hibari.graphs import SPECTRUM_BINS as BINS

Places = NDArray[np.uint32]
"""Where the real and the imaginary parts of a frame's noise begin, [n, 2]."""

_PLACES = 2**17
_TABLE = np.random.Generator(np.random.Philox(1)).standard_normal(_PLACES + BINS - 1, np.float32)
_RUNS = np.lib.stride_tricks.sliding_window_view(_TABLE, BINS)
"""Every run of 601 numbers of one table, [places, 601]: copying one costs a twentieth of drawing it."""


def noise_places(seed: int, segment: int, total: int) -> Places:
    """Places for the ``total`` frames of an utterance, from the Philox stream of (seed, segment)."""
    key = np.array([seed % 2**64, segment % 2**64], np.uint64)
    words = np.random.Philox(key=key).random_raw(total).astype("<u8", copy=False)
    return words.view("<u4").reshape(total, 2) % np.uint32(_PLACES)


def noise_at(places: Places) -> NDArray[np.float32]:
    """Real and imaginary parts, of unit variance each, of every bin of the frames: [n, 2, 601]."""
    return _RUNS[places]
