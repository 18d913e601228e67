from typing import Any

import numpy as np

from antiphon.models.moonshine.shape import (
    BLOCK_SAMPLES,
    ENCODER_STRIDE,
    KERNEL_SAMPLES,
    STEM_KERNEL,
    STEM_STRIDE,
    Floats,
)

_EPSILON = 1e-5

_HOP = BLOCK_SAMPLES * STEM_STRIDE
_REACH = BLOCK_SAMPLES * (STEM_KERNEL - 1) + KERNEL_SAMPLES


class Stem:
    """What the first convolutions made of an utterance so far: the part that later audio does not change.

    Attributes:
        raw: [f, 2 · width] (no width while f is 0), see `antiphon.models.moonshine.graphs`.
        total, squares: sum of what the first convolution gave, and of its squares, up to frame ``f``.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.raw: Floats = np.zeros((0, 0), np.float32)
        self.total = 0.0
        self.squares = 0.0


class Encoder:
    """Hears a window: samples to the keys and values that the decoder looks at.

    Args:
        stem, encoder: sessions of the graphs of these names.
    """

    def __init__(self, stem: Any, encoder: Any) -> None:
        self._stem = stem
        self._encoder = encoder

    def encode(self, window: Floats, tail: int, stem: Stem) -> Floats:
        """Hear a window with ``tail`` samples of silence after it; returns the graph's ``memory``.

        The attention of the encoder goes over the whole window, so most of it is computed anew each time;
        ``stem`` keeps the convolutions, a quarter of the work, for the next window with the same beginning.

        Args:
            window: [n].
            tail: at least 895 samples, so that the shortest window gives a frame.
            stem: of a window that began the same; it grows.
        """
        length = len(window) + tail
        frames = (length - KERNEL_SAMPLES) // BLOCK_SAMPLES + 1
        rows = (frames - STEM_KERNEL) // STEM_STRIDE + 1
        settled = max((len(window) - _REACH) // _HOP + 1, 0)  # rows that see nothing of the tail
        if settled < len(stem.raw):
            stem.forget()
        known = len(stem.raw)
        fresh = rows - known
        fresh += (known + fresh) % ENCODER_STRIDE  # the graph takes whole strides; no frame sees this row
        raw, sums, squares = self._stem.run(
            ["raw", "sums", "squares"], {"blocks": _blocks(window[known * _HOP :], fresh)}
        )
        heard = frames - known * STEM_STRIDE
        count = frames * raw.shape[1] // 2
        mean = (stem.total + sums[:heard].sum(dtype=np.float64)) / count
        variance = (stem.squares + squares[:heard].sum(dtype=np.float64)) / count - mean**2
        whole = np.concatenate([stem.raw, raw]) if known else raw
        passed = (settled - known) * STEM_STRIDE
        stem.raw = whole[:settled]
        stem.total += float(sums[:passed].sum(dtype=np.float64))
        stem.squares += float(squares[:passed].sum(dtype=np.float64))
        inverse = 1 / np.sqrt(variance + _EPSILON)
        numbers = {"mean": np.array(mean, np.float32), "inverse": np.array(inverse, np.float32)}
        return self._encoder.run(["memory"], {"raw": whole, **numbers})[0]


def _blocks(samples: Floats, rows: int) -> Floats:
    """The samples that so many rows see, zeros where there are none, [blocks, 64]."""
    blocks = np.zeros((STEM_STRIDE * rows + STEM_KERNEL, BLOCK_SAMPLES), np.float32)
    seen = min(len(samples), blocks.size)
    blocks.reshape(-1)[:seen] = samples[:seen]
    return blocks
