"""Reads the parameters of Moonshine out of its published files."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx as untyped_onnx
from numpy.typing import NDArray

from antiphon.errors import ModelCorrupt
from antiphon.models.moonshine.shape import Floats
from antiphon.models.sessions import onnxruntime, open_session, session_options

onnx: Any = untyped_onnx


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map as the file has it: ``(codes - zero) · scale``, [inputs, outputs].

    Attributes:
        codes: [inputs, outputs].
        scale, zero: of each output, [outputs].
        bias: [outputs], or None.
    """

    codes: NDArray[np.uint8]
    scale: Floats
    zero: NDArray[np.uint8]
    bias: Floats | None

    @property
    def weight(self) -> Floats:
        """[inputs, outputs] as numbers."""
        return (self.codes.astype(np.float32) - self.zero) * self.scale

    @classmethod
    def side_by_side(cls, maps: Iterable["Linear"]) -> "Linear":
        """One map that gives the outputs of several, which have no bias."""
        maps = list(maps)
        return cls(
            np.concatenate([m.codes for m in maps], axis=1),
            np.concatenate([m.scale for m in maps]),
            np.concatenate([m.zero for m in maps]),
            None,
        )


class Parameters:
    """The parameters of one file by the names of the modules they belong to.

    Args:
        path: ``.ort`` as `onnxruntime` reads it.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: onnxruntime can't read it; also each method, when the file has no such parameter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        graphs = list(_graphs(_as_onnx(path).graph))
        self._arrays: dict[str, NDArray[Any]] = {
            t.name: onnx.numpy_helper.to_array(t) for graph in graphs for t in graph.initializer
        }
        self._nodes = {node.name: node for graph in graphs for node in graph.node}

    def array(self, name: str) -> Floats:
        """A parameter that is stored as floats."""
        for candidate in (name, f"{name}_merged_0", f"{name}_add_tensor"):
            if candidate in self._arrays:
                return self._arrays[candidate]
        raise self._lacks(name)

    def linear(self, module: str) -> Linear:
        """The quantised linear map of a module, such as ``/layers.0/mlp/fc1``."""
        node = self._nodes.get(f"{module}/MatMul_quant")
        names: dict[str, str] = {}
        for name in node.input if node else ():
            names.update({end: name for end in ("quantized", "scale", "zero_point", "bias") if end in name})
        if not {"quantized", "scale", "zero_point"} <= names.keys():
            raise self._lacks(module)
        codes = self._arrays[names["quantized"]]
        outputs = codes.shape[1]
        return Linear(
            codes,
            np.repeat(self._arrays[names["scale"]], outputs),
            np.repeat(self._arrays[names["zero_point"]], outputs),
            self._arrays[names["bias"]] if "bias" in names else None,
        )

    def input_of(self, node: str, position: int) -> Floats:
        """A parameter that has no name of its own, by the node that reads it."""
        try:
            return self._arrays[self._nodes[node].input[position]]
        except LookupError:
            raise self._lacks(node) from None

    def _lacks(self, name: str) -> ModelCorrupt:
        return ModelCorrupt(f"{self._path} is not a part of Moonshine: it lacks {name}.")


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _as_onnx(path: Path) -> Any:
    # onnxruntime writes what it has read, so an ORT-format file comes out as ONNX.
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.onnx"
        options = session_options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.optimized_model_filepath = str(written)
        options.add_session_config_entry("session.save_model_format", "ONNX")
        open_session(path, options=options)
        return onnx.load(str(written))
