"""The one place that opens onnxruntime sessions, which come without types."""

from pathlib import Path
from typing import Any

import onnxruntime as untyped_onnxruntime

from antiphon.errors import ModelCorrupt, ModelMissing

onnxruntime: Any = untyped_onnxruntime

_FATAL_AND_ERRORS = 3


def session_options() -> Any:
    """Options for one engine thread that shares its cores with other workers: no pool, no spinning."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Loading warns of initialisers that fusions left unused; nobody can act on that.
    options.log_severity_level = _FATAL_AND_ERRORS
    return options


def open_session(path: Path, *, options: Any = None) -> Any:
    """An onnxruntime session of a model file.

    Args:
        path: ``.onnx`` or ``.ort``.
        options: by default `session_options`.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: onnxruntime can't load it.
    """
    if not path.is_file():
        raise ModelMissing(f"There is no {path}; run: antiphon models pull {path.parent.name}")
    try:
        return onnxruntime.InferenceSession(str(path), options or session_options())
    # onnxruntime raises a class of its own for each status, all from pybind.
    except Exception as error:  # noqa: BLE001
        raise ModelCorrupt(f"onnxruntime can't load {path}: {error}") from None
