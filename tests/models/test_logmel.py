import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.logmel import HOP, SAMPLE_RATE, LogMel


def tone(hertz: float, seconds: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (600, 15), (1_000, 25), (4_000, 62), (7_600, 78)])
def test_a_tone_is_loudest_in_its_band(hertz: float, band: int) -> None:
    # The centres of librosa.filters.mel(sr=16000, n_fft=400, n_mels=80): 80 bands even on Slaney's scale.
    spectrogram = LogMel(80)(tone(hertz), 50)
    assert spectrogram.shape == (80, 50)
    assert abs(int(spectrogram[:, 5:45].mean(axis=1).argmax()) - band) <= 1


def test_what_is_eighty_decibels_down_is_the_floor() -> None:
    spectrogram = LogMel(80)(tone(1_000), 100)
    assert spectrogram.max() - spectrogram.min() == pytest.approx(2.0)
    assert (spectrogram[:, 60:] == spectrogram.min()).all()


@given(st.integers(1, 30), st.sampled_from([80, 128]))
def test_frames_of_speech_do_not_depend_on_the_silence_that_follows(tenths: int, bands: int) -> None:
    samples = np.random.default_rng(tenths).normal(0, 0.1, tenths * 1_600).astype(np.float32)
    short, long = LogMel(bands)(samples, tenths * 10 + 100), LogMel(bands)(samples, tenths * 10 + 300)
    spoken = len(samples) // HOP
    np.testing.assert_allclose(short[:, :spoken], long[:, :spoken], atol=1e-4)


def test_silence_is_flat() -> None:
    assert np.ptp(LogMel(80)(np.zeros(0, np.float32), 30)) == 0
