from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from antiphon.errors import ModelCorrupt
from antiphon.models.hibari import graphs
from antiphon.models.hibari.model import HibariModel
from antiphon.models.hibari.rewriting import build


def session(folder: Path, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(folder / f"{name}.onnx", options)


def test_the_same_source_gives_the_same_bytes(model: HibariModel, model_folder: Path) -> None:
    built = build(model_folder / "hibari.onnx")
    assert sorted(built) == ["decoder.onnx", "encoder.onnx", "prosody.onnx"]
    for name, content in built.items():
        assert content == (model_folder / "prepared" / name).read_bytes()


def test_a_file_that_is_no_graph_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "hibari.onnx").write_bytes(b"not protobuf at all")
    with pytest.raises(ModelCorrupt, match=r"hibari\.onnx is not an ONNX file"):
        build(tmp_path / "hibari.onnx")


def test_another_graph_is_corrupt(tmp_path: Path) -> None:
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    other = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", shape[:1], shape[1:])
    onnx.save(helper.make_model(other), tmp_path / "hibari.onnx")
    with pytest.raises(ModelCorrupt, match=r"it has no m\.text\.emb\.weight"):
        build(tmp_path / "hibari.onnx")


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
