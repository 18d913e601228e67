"""The pulled models, human speech, and a driver that hears a whole stream."""

import json
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.model import Hearing
from antiphon.models.silero import SileroVAD
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.speech.listener import Listener, ListenerOptions, Output

Samples = NDArray[np.float32]

SPEECH = Path(__file__).parents[2] / "data" / "speech"


@dataclass(frozen=True)
class Clip:
    name: str
    text: str
    samples: Samples


@pytest.fixture(scope="session")
def store() -> ModelStore:
    return ModelStore(load_settings().models_dir)


@pytest.fixture(scope="session")
def moonshine(store: ModelStore) -> MoonshineModel:
    name = "moonshine-tiny-en"
    return MoonshineModel.load(store.folder(name), store.catalog.find(name).card)


@pytest.fixture(scope="session")
def vad(store: ModelStore) -> SileroVAD:
    return SileroVAD.load(store.folder("silero-vad"))


@pytest.fixture(scope="session")
def clips() -> list[Clip]:
    def read(name: str) -> Samples:
        with wave.open(str(SPEECH / name)) as file:
            assert file.getframerate() == 16_000
            return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32_768

    manifest = json.loads((SPEECH / "manifest.json").read_text())
    return [Clip(entry["file"], entry["text"], read(entry["file"])) for entry in manifest]


@pytest.fixture(scope="session")
def hear_stream(moonshine: MoonshineModel, vad: SileroVAD) -> Callable[..., list[Output]]:
    """Streams an array through VAD, listener and recogniser; returns everything said."""

    def hear(
        samples: Samples,
        *,
        partials: bool = False,
        push: int = 1_600,
        word_timestamps: bool = False,
    ) -> list[Output]:
        listener, state, said = Listener(ListenerOptions(partials=partials)), vad.initial_state(), []
        utterances: dict[float, Hearing] = {}

        def advance() -> None:
            nonlocal state
            while (frame := listener.next_frame()) is not None:
                [(probability, state)] = vad.step([frame], [state])
                listener.judge(probability)
            said.extend(listener.poll())
            while listener.owes_final or listener.partial_due(0.5):
                window = listener.next_window()
                utterance = utterances.setdefault(window.start_s, moonshine.start())
                [heard] = moonshine.step([utterance], [window.samples], word_timestamps=[word_timestamps])
                said.extend(listener.hear(window, heard))

        for start in range(0, len(samples), push):
            listener.push(samples[start : start + push])
            advance()
        listener.end()
        advance()
        return said

    return hear
