from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import ModelMissing
from antiphon.models.silero import SileroVAD
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings


@pytest.fixture(scope="module")
def vad() -> SileroVAD:
    return SileroVAD.load(ModelStore(load_settings().models_dir).folder("silero-vad"))


def probabilities(vad: SileroVAD, samples: np.ndarray) -> list[float]:
    state, heard = vad.initial_state(), []
    for start in range(0, len(samples) - vad.frame_samples + 1, vad.frame_samples):
        [(probability, state)] = vad.step([samples[start : start + vad.frame_samples]], [state])
        heard.append(probability)
    return heard


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="models pull"):
        SileroVAD.load(tmp_path)


@pytest.mark.models
def test_noise_and_tones_are_no_speech(vad: SileroVAD) -> None:
    time = np.arange(16_000) / 16_000
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
    for samples in (np.zeros(16_000), noise, 0.1 * np.sin(2 * np.pi * 440 * time)):
        assert max(probabilities(vad, samples.astype(np.float32))) < 0.3


@pytest.mark.models
def test_streams_in_a_batch_do_not_hear_each_other(vad: SileroVAD) -> None:
    random = np.random.default_rng(1)
    streams = random.normal(0, 0.1, (3, 4, vad.frame_samples)).astype(np.float32)
    states = [vad.initial_state() for _ in streams]
    together: list[list[float]] = [[] for _ in streams]
    for frame in range(4):
        results = vad.step(list(streams[:, frame]), states)
        states = [state for _, state in results]
        for heard, (probability, _) in zip(together, results, strict=True):
            heard.append(probability)
    for stream, heard in zip(streams, together, strict=True):
        np.testing.assert_allclose(probabilities(vad, stream.ravel()), heard, atol=1e-5)


@pytest.mark.models
def test_no_stream_is_no_work(vad: SileroVAD) -> None:
    assert vad.step([], []) == []
