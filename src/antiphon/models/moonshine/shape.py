"""Sizes of a Moonshine, see `antiphon.models.moonshine.graphs`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCK_SAMPLES = 64
"""Samples from one frame of the first convolution to the next."""

STEM_STRIDE, STEM_KERNEL = 3, 7
"""Frames of the first convolution from one of the second to the next, and what each sees."""

ENCODER_STRIDE, ENCODER_KERNEL = 2, 3
"""The same for the third."""

KERNEL_SAMPLES = 127
"""Samples that a frame of the first convolution sees."""

FRAME_SAMPLES = BLOCK_SAMPLES * STEM_STRIDE * ENCODER_STRIDE
"""Samples from one frame of the encoder to the next (24 ms)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What differs between the sizes of Moonshine.

    Attributes:
        width: channels of a frame or token.
        heads: of every attention.
        encoder_layers, decoder_layers: how many of each.
    """

    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int

    @property
    def head_width(self) -> int:
        """Channels of a head."""
        return self.width // self.heads
