"""Reads the parameters of Moonshine out of its published files.

Their names are those of the modules that transformers exports, which were renamed with time: where a reader
takes several names, they are of the same thing.
"""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx as untyped_onnx
from numpy.typing import NDArray

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.moonshine.shape import Floats, Shape
from antiphon.models.sessions import onnxruntime, open_session, session_options

onnx: Any = untyped_onnx

_QUANTIZED = "_quantized"
_MIDDLE = 128


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map in 8-bit integers: ``(codes - zero) · scale``, [inputs, outputs].

    Attributes:
        codes: [inputs, outputs].
        scale, zero: of each output, [outputs].
        bias: [outputs], or None.
    """

    codes: NDArray[np.uint8]
    scale: Floats
    zero: NDArray[np.uint8]
    bias: Floats | None = None

    @classmethod
    def of_codes(cls, codes: NDArray[Any], scale: NDArray[Any], zero: NDArray[Any]) -> "Linear":
        """From codes as they are in a file, signed or not, with one scale and zero or one for each output."""
        if codes.dtype == np.int8:
            codes, zero = _unsigned(codes), _unsigned(zero)
        outputs = codes.shape[1]
        scales = np.broadcast_to(scale.astype(np.float32).ravel(), outputs)
        return cls(codes, scales, np.broadcast_to(zero.ravel(), outputs))

    @classmethod
    def of_numbers(cls, weight: Floats) -> "Linear":
        """The nearest to a weight [inputs, outputs]: each output's range is cut into 255 steps."""
        low, high = weight.min(axis=0, initial=0), weight.max(axis=0, initial=0)
        scale = np.maximum((high - low) / 255, np.finfo(np.float32).tiny).astype(np.float32)
        zero = np.rint(-low / scale)
        codes = np.clip(np.rint(weight / scale) + zero, 0, 255)
        return cls(codes.astype(np.uint8), scale, zero.astype(np.uint8))

    @classmethod
    def side_by_side(cls, maps: Iterable["Linear"]) -> "Linear":
        """One map that gives the outputs of several, which have no bias."""
        maps = list(maps)
        return cls(
            np.concatenate([m.codes for m in maps], axis=1),
            np.concatenate([m.scale for m in maps]),
            np.concatenate([m.zero for m in maps]),
        )

    @property
    def weight(self) -> Floats:
        """[inputs, outputs] as numbers."""
        return (self.codes.astype(np.float32) - self.zero) * self.scale


