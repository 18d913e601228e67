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
decoder    ``x`` [B, T, 910] (text, log F0, energy by 12.5 ms,    ``radius`` [B, T', 3, 601]: magnitudes,
           of seven frames: the frame, three on either side)      ``angle`` [B, T', 2, 601], see `Spectra`
=========  =====================================================  ======================================

``prosody`` and ``decoder`` are stacks of blocks, each with an unpadded depthwise convolution. Before and
after its rows a block is given further ones: ``before`` [B, 1, sum(left), C] and ``after`` [B, 1, sum(right),
C] have them for all blocks, as many for each as int64 ``left`` and ``right`` [blocks] say. ``kept``
[B, 1, 2 x sum(margins), C] has the last rows each block was given. `antiphon.models.hibari.stacks` knows
what to give.

Dense convolutions are written as products of matrices, since onnxruntime's own give other roundings
for other lengths; its MatMul, depthwise Conv and row-wise operators don't.
"""

RECIPE = "2"
"""Changes whenever other graphs would be written from the same source."""

GRAPHS = ("encoder", "prosody", "decoder")
PROSODY_MARGINS = (3, 6, 12, 24, 3, 6)
"""Frames of 25 ms on either side that each block sees: kernels of 7 with dilations 1, 2, 4, 8, 1, 2."""
DECODER_MARGINS = (3,) * 8
"""Frames of 12.5 ms on either side that each block sees: kernels of 7."""
FRAME_MARGIN = 3
"""Frames on either side of one in a row of the decoder."""
TEXT_CHANNELS, PLAN_CHANNELS, FRAME_CHANNELS, DECODER_CHANNELS, SPECTRUM_BINS = 128, 192, 130, 256, 601
