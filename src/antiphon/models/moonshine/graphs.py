"""What is made once of the published files: the same model as three graphs that suit a stream.

The published decoder spends nine tenths of a step on shapes, computes what the encoder's part of the cache
holds only in a step of its own, and tells nothing of its attention. Its activations are scaled over a whole
call, so that a token depended on its neighbours. These graphs hold the same weights and give:

=======  ==========================================================  ======================================
graph    input                                                       output
=======  ==========================================================  ======================================
stem     ``blocks`` [3 f + 7, 64] of samples                         ``raw`` [f, 576]: the second convolution
                                                                     of what the first gives, not normalised;
                                                                     ``sums``, ``squares`` [3 f + 6] of the
                                                                     frames of the first
encoder  ``raw`` [2 T + 2, 576]; ``mean`` and ``inverse`` []: of     ``memory`` [12, 8, T, 36]: keys and
         all the first gave, the mean and 1 / deviation              values of the decoder's six layers
decoder  ``tokens`` [B, L], their ``positions`` [B, L],              ``next`` [B, L] the most probable
         ``sees`` [B, 1, L, P + L] and ``hears`` [B, 1, L, T] (0,    tokens, ``log_probability`` [B, L],
         or -inf for what is hidden), ``past.N.key`` and             ``attention`` [B, L, T], ``told``
         ``past.N.value`` [B, 8, P, 36], ``memory.N`` [B, 8, T, 36], [B, L, K] the log-probabilities of the
         ``asked`` [K]: tokens                                       tokens asked for,
                                                                     ``present.N.key``, ``present.N.value``
=======  ==========================================================  ======================================

Products are of 8-bit integers, as published, but the decoder's scale activations by pieces of a row: a row
gives the same tokens whatever else is in the call, but for rounding (one text in ninety differed by a comma
when it was checked in one run instead of written step by step). With float32 none differed; but a step reads
all weights, and reading four times as many bytes cost a sixth of all that streams need.
"""

from typing import Any

import numpy as np
import onnx as untyped_onnx
from numpy.typing import NDArray

from antiphon.models.moonshine.shape import (
    ALIGNMENT_HEADS,
    BLOCK_SAMPLES,
    ENCODER_STRIDE,
    HEAD_WIDTH,
    HEADS,
    LAYERS,
    STEM_STRIDE,
    WIDTH,
    Floats,
)
from antiphon.models.moonshine.weights import Linear, Parameters

onnx: Any = untyped_onnx

_ROTATED = 32
"""Of the 36 channels of a head, those that tell its position."""

_MOST_POSITIONS = 4096
"""100 s of audio: far more than the model hears well."""

_PIECE = 32
_EIGHT_BITS = 4
"""What onnxruntime calls products of 8-bit activations."""

_END = 2**62
_EPSILON = 1e-5
_MICROSOFT = "com.microsoft"


class _Graph:
    """An ONNX graph in the making: each method adds a node and returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, rank: int, *, integers: bool = False) -> str:
        kind = onnx.TensorProto.INT64 if integers else onnx.TensorProto.FLOAT
        shape = [f"{name}_{axis}" for axis in range(rank)]
        self._inputs.append(onnx.helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, *, integers: bool = False) -> None:
        kind = onnx.TensorProto.INT64 if integers else onnx.TensorProto.FLOAT
        self._nodes.append(onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(onnx.helper.make_tensor_value_info(name, kind, None))

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(onnx.numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def several(self, op: str, inputs: list[str], count: int, **attributes: Any) -> list[str]:
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
        return self.add("Slice", x, [start], [end], [axis])

    def normalised(self, x: str, weight: Floats) -> str:
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
            domain=_MICROSOFT,
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
        return self.add("MatMulIntegerToFloat", *inputs, *bias, domain=_MICROSOFT)

    def rotated(self, heads: str, positions: str, count: int) -> str:
        """Rotary positions for [B, L, count · 36], https://arxiv.org/abs/2104.09864."""
        frequencies = 10_000.0 ** -(np.arange(0, _ROTATED, 2) / _ROTATED)
        angles = np.arange(_MOST_POSITIONS)[:, None] * frequencies
        return self.add(
            "RotaryEmbedding",
            heads,
            positions,
            self.constant(np.cos(angles).astype(np.float32)),
            self.constant(np.sin(angles).astype(np.float32)),
            interleaved=1,
            num_heads=count,
            rotary_embedding_dim=_ROTATED,
            domain=_MICROSOFT,
        )

    def gelu(self, x: str) -> str:
        return self.add("Gelu", x, domain=_MICROSOFT)

    def queries_keys_values(self, x: str, positions: str) -> list[str]:
        """Take [B, L, 3 · 288] apart, with their positions in queries and keys."""
        both, values = self.several("Split", [x, self.constant(np.array([2 * WIDTH, WIDTH]))], 2, axis=-1)
        both = self.rotated(both, positions, 2 * HEADS)
        return [*self.several("Split", [both], 2, axis=-1, num_outputs=2), values]

    def serialised(self) -> bytes:
        graph = onnx.helper.make_graph(self._nodes, "moonshine", self._inputs, self._outputs, self._constants)
        opsets = [onnx.helper.make_opsetid("", 20), onnx.helper.make_opsetid(_MICROSOFT, 1)]
        return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def stem(parameters: Parameters) -> bytes:
    """The first two convolutions."""
    graph = _Graph()
    samples = graph.add("Reshape", graph.input("blocks", 2), [-1, 1])
    frames = graph.convolution(samples, parameters.array("conv1.weight"), BLOCK_SAMPLES)
    frames = graph.add("Tanh", frames)
    graph.output(graph.add("ReduceSum", frames, [1], keepdims=0), "sums")
    graph.output(graph.add("ReduceSumSquare", frames, [1], keepdims=0), "squares")
    scaled = parameters.array("conv2.weight") * parameters.input_of("/groupnorm/Mul", 1)
    graph.output(graph.convolution(frames, scaled, STEM_STRIDE), "raw")
    return graph.serialised()


