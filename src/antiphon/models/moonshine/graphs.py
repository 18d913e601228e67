"""What is made once of the published files: the same model as three graphs that suit a stream.

The published decoder spends nine tenths of a step on shapes, computes what the encoder's part of the cache
holds only in a step of its own, and tells nothing of its attention. Its activations are scaled over a whole
call, so that a token depended on its neighbours. These graphs hold the same weights and give:

=======  ==========================================================  ======================================
graph    input                                                       output
=======  ==========================================================  ======================================
stem     ``blocks`` [3 f + 7, 64] of samples                         ``raw`` [f, 2 W]: the second convolution
                                                                     of what the first gives, not normalised;
                                                                     ``sums``, ``squares`` [3 f + 6] of the
                                                                     frames of the first
encoder  ``raw`` [2 T + 2, 2 W]; ``mean`` and ``inverse`` []: of     ``memory`` [2 N, H, T, D]: keys and
         all the first gave, the mean and 1 / deviation              values of the decoder's N layers
decoder  ``tokens`` [B, L], their ``positions`` [B, L],              ``next`` [B, L] the most probable
         ``sees`` [B, 1, L, P + L] and ``hears`` [B, 1, L, T] (0,    tokens, ``log_probability`` [B, L],
         or -inf for what is hidden), ``past.N.key`` and             ``attention`` [B, L, T], ``told``
         ``past.N.value`` [B, 8, P, 36], ``memory.N`` [B, 8, T, 36], [B, L, K] the log-probabilities of the
         ``asked`` [K]: tokens                                       tokens asked for,
                                                                     ``present.N.key``, ``present.N.value``
=======  ==========================================================  ======================================

W is the model's width, of H heads with D channels each: 288 = 8 · 36 in Moonshine tiny, 416 = 8 · 52 in base.

Products are of 8-bit integers, as published, but the decoder's scale activations by pieces of a row: a row
gives the same tokens whatever else is in the call, but for rounding (one text in ninety differed by a comma
when it was checked in one run instead of written step by step). With float32 none differed; but a step reads
all weights, and reading four times as many bytes cost a sixth of all that streams need.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.building import FLOAT, MICROSOFT, Graph
from antiphon.models.moonshine.shape import BLOCK_SAMPLES, ENCODER_STRIDE, STEM_STRIDE, Shape
from antiphon.models.moonshine.weights import Linear, Parameters


def stem(parameters: Parameters) -> bytes:
    """The first two convolutions."""
    graph = Graph()
    samples = graph.add("Reshape", graph.input("blocks", 2), [-1, 1])
    frames = graph.convolution(samples, parameters.array("conv1.weight"), BLOCK_SAMPLES)
    frames = graph.add("Tanh", frames)
    graph.output(graph.add("ReduceSum", frames, [1], keepdims=0), "sums")
    graph.output(graph.add("ReduceSumSquare", frames, [1], keepdims=0), "squares")
    scaled = parameters.array("conv2.weight") * parameters.input_of("/groupnorm/Mul", 1)
    graph.output(graph.convolution(frames, scaled, STEM_STRIDE), "raw")
    return graph.serialised()


def encoder(shape: Shape, parameters: Parameters, decoder_parameters: Parameters) -> bytes:
    """From the normalisation of the first convolution to the keys and values of the decoder."""
    graph = Graph()
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
    frequencies = parameters.frequencies("")
    first_position = graph.constant(np.zeros(1, np.int64))
    for layer in range(shape.encoder_layers):
        name = f"layers.{layer}"
        maps = [parameters.linear(f"/{name}/self_attn/{each}_proj") for each in "qkv"]
        y = graph.normalised(x, parameters.array(f"{name}.input_layernorm.weight"))
        y = graph.integer_product(y, Linear.side_by_side(maps))
        queries, keys, values = graph.queries_keys_values(y, first_position, shape, frequencies)
        y = graph.add("MultiHeadAttention", queries, keys, values, num_heads=shape.heads, domain=MICROSOFT)
        output = parameters.linear(f"/{name}/self_attn/o_proj", f"/{name}/self_attn/dense")
        x = graph.add("Add", x, graph.integer_product(y, output))
        y = graph.normalised(x, parameters.array(f"{name}.post_attention_layernorm.weight"))
        y = graph.gelu(graph.integer_product(y, parameters.linear(f"/{name}/mlp/fc1")))
        x = graph.add("Add", x, graph.integer_product(y, parameters.linear(f"/{name}/mlp/fc2")))
    x = graph.normalised(x, parameters.array("layer_norm.weight"))
    maps = [
        decoder_parameters.linear(f"/model/decoder/layers.{layer}/encoder_attn/{each}_proj")
        for layer in range(shape.decoder_layers)
        for each in "kv"
    ]
    memory = graph.integer_product(x, Linear.side_by_side(maps))
    memory = graph.add("Reshape", memory, [-1, len(maps), shape.heads, shape.head_width])
    graph.output(graph.add("Transpose", memory, perm=[1, 2, 0, 3]), "memory")
    return graph.serialised()


def decoder(shape: Shape, parameters: Parameters, alignment_heads: Iterable[tuple[int, int]]) -> bytes:
    """One run of the decoder over any number of next tokens of each row.

    Args:
        shape: of the model.
        parameters: of the decoder.
        alignment_heads: (layer, head) of the attention that looks at the word being written; without any,
            all heads of the upper half of the layers, which see it less clearly.
    """
    upper = range(shape.decoder_layers // 2, shape.decoder_layers)
    looking = list(alignment_heads) or [(layer, head) for layer in upper for head in range(shape.heads)]
    graph = Graph()
    tokens = graph.input("tokens", 2, integers=True)
    positions = graph.input("positions", 2, integers=True)
    sees, hears = graph.input("sees", 4), graph.input("hears", 4)
    words = parameters.words()
    frequencies = parameters.frequencies("/model/decoder")
    x = _embedded(graph, tokens, words)
    looks: list[str] = []
    for layer in range(shape.decoder_layers):
        name, module = f"model.decoder.layers.{layer}", f"/model/decoder/layers.{layer}"

        def linear(*parts: str, module: str = module) -> Linear:
            return parameters.linear(*(f"{module}/{part}" for part in parts))

        y = graph.normalised(x, parameters.array(f"{name}.input_layernorm.weight"))
        maps = [linear(f"self_attn/{each}_proj") for each in "qkv"]
        y = graph.product(y, Linear.side_by_side(maps))
        queries, keys, values = graph.queries_keys_values(y, positions, shape, frequencies)
        past = [graph.input(f"past.{layer}.{kind}", 4) for kind in ("key", "value")]
        y, *present = graph.several(
            "MultiHeadAttention",
            [queries, keys, values, "", "", sees, *past],
            3,
            num_heads=shape.heads,
            domain=MICROSOFT,
        )
        for kind, value in zip(("key", "value"), present, strict=True):
            graph.output(value, f"present.{layer}.{kind}")
        x = graph.add("Add", x, graph.product(y, linear("self_attn/o_proj", "self_attn/dense")))

        y = graph.normalised(x, parameters.array(f"{name}.post_attention_layernorm.weight"))
        y = graph.product(y, linear("encoder_attn/q_proj"))
        y = graph.add(
            "Transpose", graph.add("Reshape", y, [0, 0, shape.heads, shape.head_width]), perm=[0, 2, 1, 3]
        )
        keys, values = graph.input(f"memory.{2 * layer}", 4), graph.input(f"memory.{2 * layer + 1}", 4)
        y = graph.add("FusedMatMul", y, keys, transB=1, alpha=shape.head_width**-0.5, domain=MICROSOFT)
        weights = graph.add("Softmax", graph.add("Add", y, hears), axis=-1)
        if heads := [head for at, head in looking if at == layer]:
            looks.append(graph.add("Gather", weights, graph.constant(np.array(heads)), axis=1))
        y = graph.add("Transpose", graph.add("MatMul", weights, values), perm=[0, 2, 1, 3])
        output = linear("encoder_attn/o_proj", "encoder_attn/dense")
        y = graph.product(graph.add("Reshape", y, [0, 0, shape.width]), output)
        x = graph.add("Add", x, y)

        y = graph.normalised(x, parameters.array(f"{name}.final_layernorm.weight"))
        y = graph.product(y, linear("mlp/fc1", "mlp/up_proj"))
        y, gate = graph.several("Split", [y], 2, axis=-1, num_outputs=2)
        y = graph.add("Mul", y, graph.add("QuickGelu", gate, alpha=1.0, domain=MICROSOFT))
        x = graph.add("Add", x, graph.product(y, linear("mlp/fc2", "mlp/down_proj")))
    attention = graph.several("Concat", looks, 1, axis=1)[0]
    graph.output(graph.add("ReduceMean", attention, [1], keepdims=0), "attention")
    _choose(graph, graph.normalised(x, parameters.array("model.decoder.norm.weight")), words)
    return graph.serialised()


def _embedded(graph: Graph, tokens: str, words: Linear) -> str:
    """The columns of the words, [B, L, W]."""
    columns = words.codes.T, words.zero[:, None].astype(np.float32), words.scale[:, None]
    codes, zero, scale = (graph.add("Gather", graph.constant(each), tokens) for each in columns)
    return graph.add("Mul", graph.add("Sub", graph.add("Cast", codes, to=FLOAT), zero), scale)


def _choose(graph: Graph, x: str, words: Linear) -> None:
    """The most probable token of each row, its log-probability, and those of the tokens asked for."""
    middle = graph.constant(np.uint8(128))
    loudest = graph.add("ReduceMax", graph.add("Abs", x), [-1])
    codes = graph.add("Div", x, graph.add("Mul", loudest, 1 / 127))
    codes = graph.add("QuantizeLinear", codes, 1.0, middle)
    scale, zero = graph.constant(_shared(words.scale)), graph.constant(_shared(words.zero))
    inputs = [codes, graph.constant(words.codes), graph.constant(np.float32(1.0)), scale, middle, zero]
    scores = graph.add("MatMulIntegerToFloat", *inputs, domain=MICROSOFT)
    graph.output(graph.add("ArgMax", scores, axis=-1, keepdims=0), "next", integers=True)
    best = graph.add("ReduceMax", scores, [-1])
    below = graph.add("Mul", graph.add("Sub", scores, best), graph.add("Mul", loudest, 1 / 127))
    total = graph.add("ReduceSum", graph.add("Exp", below), [-1], keepdims=0)
    log_probability = graph.add("Neg", graph.add("Log", total))
    graph.output(log_probability, "log_probability")
    asked = graph.add("Gather", below, graph.input("asked", 1, integers=True), axis=2)
    graph.output(graph.add("Add", asked, graph.add("Unsqueeze", log_probability, [2])), "told")


def _shared(values: NDArray[Any]) -> NDArray[Any] | np.generic:
    """One number for all outputs, if they have the same: the product is then a seventh faster."""
    return values[0] if (values == values[0]).all() else values
