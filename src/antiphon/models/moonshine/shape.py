"""Sizes of Moonshine tiny, see `antiphon.models.moonshine.graphs`."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WIDTH = 288
LAYERS = 6
HEADS = 8
HEAD_WIDTH = 36

BLOCK_SAMPLES = 64
"""Samples from one frame of the first convolution to the next; each sees 127."""

STEM_STRIDE, STEM_KERNEL = 3, 7
"""Frames of the first convolution from one of the second to the next, and what each sees."""

ENCODER_STRIDE, ENCODER_KERNEL = 2, 3
"""The same for the third."""

FRAME_SAMPLES = BLOCK_SAMPLES * STEM_STRIDE * ENCODER_STRIDE
"""Samples from one frame of the encoder to the next (24 ms)."""

ALIGNMENT_HEADS = {3: (5, 6, 7), 4: (1, 2, 3, 7)}
"""Layer → heads of its cross-attention that look at the word being written.

Found by the share of each head's weight inside the true span of the word, over synthetic speech whose
durations are known. The heads of the lower layers look everywhere.
"""