class Parameters:
    """The parameters of one file by the names of the modules they belong to.

    Args:
        path: ``.ort`` as `onnxruntime` reads it, or ``.onnx``, of floats or 8-bit integers.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: it can't be read; also each method, when the file has no such parameter.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        graphs = list(_graphs(_load(path).graph))
        self._inputs = {each.name: each for graph in graphs for each in graph.input}
        self._nodes = {node.name: node for graph in graphs for node in graph.node}
        self._makers = {name: node for node in self._nodes.values() for name in node.output}
        self._arrays: dict[str, NDArray[Any]] = {
            t.name: onnx.numpy_helper.to_array(t) for graph in graphs for t in graph.initializer
        }
        for node in self._nodes.values():
            for attribute in node.attribute if node.op_type == "Constant" else ():
                if attribute.name == "value":
                    self._arrays[node.output[0]] = onnx.numpy_helper.to_array(attribute.t)

    def array(self, name: str) -> Floats:
        """A parameter as floats."""
        for found in (name, f"{name}_merged_0", f"{name}_add_tensor"):
            if found in self._arrays:
                return self._arrays[found].astype(np.float32)
        if f"{name}{_QUANTIZED}" in self._arrays:
            codes, scale, zero = self._quantized(name)
            if zero.dtype == codes.dtype:
                return (codes.astype(np.float32) - zero) * scale
            return codes * scale + zero  # as Moonshine's own quantiser has it for convolutions
        raise self._lacks(name)

    def linear(self, *modules: str) -> Linear:
        """The linear map of a module, such as ``/layers.0/mlp/fc1``, under the first name that is there."""
        for module in modules:
            for name in (f"{module}/MatMul_quant", f"{module}/MatMul"):
                if name in self._nodes:
                    return self._linear(name, self._bias(module))
        raise self._lacks(modules[0])

    def words(self) -> Linear:
        """From the last hidden state to the scores of the tokens, whose columns are their embeddings."""
        if "/proj_out/MatMul_quant" in self._nodes:
            return self._linear("/proj_out/MatMul_quant", None)
        gather = self._nodes.get("/model/decoder/embed_tokens/Gather")
        if gather is None:
            raise self._lacks("/model/decoder/embed_tokens")
        name = gather.input[0]
        if name.endswith(_QUANTIZED):
            codes, *scaling = self._quantized(name.removesuffix(_QUANTIZED))
            return Linear.of_codes(codes.T, *scaling)
        return Linear.of_numbers(self._arrays[name].astype(np.float32).T)

    def input_of(self, node: str, position: int) -> Floats:
        """A parameter that has no name of its own, by the node that reads it."""
        try:
            return self._arrays[self._nodes[node].input[position]].astype(np.float32)
        except LookupError:
            raise self._lacks(node) from None

    def frequencies(self, module: str) -> Floats:
        """Of the rotary positions of a module, each for two channels of a head."""
        try:
            name = self._nodes[f"{module}/rotary_emb/MatMul"].input[0]
            while name not in self._arrays:
                name = self._makers[name].input[0]
        except LookupError:
            raise self._lacks(f"{module}/rotary_emb") from None
        return self._arrays[name].astype(np.float32).ravel()

    def layers(self, module: str) -> int:
        """How many layers a module has."""
        names = (f"{module}/layers.{layer}/self_attn/q_proj/MatMul" for layer in range(len(self._nodes)))
        return next(
            layer
            for layer, name in enumerate(names)
            if name not in self._nodes and f"{name}_quant" not in self._nodes
        )

    def heads(self) -> tuple[int, int]:
        """Of the decoder's attention to what it has written: how many, and the width of each."""
        try:
            sizes = self._inputs["past_key_values.0.decoder.key"].type.tensor_type.shape.dim
            return sizes[1].dim_value, sizes[3].dim_value
        except LookupError:
            raise self._lacks("past_key_values.0.decoder.key") from None

    def _linear(self, node: str, bias: Floats | None) -> Linear:
        name = next((name for name in self._nodes[node].input if self._is_matrix(name)), None)
        if name is None:
            raise self._lacks(f"the weight of {node}")
        if name.endswith(_QUANTIZED):
            linear = Linear.of_codes(*self._quantized(name.removesuffix(_QUANTIZED)))
        else:
            linear = Linear.of_numbers(self._arrays[name].astype(np.float32))
        return Linear(linear.codes, linear.scale, linear.zero, bias)

    def _is_matrix(self, name: str) -> bool:
        return name in self._arrays and self._arrays[name].ndim == 2

    def _bias(self, module: str) -> Floats | None:
        name = f"{module.strip('/').replace('/', '.')}.bias"
        found = (name, f"{name}_merged_0")
        return next((self._arrays[each].astype(np.float32) for each in found if each in self._arrays), None)

    def _quantized(self, name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        try:
            codes, scale, zero = (self._arrays[name + end] for end in (_QUANTIZED, "_scale", "_zero_point"))
        except LookupError:
            raise self._lacks(name) from None
        return codes, scale, zero

    def _lacks(self, name: str) -> ModelCorrupt:
        return ModelCorrupt(f"{self._path} is not a part of Moonshine: it lacks {name}.")


def shape_of(encoder: Parameters, decoder: Parameters) -> Shape:
    """The sizes of the model whose parameters these are.

    Raises:
        ModelCorrupt: the two are no parts of one Moonshine.
    """
    heads, head_width = decoder.heads()
    shape = Shape(
        width=encoder.array("layer_norm.weight").size,
        heads=heads,
        encoder_layers=encoder.layers(""),
        decoder_layers=decoder.layers("/model/decoder"),
    )
    if decoder.array("model.decoder.norm.weight").size != shape.width or heads * head_width != shape.width:
        raise ModelCorrupt(
            f"The encoder is {shape.width} wide, the decoder "
            f"{decoder.array('model.decoder.norm.weight').size} with {heads} heads of {head_width}: "
            "they are not of one Moonshine."
        )
    return shape


def _unsigned(codes: NDArray[np.int8]) -> NDArray[np.uint8]:
    return (codes.astype(np.int16) + _MIDDLE).astype(np.uint8)


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _load(path: Path) -> Any:
    if path.suffix == ".ort":
        return _as_onnx(path)
    if not path.is_file():
        raise ModelMissing(f"There is no {path}; run: antiphon models pull {path.parent.name}")
    try:
        return onnx.load(str(path))
    # protobuf's decoder and onnx's own checks share no class.
    except Exception as error:  # noqa: BLE001
        raise ModelCorrupt(f"{path} is no ONNX file: {error}") from None


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
