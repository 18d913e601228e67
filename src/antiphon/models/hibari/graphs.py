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

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from antiphon.errors import StorageError
from antiphon.models.hibari.layers import MICROSOFT, Graph
from antiphon.models.hibari.weights import Weights

RECIPE = "1"
"""Changes whenever other graphs would be written from the same source."""

GRAPHS = ("encoder", "prosody", "decoder")
PROSODY_CONTEXT = 54
"""Frames of 25 ms on either side: kernels of 7 with dilations 1, 2, 4, 8, 1, 2."""
DECODER_CONTEXT = 27
"""Frames of 12.5 ms on either side: nine kernels of 7."""
TEXT_CHANNELS, PLAN_CHANNELS, FRAME_CHANNELS, SPECTRUM_BINS = 128, 192, 130, 601
HEADS = 2


def edges(*, start: bool, end: bool) -> NDArray[np.int64]:
    """Which sides of a window are ends of the utterance, as the graphs' input ``edges``."""
    return np.array([0, start, 0, 0, end, 0], np.int64)


def fingerprint(source: Path) -> str:
    """Sha256 that names a source file together with the recipe that takes it apart."""
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(RECIPE.encode())
    return digest.hexdigest()


def is_prepared(source: Path, target: Path) -> bool:
    """Whether ``target`` holds the graphs that `prepare` would write."""
    stamp = target / "stamp"
    return stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint(source)


