"""The pulled models, where they are, and human speech."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.errors import ModelMissing
from antiphon.models.registry import load_stt
from antiphon.models.store import ModelStore
from antiphon.models.whisper import WhisperModel
from antiphon.settings import load_settings

SPEECH = Path(__file__).parents[2] / "data" / "speech"


@dataclass(frozen=True)
class Clip:
    name: str
    text: str
    samples: NDArray[np.float32]


def pulled(name: str) -> WhisperModel:
    try:
        model = load_stt(name, ModelStore(load_settings().models_dir))
    except ModelMissing:
        pytest.skip(f"{name} is not pulled; run: antiphon models pull {name}")
    assert isinstance(model, WhisperModel)
    return model


@pytest.fixture(scope="session")
def base() -> WhisperModel:
    return pulled("whisper-base")


@pytest.fixture(scope="session")
def tiny_en() -> WhisperModel:
    return pulled("whisper-tiny-en")


@pytest.fixture(scope="session")
def clips() -> list[Clip]:
    def read(name: str) -> NDArray[np.float32]:
        with wave.open(str(SPEECH / name)) as file:
            return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32_768

    manifest = json.loads((SPEECH / "manifest.json").read_text())
    return [Clip(entry["file"], entry["text"], read(entry["file"])) for entry in manifest]
