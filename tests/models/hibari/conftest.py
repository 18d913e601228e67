import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from antiphon.models.hibari.model import HibariModel


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hibari")
    with as_file(files("hibari").joinpath("assets/hibari.onnx")) as source:
        shutil.copy(source, folder / "hibari.onnx")
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> HibariModel:
    return HibariModel.load(model_folder)


@pytest.fixture(scope="session")
def whole_sentence(model_folder: Path) -> Callable[[list[int], float], dict[str, np.ndarray]]:
    """The published graph with its int8 products replaced by float32 ones in place, run in one call."""
    graph = onnx.load(model_folder / "hibari.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(_dequantised(graph).SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]

    def run(ids: list[int], speed: float) -> dict[str, np.ndarray]:
        feed = {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        return dict(zip(names, session.run(names, feed), strict=True))

    return run


def _dequantised(model: Any) -> Any:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    readers = {name: node for node in model.graph.node for name in node.input}
    for node in [node for node in model.graph.node if node.op_type == "MatMulInteger"]:
        x, matrix, _, zero = node.input
        scaled = readers[readers[node.output[0]].output[0]]
        scales = next(makers[name] for name in scaled.input if makers[name].op_type == "Mul")
        scale = next(tensors[name] for name in scales.input if name in tensors)
        value = (tensors[matrix].astype(np.float32) - tensors[zero].astype(np.float32)) * scale
        name = f"{node.name}_float32"
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
        product = helper.make_node("MatMul", [makers[x].input[0], name], list(scaled.output))
        model.graph.node.insert(list(model.graph.node).index(scaled), product)
        model.graph.node.remove(scaled)
    return model
