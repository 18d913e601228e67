"""How a Moonshine graph is built, node by node."""

from typing import Any

import numpy as np
import onnx as untyped_onnx
from numpy.typing import NDArray

from antiphon.models.moonshine.shape import Floats, Shape
from antiphon.models.moonshine.weights import Linear

onnx: Any = untyped_onnx

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators."""

FLOAT: int = onnx.TensorProto.FLOAT
"""What ONNX calls float32."""

_MOST_POSITIONS = 4096
"""100 s of audio: far more than the model hears well."""

_PIECE = 32
_EIGHT_BITS = 4
"""What onnxruntime calls products of 8-bit activations."""

_END = 2**62
_EPSILON = 1e-5


class Graph:
    """An ONNX graph in the making: each method adds a node and returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, rank: int, *, integers: bool = False) -> str:
        """An input of so many axes, of float32 or int64."""
        kind = onnx.TensorProto.INT64 if integers else onnx.TensorProto.FLOAT
        shape = [f"{name}_{axis}" for axis in range(rank)]
        self._inputs.append(onnx.helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, *, integers: bool = False) -> None:
        """Give a value out."""
        kind = onnx.TensorProto.INT64 if integers else onnx.TensorProto.FLOAT
        self._nodes.append(onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(onnx.helper.make_tensor_value_info(name, kind, None))

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """A constant of the array's type."""
        name = f"c{len(self._constants)}"
        self._constants.append(onnx.numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def several(self, op: str, inputs: list[str], count: int, **attributes: Any) -> list[str]:
        """A node of several outputs."""
        names = [f"v{len(self._nodes)}.{i}" for i in range(count)]
        self._nodes.append(onnx.helper.make_node(op, inputs, names, **attributes))
        return names

    def add(self, op: str, *inputs: str | float | list[int], **attributes: Any) -> str:
        """A node of one output; numbers become float32 constants, lists int64 ones."""
        names = [
            each
            if isinstance(each, str)
            else self.constant(np.array(each, np.int64 if isinstance(each, list) else np.float32))
            for each in inputs
        ]
        return self.several(op, names, 1, **attributes)[0]

    def slice(self, x: str, axis: int, start: int, end: int) -> str:
        """From start to end of one axis."""
        return self.add("Slice", x, [start], [end], [axis])

    def normalised(self, x: str, weight: Floats) -> str:
        """Each row with mean 0 and deviation 1, times the weight."""
        return self.add("LayerNormalization", x, self.constant(weight), epsilon=_EPSILON)

    def product(self, x: str, linear: Linear) -> str:
        """Activations scaled by pieces of each row: a row depends on no other."""
        inputs, outputs = linear.codes.shape
        pieces = inputs // _PIECE
        weights = [
            linear.codes.T.reshape(outputs, pieces, _PIECE),
            np.repeat(linear.scale, pieces),
            np.repeat(linear.zero, pieces),
        ]
        y = self.add(
            "MatMulNBits",
            x,
            *map(self.constant, weights),
            K=inputs,
            N=outputs,
            bits=8,
            block_size=_PIECE,
            accuracy_level=_EIGHT_BITS,
            domain=MICROSOFT,
        )
        return y if linear.bias is None else self.add("Add", y, self.constant(linear.bias))

    def convolution(self, x: str, kernel: Floats, stride: int, bias: Floats | None = None) -> str:
        """Rows [n · stride, inputs] through a kernel [outputs, inputs, width], as a product of matrices."""
        outputs, inputs, width = kernel.shape
        blocks = self.add("Reshape", x, [-1, stride * inputs])
        whole, rest = divmod(width, stride)
        count = whole + (rest > 0)
        parts = [self.slice(blocks, 0, i, i + 1 - count or _END) for i in range(count)]
        if rest:
            parts[-1] = self.slice(parts[-1], 1, 0, rest * inputs)
        stretches = self.several("Concat", parts, 1, axis=1)[0]
        weight = self.constant(kernel.transpose(2, 1, 0).reshape(width * inputs, outputs))
        y = self.add("MatMul", stretches, weight)
        return y if bias is None else self.add("Add", y, self.constant(bias))

    def integer_product(self, x: str, linear: Linear) -> str:
        """As the published files have it: activations scaled over the whole call."""
        codes, scale, zero = self.several("DynamicQuantizeLinear", [x], 3)
        weights = [self.constant(each) for each in (linear.codes, linear.scale, linear.zero)]
        inputs = [codes, weights[0], scale, weights[1], zero, weights[2]]
        bias = [] if linear.bias is None else [self.constant(linear.bias)]
        return self.add("MatMulIntegerToFloat", *inputs, *bias, domain=MICROSOFT)

    def rotated(self, heads: str, positions: str, count: int, frequencies: Floats) -> str:
        """Rotary positions for [B, L, count · D], https://arxiv.org/abs/2104.09864."""
        angles = np.arange(_MOST_POSITIONS)[:, None] * frequencies
        return self.add(
            "RotaryEmbedding",
            heads,
            positions,
            self.constant(np.cos(angles).astype(np.float32)),
            self.constant(np.sin(angles).astype(np.float32)),
            interleaved=1,
            num_heads=count,
            rotary_embedding_dim=2 * len(frequencies),
            domain=MICROSOFT,
        )

    def gelu(self, x: str) -> str:
        """The activation of the encoder."""
        return self.add("Gelu", x, domain=MICROSOFT)

    def queries_keys_values(self, x: str, positions: str, shape: Shape, frequencies: Floats) -> list[str]:
        """Take [B, L, 3 W] apart, with their positions in queries and keys."""
        sizes = self.constant(np.array([2 * shape.width, shape.width]))
        both, values = self.several("Split", [x, sizes], 2, axis=-1)
        both = self.rotated(both, positions, 2 * shape.heads, frequencies)
        return [*self.several("Split", [both], 2, axis=-1, num_outputs=2), values]

    def serialised(self) -> bytes:
        """The graph as an ONNX file."""
        graph = onnx.helper.make_graph(self._nodes, "moonshine", self._inputs, self._outputs, self._constants)
        opsets = [onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid(MICROSOFT, 1)]
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