def prepare(source: Path, target: Path) -> None:
    """Write ``encoder.onnx``, ``prosody.onnx`` and ``decoder.onnx`` into the folder ``target``.

    The same source gives the same bytes. Each file appears whole, and ``stamp`` comes last, so that a
    folder whose stamp is right is complete, whoever else prepares it at the same time.

    Raises:
        ModelCorrupt: ``source`` is not the graph this recipe knows.
        StorageError: ``target`` can't be written.
    """
    weights = Weights(source)
    files = {
        "encoder.onnx": _encoder(weights),
        "prosody.onnx": _prosody(weights),
        "decoder.onnx": _decoder(weights),
        "stamp": fingerprint(source).encode("ascii"),
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write_whole(target / name, content)
    except OSError as error:
        raise StorageError(
            f"Can't write the prepared graphs of hibari to {target}: {error.strerror}."
        ) from error


def _write_whole(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _text_encoder(graph: Graph, weights: Weights, net: str, whole: str, *, first: bool) -> str:
    """Phonemes to features: two convolution blocks, then one transformer layer run several times."""
    suffix, run = ("", "") if first else ("_1", "_4")
    projection = "Transpose_2_output_0" if first else "Transpose_25_output_0"
    attention = f"{net}.attn"
    x = graph.add("Gather", weights(f"{net}.emb.weight"), "ids", axis=0)
    for index in range(weights.layers(f"{net}.convs.{{}}.gamma")):
        x = graph.block(x, whole, weights, f"{net}.convs.{index}", f"convs.{index}/pw{{}}{suffix}")
    for _ in range(weights.uses(f"{attention}.norm1.weight")):
        y = graph.norm(x, weights(f"{attention}.norm1.weight"), weights(f"{attention}.norm1.bias"))
        y = graph.add(
            "Attention",
            y,
            weights.linear(projection),
            weights(f"{attention}.self_attn.in_proj_bias"),
            domain=MICROSOFT,
            num_heads=HEADS,
        )
        y = graph.linear(y, weights.linear(f"out_proj{run}"), weights(f"{attention}.self_attn.out_proj.bias"))
        x = graph.add("Add", x, y)
        y = graph.norm(x, weights(f"{attention}.norm2.weight"), weights(f"{attention}.norm2.bias"))
        y = graph.gelu(y, weights.linear(f"linear1{run}"), weights(f"{attention}.linear1.bias"))
        y = graph.linear(y, weights.linear(f"linear2{run}"), weights(f"{attention}.linear2.bias"))
        x = graph.add("Add", x, y)
    return x


def _encoder(weights: Weights) -> bytes:
    graph = Graph()
    whole = graph.add("Identity", edges(start=True, end=True))
    text = _text_encoder(graph, weights, "m.text", whole, first=True)
    graph.norm(text, weights("m.text.norm.weight"), weights("m.text.norm.bias"), to="text")
    plan = _text_encoder(graph, weights, "pn.text", whole, first=False)
    plan = graph.norm(plan, weights("pn.text.norm.weight"), weights("pn.text.norm.bias"))
    # A kernel of one frame sees a phoneme's frames alike: it runs here, once a phoneme.
    graph.linear(plan, weights("pn.pro_in.weight")[:, :, 0].T, weights("pn.pro_in.bias"), to="plan")
    padded = graph.pad(plan, 1, whole)
    y = graph.dense(padded, weights("pn.dur.0.weight"))
    y = graph.add("BiasGelu", y, weights("pn.dur.0.bias"), domain=MICROSOFT)
    y = graph.linear(y, weights("pn.dur.2.weight")[:, :, 0].T, weights("pn.dur.2.bias"))
    y = graph.add("Sub", graph.add("Exp", y), np.array(1.0, np.float32))
    y = graph.add("Round", graph.add("Div", y, "speed"))
    graph.add("Max", y, np.array(1.0, np.float32), to="durations")
    return graph.serialise(
        {"ids": (TensorProto.INT64, [1, "L"]), "speed": (TensorProto.FLOAT, [1])},
        {"text": [1, "L", TEXT_CHANNELS], "plan": [1, "L", PLAN_CHANNELS], "durations": [1, "L", 1]},
    )


def _prosody(weights: Weights) -> bytes:
    graph = Graph()
    x = "x"
    for index in range(weights.layers("pn.pro.{}.gamma")):
        x = graph.block(x, "edges", weights, f"pn.pro.{index}", f"pro.{index}/pw{{}}")
    # The published columns are (F0, F0', energy, energy') of a frame's two halves, in units of 100 Hz and 5.
    order = np.array([0, 2, 1, 3])
    scale = np.array([100.0, 1.0], np.float32)
    y = graph.linear(x, weights("pn.pro_out.weight")[order, :, 0].T, weights("pn.pro_out.bias")[order])
    y = graph.add("Reshape", y, np.array([0, -1, 2], np.int64))
    graph.add("Mul", y, scale, to="y")
    return graph.serialise(_window_inputs(PLAN_CHANNELS), {"y": ["B", "F", 2]})


def _decoder(weights: Weights) -> bytes:
    graph = Graph()
    padded = graph.pad("x", 3, "edges")
    x = graph.add("Add", graph.dense(padded, weights("m.dec_in.weight")), weights("m.dec_in.bias"))
    for index in range(weights.layers("m.dec.{}.gamma")):
        x = graph.block(x, "edges", weights, f"m.dec.{index}", f"dec.{index}/pw{{}}")
    x = graph.norm(x, weights("m.dec_norm.weight"), weights("m.dec_norm.bias"))
    # The published columns are lh, theta, ln, lr, phi: here the magnitudes come first, then the angles.
    order = np.arange(5 * SPECTRUM_BINS).reshape(5, SPECTRUM_BINS)[[0, 2, 3, 1, 4]].reshape(-1)
    y = graph.linear(x, weights.linear("head")[:, order], weights("m.head.bias")[order])
    graph.add("Reshape", y, np.array([0, 0, 5, SPECTRUM_BINS], np.int64), to="y")
    return graph.serialise(_window_inputs(FRAME_CHANNELS), {"y": ["B", "F", 5, SPECTRUM_BINS]})


def _window_inputs(channels: int) -> dict[str, tuple[int, list[Any]]]:
    return {"x": (TensorProto.FLOAT, ["B", "T", channels]), "edges": (TensorProto.INT64, [6])}
