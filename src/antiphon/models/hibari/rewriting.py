"""Writes the graphs that `antiphon.models.hibari.graphs` describes."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from antiphon.models.hibari.graphs import (
    PLAN_CHANNELS,
    SPECTRUM_BINS,
    TEXT_CHANNELS,
)
from antiphon.models.hibari.layers import MICROSOFT, Graph, rows_of
from antiphon.models.hibari.weights import Array, Weights

_HEADS = 2
_LARGEST_LOG = 7.0
"""Of a magnitude, as in hibari 0.2.1's ``dsp.py``."""


def build(source: Path) -> dict[str, bytes]:
    """The three graphs of the published file, as ``encoder.onnx``, ``prosody.onnx`` and ``decoder.onnx``.

    The same source gives the same bytes.

    Raises:
        ModelCorrupt: ``source`` is not the graph this recipe knows.
    """
    weights = Weights(source)
    return {
        "encoder.onnx": _encoder(weights),
        "prosody.onnx": _prosody(weights),
        "decoder.onnx": _decoder(weights),
    }


def _text_encoder(graph: Graph, weights: Weights, net: str, *, first: bool) -> str:
    """Phonemes to features: two convolution blocks, then one transformer layer run several times."""
    suffix, run = ("", "") if first else ("_1", "_4")
    projection = "Transpose_2_output_0" if first else "Transpose_25_output_0"
    x = graph.add("Gather", weights(f"{net}.emb.weight"), "ids", axis=0)
    x = graph.lines(x)
    for index in range(weights.layers(f"{net}.convs.{{}}.gamma")):
        stem = f"{net}.convs.{index}"
        padded = graph.pad(x, weights.margin(f"{stem}.dw.weight"))
        x = graph.block(padded, weights, stem, f"convs.{index}/pw{{}}{suffix}")
    x = graph.add("Squeeze", x, np.array([1], np.int64))
    attention = f"{net}.attn"
    for _ in range(weights.uses(f"{attention}.norm1.weight")):
        y = graph.norm(x, weights(f"{attention}.norm1.weight"), weights(f"{attention}.norm1.bias"))
        y = graph.add(
            "Attention",
            y,
            weights.linear(projection),
            weights(f"{attention}.self_attn.in_proj_bias"),
            domain=MICROSOFT,
            num_heads=_HEADS,
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
    text = _text_encoder(graph, weights, "m.text", first=True)
    graph.norm(text, weights("m.text.norm.weight"), weights("m.text.norm.bias"), to="text")
    plan = _text_encoder(graph, weights, "pn.text", first=False)
    plan = graph.norm(plan, weights("pn.text.norm.weight"), weights("pn.text.norm.bias"))
    # A kernel of one frame sees a phoneme's frames alike: it runs here, once a phoneme.
    graph.linear(plan, weights("pn.pro_in.weight")[:, :, 0].T, weights("pn.pro_in.bias"), to="plan")
    y = graph.dense(graph.pad(plan, 1), weights("pn.dur.0.weight"))
    y = graph.add("BiasGelu", y, weights("pn.dur.0.bias"), domain=MICROSOFT)
    y = graph.linear(y, weights("pn.dur.2.weight")[:, :, 0].T, weights("pn.dur.2.bias"))
    y = graph.add("Sub", graph.add("Exp", y), np.array(1.0, np.float32))
    y = graph.add("Round", graph.add("Div", y, "speed"))
    graph.add("Max", y, np.array(1.0, np.float32), to="durations")
    return graph.serialise(
        {"ids": (TensorProto.INT64, [1, "L"]), "speed": (TensorProto.FLOAT, [1])},
        {"text": [1, "L", TEXT_CHANNELS], "plan": [1, "L", PLAN_CHANNELS], "durations": [1, "L", 1]},
    )


def _stack(graph: Graph, weights: Weights, x: str, stem: str, products: str) -> str:
    """Blocks that are given, each, the rows before and after theirs, and keep their last rows."""
    count = weights.layers(f"{stem}.{{}}.gamma")
    before, after = graph.split("before", "left", count), graph.split("after", "right", count)
    kept: list[str] = []
    for index in range(count):
        block = f"{stem}.{index}"
        x = graph.join(before[index], x, after[index])
        kept.append(graph.window(x, -2 * weights.margin(f"{block}.dw.weight"), 0))
        x = graph.block(x, weights, block, products.format(index))
    graph.join(*kept, to="kept")
    return x


def _prosody(weights: Weights) -> bytes:
    graph = Graph()
    x = _stack(graph, weights, graph.lines("x"), "pn.pro", "pro.{}/pw{{}}")
    # The published columns are (F0, F0', energy, energy') of a frame's two halves, in units of 100 Hz and 5.
    order = np.array([0, 2, 1, 3])
    scale = np.array([100.0, 1.0] * 2, np.float32)
    matrix, bias = weights("pn.pro_out.weight")[order, :, 0].T, weights("pn.pro_out.bias")[order]
    y = graph.linear(x, matrix * scale, bias * scale)
    graph.add("Reshape", y, np.array([0, -1, 2], np.int64), to="y")
    return graph.serialise(
        _stack_inputs(PLAN_CHANNELS, PLAN_CHANNELS),
        {"y": ["B", "F", 2], "kept": ["B", 1, "K", PLAN_CHANNELS]},
    )


def _decoder(weights: Weights) -> bytes:
    graph = Graph()
    kernel = weights("m.dec_in.weight")
    x = graph.linear(graph.lines("x"), rows_of(kernel), weights("m.dec_in.bias"))
    x = _stack(graph, weights, x, "m.dec", "dec.{}/pw{{}}")
    x = graph.norm(x, weights("m.dec_norm.weight"), weights("m.dec_norm.bias"))
    # The published columns are lh, theta, ln, lr, phi.
    lh, theta, ln, lr, phi = np.arange(5 * SPECTRUM_BINS).reshape(5, SPECTRUM_BINS)
    matrix, bias = weights.linear("head"), weights("m.head.bias")
    radius = graph.linear(x, *_columns(matrix, bias, lh, lr, ln))
    radius = graph.add("Exp", graph.add("Min", radius, np.array(_LARGEST_LOG, np.float32)))
    graph.add("Reshape", radius, np.array([0, -1, 3, SPECTRUM_BINS], np.int64), to="radius")
    turn = graph.add("Tanh", graph.linear(x, *_columns(matrix, bias, theta)))
    turn = graph.add("Mul", turn, np.array(np.pi, np.float32))
    angle = graph.add("Concat", turn, graph.linear(x, *_columns(matrix, bias, phi)), axis=-1)
    graph.add("Reshape", angle, np.array([0, -1, 2, SPECTRUM_BINS], np.int64), to="angle")
    channels = kernel.shape[0]
    outputs = {"radius": ["B", "F", 3, SPECTRUM_BINS], "angle": ["B", "F", 2, SPECTRUM_BINS]}
    return graph.serialise(
        _stack_inputs(kernel.shape[1] * kernel.shape[2], channels),
        outputs | {"kept": ["B", 1, "K", channels]},
    )


def _columns(matrix: Array, bias: Array, *columns: Array) -> tuple[Array, Array]:
    """Some outputs of a linear layer."""
    order = np.concatenate(columns)
    return matrix[:, order], bias[order]


def _stack_inputs(channels: int, inner: int) -> dict[str, tuple[int, list[Any]]]:
    return {
        "x": (TensorProto.FLOAT, ["B", "T", channels]),
        "before": (TensorProto.FLOAT, ["B", 1, "L", inner]),
        "left": (TensorProto.INT64, ["N"]),
        "after": (TensorProto.FLOAT, ["B", 1, "R", inner]),
        "right": (TensorProto.INT64, ["N"]),
    }
