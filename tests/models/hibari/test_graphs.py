from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from antiphon.errors import ModelCorrupt, StorageError
from antiphon.models.hibari import graphs
from antiphon.models.hibari.model import HibariModel


def session(folder: Path, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(folder / f"{name}.onnx", options)


def test_the_same_source_gives_the_same_bytes(model: HibariModel, model_folder: Path, tmp_path: Path) -> None:
    graphs.prepare(model_folder / "hibari.onnx", tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == [
        "decoder.onnx",
        "encoder.onnx",
        "prosody.onnx",
        "stamp",
    ]
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (model_folder / "prepared" / path.name).read_bytes()


def test_graphs_count_as_prepared_only_under_their_own_stamp(
    model: HibariModel, model_folder: Path, tmp_path: Path
) -> None:
    source = model_folder / "hibari.onnx"
    assert graphs.is_prepared(source, model_folder / "prepared")
    assert not graphs.is_prepared(source, tmp_path)
    (tmp_path / "stamp").write_text("of an older recipe")
    assert not graphs.is_prepared(source, tmp_path)


def test_a_file_that_is_no_graph_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "hibari.onnx").write_bytes(b"not protobuf at all")
    with pytest.raises(ModelCorrupt, match=r"hibari\.onnx is not an ONNX file"):
        graphs.prepare(tmp_path / "hibari.onnx", tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_another_graph_is_corrupt(tmp_path: Path) -> None:
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    other = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", shape[:1], shape[1:])
    onnx.save(helper.make_model(other), tmp_path / "hibari.onnx")
    with pytest.raises(ModelCorrupt, match=r"it has no m\.text\.emb\.weight"):
        graphs.prepare(tmp_path / "hibari.onnx", tmp_path / "prepared")


def test_a_target_that_is_no_folder_is_told(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "prepared").write_text("in the way")
    with pytest.raises(StorageError, match=r"prepared: File exists"):
        graphs.prepare(model_folder / "hibari.onnx", tmp_path / "prepared")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("prosody", (graphs.PLAN_CHANNELS, graphs.PROSODY_CONTEXT, 2)),
        ("decoder", (graphs.FRAME_CHANNELS, graphs.DECODER_CONTEXT, 1)),
    ],
)
def test_rows_depend_on_their_context_alone(
    model: HibariModel, model_folder: Path, name: str, shape: tuple[int, int, int]
) -> None:
    channels, context, rate = shape
    graph = session(model_folder / "prepared", name)
    x = np.random.default_rng(0).standard_normal((3, 200, channels)).astype(np.float32)
    (whole,) = graph.run(None, {"x": x, "edges": graphs.edges(start=True, end=True)})
    assert whole.shape[:2] == (3, 200 * rate)
    inner = graphs.edges(start=False, end=False)
    for first, last in [(context, context + 1), (70, 73), (61, 77), (60, 146)]:
        window = np.ascontiguousarray(x[1:2, first - context : last + context])
        (rows,) = graph.run(None, {"x": window, "edges": inner})
        np.testing.assert_array_equal(rows[0], whole[1, first * rate : last * rate])
    for size in (context + 1, context + 40):
        (rows,) = graph.run(None, {"x": x[2:, :size].copy(), "edges": graphs.edges(start=True, end=False)})
        np.testing.assert_array_equal(rows[0], whole[2, : (size - context) * rate])
        (rows,) = graph.run(None, {"x": x[2:, -size:].copy(), "edges": graphs.edges(start=False, end=True)})
        np.testing.assert_array_equal(rows[0], whole[2, -(size - context) * rate :])
