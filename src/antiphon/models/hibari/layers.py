"""ONNX layers over rows, [batch, rows, channels], whose rows don't depend on what else is in the call."""

import hashlib
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from antiphon.models.hibari.weights import Array, Weights

OPSET = 20
MICROSOFT = "com.microsoft"
_ROWS = -2


def rows_of(kernel: Array) -> Array:
    """The matrix [k * in, out] of a convolution [out, in, k], for windows of k rows laid end to end."""
    return kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])


class Graph:
    """A graph under construction: every method adds nodes and returns the name of their output."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(
        self, operator: str, *inputs: str | Array, domain: str = "", to: str = "", **attributes: Any
    ) -> str:
        """Any operator; ``to`` names its output, for the graph's own outputs."""
        names = [name if isinstance(name, str) else self._constant(name) for name in inputs]
        output = to or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, names, [output], domain=domain, **attributes))
        return output

    def _constant(self, value: Array) -> str:
        digest = hashlib.sha256(value.tobytes()).hexdigest()[:16]
        name = f"c{value.dtype.char}{'x'.join(map(str, value.shape))}_{digest}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def lines(self, x: str) -> str:
        """[B, T, C] as [B, 1, T, C]."""
        return self.add("Unsqueeze", x, np.array([1], np.int64))

    def pad(self, x: str, margin: int) -> str:
        """Put ``margin`` rows of zeros before and after."""
        return self.add("Pad", x, np.array([margin, margin], np.int64), "", np.array([_ROWS], np.int64))

    def split(self, x: str, sizes: str, count: int) -> list[str]:
        """The rows in ``count`` parts, of the ``sizes`` int64 [count], which may be 0."""
        names = [f"t{len(self._nodes)}_{part}" for part in range(count)]
        self._nodes.append(helper.make_node("Split", [x, sizes], names, axis=_ROWS))
        return names

    def join(self, *parts: str, to: str = "") -> str:
        """All rows of the parts, one part after the other."""
        return self.add("Concat", *parts, axis=_ROWS, to=to)

    def norm(self, x: str, scale: Array, bias: Array, *, to: str = "") -> str:
        """Each row with mean 0 and variance 1, then scaled and shifted."""
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5, to=to)

    def linear(self, x: str, matrix: Array, bias: Array, *, to: str = "") -> str:
        """Product of x and a matrix [in, out], plus bias."""
        return self.add("Add", self.add("MatMul", x, matrix), bias, to=to)

    def gelu(self, x: str, matrix: Array, bias: Array) -> str:
        """GELU (by the error function) of `linear`."""
        return self.add("BiasGelu", self.add("MatMul", x, matrix), bias, domain=MICROSOFT)

    def window(self, x: str, start: int, end: int) -> str:
        """Rows ``start`` to ``end`` (negative ones are counted from the end; 0 is the end)."""
        stop = np.array([end or np.iinfo(np.int64).max], np.int64)
        return self.add("Slice", x, np.array([start], np.int64), stop, np.array([_ROWS], np.int64))

    def dense(self, x: str, kernel: Array) -> str:
        """Unpadded convolution with a kernel [out, in, k], without its bias."""
        width = kernel.shape[2]
        shifted = [self.window(x, k, k + 1 - width) for k in range(width)]
        return self.add("MatMul", self.add("Concat", *shifted, axis=-1), rows_of(kernel))

    def block(self, x: str, weights: Weights, stem: str, products: str) -> str:
        """A ConvNeXt block over [B, 1, T, C]: depthwise convolution, norm, two products, added to its input.

        The convolution is unpadded: T rows become T - 2 `Weights.margin`. ``products`` is the pattern of the
        two quantised layers' names.
        """
        kernel, gamma = weights(f"{stem}.dw.weight"), weights(f"{stem}.gamma")
        margin = weights.margin(f"{stem}.dw.weight")
        # An image of one line: onnxruntime has a fast depthwise convolution for these alone.
        image = self.add("Transpose", x, perm=[0, 3, 1, 2])
        image = self.add(
            "Conv",
            image,
            kernel[:, :, None],
            weights(f"{stem}.dw.bias"),
            group=kernel.shape[0],
            dilations=[1, weights.dilation(f"{stem}.dw.weight")],
        )
        y = self.add("Transpose", image, perm=[0, 2, 3, 1])
        y = self.norm(y, weights(f"{stem}.norm.weight"), weights(f"{stem}.norm.bias"))
        y = self.gelu(y, weights.linear(products.format(1)), weights(f"{stem}.pw1.bias"))
        y = self.linear(y, weights.linear(products.format(2)) * gamma, weights(f"{stem}.pw2.bias") * gamma)
        return self.add("Add", self.window(x, margin, -margin), y)

    def serialise(self, inputs: dict[str, tuple[int, list[Any]]], outputs: dict[str, list[Any]]) -> bytes:
        """The graph as an ONNX file: inputs by name with type and shape, float32 outputs with shape."""
        graph = helper.make_graph(
            self._nodes,
            "hibari",
            [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in outputs.items()
            ],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model: Any = helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="antiphon")
        return model.SerializeToString(deterministic=True)
