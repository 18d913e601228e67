"""Moonshine's decoder, rewritten once so that it tells where it looks.

The published file gives no attention weights, and where words were heard shows in them. So the graph is read
back as ONNX and the weights that it computes anyway become outputs.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx as untyped_onnx

from antiphon.errors import ModelCorrupt
from antiphon.models.sessions import onnxruntime, open_session, session_options

onnx: Any = untyped_onnx


def with_attention(path: Path, layers: Iterable[int]) -> bytes:
    """The decoder as ONNX with further outputs ``attention.N``, [rows, heads, 1, frames].

    Args:
        path: ``decoder_model_merged.ort``.
        layers: whose cross-attention becomes an output.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: the file is no such decoder.
    """
    model = _as_onnx(path)
    layers = tuple(layers)
    try:
        [branching] = [node for node in model.graph.node if node.op_type == "If"]
        for branch in (attribute.g for attribute in branching.attribute):
            for layer in layers:
                name = f"/model/decoder/layers.{layer}/encoder_attn/Softmax"
                [softmax] = [node for node in branch.node if node.name == name]
                branch.output.append(_float_output(softmax.output[0]))
            # onnxruntime leaves the names of graphs out when it writes, and wants them when it reads.
            branch.name = branch.name or "branch"
    except ValueError:
        raise ModelCorrupt(
            f"{path} is not Moonshine's merged decoder with attention in each layer."
        ) from None
    for layer in layers:
        branching.output.append(f"attention.{layer}")
        model.graph.output.append(_float_output(f"attention.{layer}"))
    return model.SerializeToString()


def _as_onnx(path: Path) -> Any:
    # onnxruntime writes what it has read, so an ORT-format file comes out as ONNX.
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "decoder.onnx"
        options = session_options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = str(written)
        options.add_session_config_entry("session.save_model_format", "ONNX")
        open_session(path, options=options)
        return onnx.load(str(written))


def _float_output(name: str) -> Any:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
