"""Complex normal noise that any frame finds for itself."""

import numpy as np
from numpy.typing import NDArray

from antiphon.models.hibari.graphs import SPECTRUM_BINS as BINS

_PLACES = 2**17
_TABLE = np.random.Generator(np.random.Philox(1)).standard_normal(_PLACES + BINS - 1, np.float32)
_RUNS = np.lib.stride_tricks.sliding_window_view(_TABLE, BINS)
"""Every run of 601 numbers of one table, [places, 601]: copying one costs a twentieth of drawing it."""


class Noise:
    """Noise of unit variance each way, for the ``total`` frames of an utterance.

    The real parts of a frame are one run of the table and the imaginary parts another: where they begin is
    drawn from the Philox stream of (seed, segment), so that no frame depends on another.
    """

    def __init__(self, seed: int, segment: int, total: int) -> None:
        key = np.array([seed % 2**64, segment % 2**64], np.uint64)
        words = np.random.Philox(key=key).random_raw(total).astype("<u8", copy=False)
        self._places: NDArray[np.uint32] = words.view("<u4").reshape(total, 2) % np.uint32(_PLACES)

    def __call__(self, first: int, last: int) -> NDArray[np.float32]:
        """Real and imaginary parts of every bin of the frames, [n, 2, 601]."""
        return _RUNS[self._places[first:last]]
