import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.stretch import stretch
from support.speech import JFK, recording

RATE = 24_000


def voice(seconds: float, hertz: float = 110.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return sum((0.2 / k * np.sin(2 * np.pi * k * hertz * at) for k in (1, 2, 3, 5)), at * 0).astype(
        np.float32
    )


def pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * RATE))
    return float(np.argmax(spectrum) / 8)


@given(st.integers(1, 5_000))
def test_an_even_pace_changes_nothing(length: int) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, length).astype(np.float32)
    same = stretch(samples, RATE, [(0, 0), (length, length)])
    assert np.allclose(same, samples, atol=1e-6)


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.1, 1.6])
def test_pitch_and_level_stay(factor: float) -> None:
    samples = voice(1.0)
    slower = stretch(samples, RATE, [(0, 0), (round(len(samples) * factor), len(samples))])
    assert len(slower) == round(len(samples) * factor)
    assert pitch(slower) == pytest.approx(110.0, abs=1.0)
    inner = slower[2_000:-2_000]
    assert np.sqrt(np.mean(inner**2)) == pytest.approx(np.sqrt(np.mean(samples**2)), rel=0.1)
    assert np.abs(np.diff(slower)).max() < 1.5 * np.abs(np.diff(samples)).max()


def test_every_part_gets_its_own_pace() -> None:
    clicks = np.zeros(RATE, np.float32)
    places = (3_000, 9_000, 16_000)
    for place in places:
        clicks[place : place + 40] = 0.5 * np.hanning(40)
    anchors = [(0, 0), (4_500, 3_000), (9_000, 9_000), (18_000, 16_000), (26_000, RATE)]
    out = stretch(clicks, RATE, anchors)
    assert len(out) == 26_000
    for wanted in (4_500, 9_000, 18_000):
        near = np.abs(out[wanted - 600 : wanted + 600])
        assert near.max() > 0.1


@pytest.mark.parametrize(("length", "wanted"), [(0, 100), (100, 0), (1, 1), (10, 300), (3_000, 10)])
def test_lengths_of_every_kind(length: int, wanted: int) -> None:
    samples = np.ones(length, np.float32)
    assert len(stretch(samples, RATE, [(0, 0), (wanted, length)])) == (wanted if length else 0)


def test_real_speech_keeps_its_level_over_time() -> None:
    speech = recording(JFK, RATE)[: 4 * RATE]
    out = stretch(speech, RATE, [(0, 0), (5 * RATE, 4 * RATE)])

    def envelope(samples: np.ndarray) -> np.ndarray:
        return np.sqrt(np.mean(np.square(samples.reshape(40, -1)), axis=1))

    assert np.corrcoef(envelope(speech), envelope(out))[0, 1] > 0.95
