"""The tensors of the published hibari file."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from antiphon.errors import ModelCorrupt

Array = NDArray[Any]


class Weights:
    """The tensors of a file by name, int8 ones as the float32 they stand for.

    Raises:
        ModelCorrupt: the file can't be read; when a tensor is asked for that it doesn't have.
    """

    def __init__(self, source: Path) -> None:
        try:
            library: Any = onnx
            model: Any = library.load(source)
        except Exception as error:
            raise ModelCorrupt(f"{source} is not an ONNX file.") from error
        self._source = source
        self._tensors: dict[str, Any] = {tensor.name: tensor for tensor in model.graph.initializer}
        self._readers: dict[str, int] = {}
        self._dilations: dict[str, int] = {}
        for node in model.graph.node:
            if node.op_type == "Conv":
                found = [a.ints[0] for a in node.attribute if a.name == "dilations"]
                self._dilations[node.input[1]] = found[0] if found else 1
            for name in node.input:
                self._readers[name] = self._readers.get(name, 0) + 1

    def __call__(self, name: str) -> Array:
        """The tensor ``name``."""
        if name not in self._tensors:
            raise self._unknown(name)
        return numpy_helper.to_array(self._tensors[name])

    def linear(self, name: str) -> Array:
        """Matrix [in, out] of the quantised layer ``name``: (int8 - zero point) x scale."""
        stem = f"/{name}/Transpose_output_0" if "Transpose" not in name else f"/{name}"
        quantised, zero, scale = (self(f"{stem}_{part}") for part in ("quantized", "zero_point", "scale"))
        return ((quantised.astype(np.float32) - zero.astype(np.float32)) * scale).astype(np.float32)

    def layers(self, pattern: str) -> int:
        """How many of the numbered layers ``pattern`` (with ``{}``) there are."""
        count = 0
        while pattern.format(count) in self._tensors:
            count += 1
        return count

    def dilation(self, kernel: str) -> int:
        """Dilation of the convolution with that kernel."""
        if kernel not in self._dilations:
            raise self._unknown(f"convolution with {kernel}")
        return self._dilations[kernel]

    def margin(self, kernel: str) -> int:
        """Rows on either side that the convolution with that kernel sees."""
        return self(kernel).shape[-1] // 2 * self.dilation(kernel)

    def uses(self, name: str) -> int:
        """How many nodes read the tensor ``name``: the rounds of a layer that is run several times."""
        return self._readers.get(name, 0)

    def _unknown(self, missing: str) -> ModelCorrupt:
        return ModelCorrupt(
            f"{self._source} is not the hibari graph this version knows: it has no {missing}."
        )