def encoder(parameters: Parameters, decoder_parameters: Parameters) -> bytes:
    """From the normalisation of the first convolution to the keys and values of the decoder."""
    graph = _Graph()
    raw, mean, inverse = graph.input("raw", 2), graph.input("mean", 0), graph.input("inverse", 0)
    # The second convolution of (first - mean) · inverse · scale + shift, from that of first · scale.
    kernel = parameters.array("conv2.weight")
    of_scale = np.einsum("oct,c->o", kernel, parameters.input_of("/groupnorm/Mul", 1)[:, 0])
    of_shift = np.einsum("oct,c->o", kernel, parameters.input_of("/groupnorm/Add", 1)[:, 0])
    centred = graph.add("Sub", raw, graph.add("Mul", mean, graph.constant(of_scale)))
    constant = graph.constant(of_shift + parameters.array("conv2.bias"))
    x = graph.gelu(graph.add("Add", graph.add("Mul", centred, inverse), constant))
    kernel, bias = parameters.array("conv3.weight"), parameters.array("conv3.bias")
    x = graph.gelu(graph.convolution(x, kernel, ENCODER_STRIDE, bias))
    x = graph.add("Unsqueeze", x, [0])
    first_position = graph.constant(np.zeros(1, np.int64))
    for layer in range(LAYERS):
        name = f"layers.{layer}"
        maps = [parameters.linear(f"/{name}/self_attn/{each}_proj") for each in "qkv"]
        y = graph.normalised(x, parameters.array(f"{name}.input_layernorm.weight"))
        y = graph.integer_product(y, Linear.side_by_side(maps))
        queries, keys, values = graph.queries_keys_values(y, first_position)
        y = graph.add("MultiHeadAttention", queries, keys, values, num_heads=HEADS, domain=_MICROSOFT)
        x = graph.add("Add", x, graph.integer_product(y, parameters.linear(f"/{name}/self_attn/o_proj")))
        y = graph.normalised(x, parameters.array(f"{name}.post_attention_layernorm.weight"))
        y = graph.gelu(graph.integer_product(y, parameters.linear(f"/{name}/mlp/fc1")))
        x = graph.add("Add", x, graph.integer_product(y, parameters.linear(f"/{name}/mlp/fc2")))
    x = graph.normalised(x, parameters.array("layer_norm.weight"))
    maps = [
        decoder_parameters.linear(f"/model/decoder/layers.{layer}/encoder_attn/{each}_proj")
        for layer in range(LAYERS)
        for each in "kv"
    ]
    memory = graph.add(
        "Reshape", graph.integer_product(x, Linear.side_by_side(maps)), [-1, len(maps), HEADS, HEAD_WIDTH]
    )
    graph.output(graph.add("Transpose", memory, perm=[1, 2, 0, 3]), "memory")
    return graph.serialised()


