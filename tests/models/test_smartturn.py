from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import ModelMissing
from antiphon.models.registry import TURN_MODEL
from antiphon.models.smartturn import SmartTurn, log_mel
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

RATE = 16_000


def chirp(seconds: float) -> np.ndarray:
    """A tone that rises from 100 to 3,100 Hz and from silence to level 0.3."""
    time = np.arange(round(RATE * seconds)) / RATE
    phase = 2 * np.pi * (100 * time + 3000 / (2 * seconds) * time * time)
    return (0.3 * time / seconds * np.sin(phase)).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> SmartTurn:
    return SmartTurn.load(ModelStore(load_settings().models_dir).folder(TURN_MODEL))


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="models pull"):
        SmartTurn.load(tmp_path)


# What compute_whisper_log_mel_features of pipecat-ai 1.14.0 gives for the same audio: its mean and standard
# deviation, and its values at the places below.
REFERENCE = {
    0.5: (-0.00735, 0.11361, -0.01801, 0.44724, 1.07078, -0.01801, -0.01801, -0.01801),
    3.0: (-0.14851, 0.2405, -0.1971, 0.25233, -0.1971, -0.1971, -0.1971, -0.1971),
    9.0: (-0.18568, 0.38336, 0.6917, 0.13337, -0.31598, -0.29322, -0.31598, -0.31598),
}
PLACES = ((0, 0), (10, 799), (40, 780), (60, 790), (79, 795), (5, 400))


@pytest.mark.parametrize("seconds", REFERENCE)
def test_features_are_those_of_the_reference(seconds: float) -> None:
    features = log_mel(chirp(seconds))
    assert (features.shape, features.dtype) == ((80, 800), np.float32)
    told = (features.mean(), features.std(), *(features[place] for place in PLACES))
    np.testing.assert_allclose(told, REFERENCE[seconds], atol=2e-5)


@pytest.mark.parametrize("length", [0, 1, 399, 16_000, 100_123, 128_000])
def test_silence_before_short_audio_is_as_if_it_had_been_there(length: int) -> None:
    audio = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    padded = np.concatenate([np.zeros(128_000 - length, np.float32), audio])
    np.testing.assert_allclose(log_mel(audio), log_mel(padded), atol=1e-6)


def test_only_the_last_eight_seconds_count() -> None:
    audio = np.random.default_rng(1).normal(0, 0.1, 200_000).astype(np.float32)
    np.testing.assert_array_equal(log_mel(audio), log_mel(audio[-128_000:]))


@pytest.mark.models
def test_streams_in_a_batch_do_not_hear_each_other(model: SmartTurn) -> None:
    windows = [chirp(0.5), chirp(3.0), chirp(9.0)]
    alone = [probability for window in windows for probability in model.step([window])]
    np.testing.assert_allclose(model.step(windows), alone, atol=1e-3)
    assert all(0.0 <= probability <= 1.0 for probability in alone)


@pytest.mark.models
def test_no_stream_is_no_work(model: SmartTurn) -> None:
    assert model.step([]) == []
