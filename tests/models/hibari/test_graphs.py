from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from antiphon.errors import ModelCorrupt
from antiphon.models.hibari.model import HibariModel
from antiphon.models.hibari.rewriting import build


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