def decoder(parameters: Parameters) -> bytes:
    """One run of the decoder over any number of next tokens of each row."""
    graph = _Graph()
    tokens = graph.input("tokens", 2, integers=True)
    positions = graph.input("positions", 2, integers=True)
    sees, hears = graph.input("sees", 4), graph.input("hears", 4)
    words = parameters.linear("/proj_out")
    embedding = graph.add("Gather", graph.constant(words.codes.T), tokens)
    zero, scale = graph.constant(words.zero[0]), graph.constant(words.scale[0])
    x = graph.add("DequantizeLinear", embedding, scale, zero)
    looks: list[str] = []
    for layer in range(LAYERS):
        name, module = f"model.decoder.layers.{layer}", f"/model/decoder/layers.{layer}"

        def linear(part: str, module: str = module) -> Linear:
            return parameters.linear(f"{module}/{part}")

        y = graph.normalised(x, parameters.array(f"{name}.input_layernorm.weight"))
        maps = [linear(f"self_attn/{each}_proj") for each in "qkv"]
        y = graph.product(y, Linear.side_by_side(maps))
        queries, keys, values = graph.queries_keys_values(y, positions)
        past = [graph.input(f"past.{layer}.{kind}", 4) for kind in ("key", "value")]
        y, *present = graph.several(
            "MultiHeadAttention",
            [queries, keys, values, "", "", sees, *past],
            3,
            num_heads=HEADS,
            domain=_MICROSOFT,
        )
        for kind, value in zip(("key", "value"), present, strict=True):
            graph.output(value, f"present.{layer}.{kind}")
        x = graph.add("Add", x, graph.product(y, linear("self_attn/o_proj")))

        y = graph.normalised(x, parameters.array(f"{name}.post_attention_layernorm.weight"))
        y = graph.product(y, linear("encoder_attn/q_proj"))
        y = graph.add("Transpose", graph.add("Reshape", y, [0, 0, HEADS, HEAD_WIDTH]), perm=[0, 2, 1, 3])
        keys, values = graph.input(f"memory.{2 * layer}", 4), graph.input(f"memory.{2 * layer + 1}", 4)
        y = graph.add("FusedMatMul", y, keys, transB=1, alpha=HEAD_WIDTH**-0.5, domain=_MICROSOFT)
        weights = graph.add("Softmax", graph.add("Add", y, hears), axis=-1)
        if layer in ALIGNMENT_HEADS:
            heads = graph.constant(np.array(ALIGNMENT_HEADS[layer]))
            looks.append(graph.add("Gather", weights, heads, axis=1))
        y = graph.add("Transpose", graph.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        y = graph.product(graph.add("Reshape", y, [0, 0, WIDTH]), linear("encoder_attn/o_proj"))
        x = graph.add("Add", x, y)

        y = graph.normalised(x, parameters.array(f"{name}.final_layernorm.weight"))
        y = graph.product(y, linear("mlp/fc1"))
        y, gate = graph.several("Split", [y], 2, axis=-1, num_outputs=2)
        y = graph.add("Mul", y, graph.add("QuickGelu", gate, alpha=1.0, domain=_MICROSOFT))
        x = graph.add("Add", x, graph.product(y, linear("mlp/fc2")))
    attention = graph.several("Concat", looks, 1, axis=1)[0]
    graph.output(graph.add("ReduceMean", attention, [1], keepdims=0), "attention")
    _choose(graph, graph.normalised(x, parameters.array("model.decoder.norm.weight")), words)
    return graph.serialised()


def _choose(graph: _Graph, x: str, words: Linear) -> None:
    """The most probable token of each row, its log-probability, and those of the tokens asked for."""
    middle = graph.constant(np.uint8(128))
    loudest = graph.add("ReduceMax", graph.add("Abs", x), [-1])
    codes = graph.add("Div", x, graph.add("Mul", loudest, 1 / 127))
    codes = graph.add("QuantizeLinear", codes, 1.0, middle)
    scale, zero = graph.constant(words.scale[0]), graph.constant(words.zero[0])
    inputs = [codes, graph.constant(words.codes), graph.constant(np.float32(1.0)), scale, middle, zero]
    scores = graph.add("MatMulIntegerToFloat", *inputs, domain=_MICROSOFT)
    graph.output(graph.add("ArgMax", scores, axis=-1, keepdims=0), "next", integers=True)
    best = graph.add("ReduceMax", scores, [-1])
    below = graph.add("Mul", graph.add("Sub", scores, best), graph.add("Mul", loudest, 1 / 127))
    total = graph.add("ReduceSum", graph.add("Exp", below), [-1], keepdims=0)
    log_probability = graph.add("Neg", graph.add("Log", total))
    graph.output(log_probability, "log_probability")
    asked = graph.add("Gather", below, graph.input("asked", 1, integers=True), axis=2)
    graph.output(graph.add("Add", asked, graph.add("Unsqueeze", log_probability, [2])), "told")
