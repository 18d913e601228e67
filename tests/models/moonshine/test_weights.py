"""Any Moonshine: its sizes, names and kinds of numbers are those of its files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.card import Card
from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.shape import Shape
from antiphon.models.moonshine.weights import Linear, Parameters, shape_of
from antiphon.models.sessions import onnxruntime, session_options
from antiphon.models.store import ModelStore

NUMBERS = st.floats(-100, 100, width=32)
MATRICES = hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=NUMBERS)


@given(MATRICES)
def test_numbers_become_the_nearest_of_256_steps(weight: np.ndarray) -> None:
    linear = Linear.of_numbers(weight)
    assert np.all(np.abs(linear.weight - weight) <= 0.51 * linear.scale + 1e-5)


@given(hnp.arrays(np.int8, (3, 4)), hnp.arrays(np.int8, st.sampled_from([(), (1,), (4,)])))
def test_signed_codes_mean_what_they_did(codes: np.ndarray, zero: np.ndarray) -> None:
    linear = Linear.of_codes(codes, np.array(0.5, np.float32), zero)
    expected = (codes.astype(np.float32) - zero.astype(np.float32)) * 0.5
    np.testing.assert_array_equal(linear.weight, np.broadcast_to(expected, (3, 4)))


@pytest.fixture(scope="module")
def folder(store: ModelStore) -> Path:
    return store.folder("moonshine-tiny-en")


def graphs_of(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs_of(attribute.g)


def write_as_floats(ort: Path, target: Path, number: type) -> None:
    """The parameters of an ``.ort`` as an ``.onnx`` of floats under the names of transformers' early days."""
    written = target.with_suffix(".quantised")
    options = session_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.optimized_model_filepath = str(written)
    options.add_session_config_entry("session.save_model_format", "ONNX")
    onnxruntime.InferenceSession(str(ort), options)
    model = onnx.load(str(written))
    written.unlink()
    arrays = {t.name: t for graph in graphs_of(model.graph) for t in graph.initializer}

    def numbers(name: str) -> np.ndarray:
        scale, zero = (onnx.numpy_helper.to_array(arrays[name + end]) for end in ("_scale", "_zero_point"))
        codes = onnx.numpy_helper.to_array(arrays[f"{name}_quantized"])
        return ((codes.astype(np.float32) - zero) * scale).astype(number)

    quantised = {name.removesuffix("_quantized") for name in arrays if name.endswith("_quantized")}
    floats = [onnx.numpy_helper.from_array(numbers(name), name) for name in quantised]
    for graph in graphs_of(model.graph):
        kept = [t for t in graph.initializer if not t.name.startswith(tuple(quantised))]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        for node in graph.node:
            node.input[:] = [name.removesuffix("_quantized") for name in node.input]
            node.name = node.name.removesuffix("_quant").replace("o_proj", "dense")
            if "decoder" in node.name:
                node.name = node.name.replace("mlp/fc1", "mlp/up_proj").replace("mlp/fc2", "mlp/down_proj")
            if node.op_type.startswith(("MatMulInteger", "DynamicQuantize")) and "proj_out" in node.name:
                node.name = "elsewhere"
        for t in graph.initializer:
            if "decoder" in t.name:
                t.name = t.name.replace("mlp.fc1", "mlp.up_proj").replace("mlp.fc2", "mlp.down_proj")
    model.graph.initializer.extend(floats)
    target.write_bytes(model.SerializeToString())


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("number", [np.float32, np.float16])
def test_floats_under_older_names_are_the_same_model(
    store: ModelStore, moonshine: MoonshineModel, clips: list, tmp_path: Path, number: type
) -> None:
    folder = store.folder("moonshine-tiny-en")
    for name in ("encoder_model", "decoder_model_merged"):
        write_as_floats(folder / f"{name}.ort", tmp_path / f"{name}.onnx", number)
    (tmp_path / "tokenizer.json").symlink_to(folder / "tokenizer.json")
    card = store.catalog.find("moonshine-tiny-en").card
    floats = MoonshineModel.load(tmp_path, card)
    for clip in clips:
        texts = [
            model.step([model.start()], [clip.samples], word_timestamps=[True])[0].text
            for model in (floats, moonshine)
        ]
        assert texts[0] == texts[1]


@pytest.mark.models
def test_sizes_are_those_of_the_files(folder: Path) -> None:
    encoder, decoder = (
        Parameters(folder / f"{name}.ort") for name in ("encoder_model", "decoder_model_merged")
    )
    shape = shape_of(encoder, decoder)
    assert shape == Shape(width=288, heads=8, encoder_layers=6, decoder_layers=6)
    assert shape.head_width == 36
    assert len(encoder.frequencies("")) == 16
    for call in (
        lambda: shape_of(decoder, encoder),
        lambda: encoder.linear("/layers.9/mlp/fc1"),
        encoder.words,
        lambda: encoder.frequencies("/nowhere"),
    ):
        with pytest.raises(ModelCorrupt, match="is not a part of Moonshine: it lacks"):
            call()


@pytest.mark.models
def test_alignment_heads_that_are_not_there_are_named(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).symlink_to(path)
    with pytest.raises(ModelCorrupt, match=r"head 1 of layer 6: .* 6 layers of 8 heads"):
        MoonshineModel.load(tmp_path, Card("toy", alignment_heads=((6, 1),)))


def test_what_is_no_onnx_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"There is no .*a\.onnx"):
        Parameters(tmp_path / "a.onnx")
    (tmp_path / "a.onnx").write_bytes(b"no model")
    with pytest.raises(ModelCorrupt, match=r"a\.onnx is no ONNX file"):
        Parameters(tmp_path / "a.onnx")
