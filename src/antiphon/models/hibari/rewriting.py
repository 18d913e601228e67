"""Writes the graphs that `antiphon.models.hibari.graphs` describes."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from antiphon.models.hibari.graphs import (
    FRAME_CHANNELS,
    PLAN_CHANNELS,
    SPECTRUM_BINS,
    TEXT_CHANNELS,
    edges,
)
from antiphon.models.hibari.layers import MICROSOFT, Graph
from antiphon.models.hibari.weights import Weights

_HEADS = 2


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
