"""The published hibari graph, taken apart for streaming.

The published file maps a whole sentence to spectra in one call, with int8 weights whose activations
are scaled per call: a chunk would differ from the whole. Its float32 weights are rebuilt here, by name,
into three graphs whose rows don't depend on what else is in the call:

=========  =====================================================  ======================================
graph      input                                                  output
=========  =====================================================  ======================================
encoder    ``ids`` int64 [1, L], ``speed`` float32 [1]            ``text`` [1, L, 128], ``plan`` [1, L, 192],
                                                                  ``durations`` [1, L, 1] in frames of 25 ms
prosody    ``x`` [B, T, 192] (``plan`` by frame of 25 ms)         ``y`` [B, 2 T', 2]: F0 in Hz, energy,
                                                                  by frame of 12.5 ms
decoder    ``x`` [B, T, 130] (text, log F0, energy by 12.5 ms)    ``y`` [B, T', 5, 601]: spectra lh, ln, lr
                                                                  (log magnitudes), theta, phi (angles)
=========  =====================================================  ======================================

Convolutions of ``prosody`` and ``decoder`` are unpadded, so T' is T less `PROSODY_CONTEXT` or
`DECODER_CONTEXT` on both sides. Where a window begins or ends with the utterance, every layer of the
published graph sees zeros beyond it: the input ``edges`` int64 [6], see `edges`, makes every layer pad
that side instead of eating context.

Dense convolutions are written as products of matrices, since onnxruntime's own give other roundings
for other lengths; its MatMul, depthwise Conv and row-wise operators don't.
"""

import numpy as np
from numpy.typing import NDArray

RECIPE = "1"
"""Changes whenever other graphs would be written from the same source."""

GRAPHS = ("encoder", "prosody", "decoder")
PROSODY_CONTEXT = 54
"""Frames of 25 ms on either side: kernels of 7 with dilations 1, 2, 4, 8, 1, 2."""
DECODER_CONTEXT = 27
"""Frames of 12.5 ms on either side: nine kernels of 7."""
TEXT_CHANNELS, PLAN_CHANNELS, FRAME_CHANNELS, SPECTRUM_BINS = 128, 192, 130, 601


def edges(*, start: bool, end: bool) -> NDArray[np.int64]:
    """Which sides of a window are ends of the utterance, as the graphs' input ``edges``."""
    return np.array([0, start, 0, 0, end, 0], np.int64)
