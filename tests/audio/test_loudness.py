import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.loudness import NO_SPEECH, gain_to, loudness
from support.speech import JFK, recording

SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [-1.69065929318241, 0.73248077421585])
HIGH_PASS = ([1.0, -2.0, 1.0], [-1.99004745483398, 0.99007225036621])


def sine(hertz: float, seconds: float = 3.0, rate: int = 48_000, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def filtered(samples: np.ndarray, taps: tuple[list[float], list[float]]) -> np.ndarray:
    (b0, b1, b2), (a1, a2) = taps
    out, x1, x2, y1, y2 = [], 0.0, 0.0, 0.0, 0.0
    for x in samples.tolist():
        y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        x1, x2, y1, y2 = x, x1, y, y1
        out.append(y)
    return np.array(out)


def by_the_standard(samples: np.ndarray) -> float:
    """Sample by sample at 48 kHz, as the standard writes it."""
    power = np.square(filtered(filtered(samples, SHELF), HIGH_PASS))
    blocks = np.array([power[at : at + 19_200].mean() for at in range(0, len(power) - 19_199, 4800)])
    level = -0.691 + 10 * np.log10(blocks + 1e-30)
    gate = -0.691 + 10 * np.log10(blocks[level > -70].mean()) - 10
    return float(-0.691 + 10 * np.log10(blocks[(level > -70) & (level > gate)].mean()))


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_the_tone_that_the_standard_calibrates_by(rate: int) -> None:
    # A 997 Hz sine of full scale in one channel reads -3.01 LKFS.
    assert loudness(sine(997, rate=rate), rate) == pytest.approx(-3.01, abs=0.05)


def test_speech_reads_as_with_the_filters_of_the_standard() -> None:
    speech = recording(JFK, 48_000)[: 4 * 48_000]
    assert loudness(speech, 48_000) == pytest.approx(by_the_standard(speech), abs=0.1)


def test_very_low_tones_count_little_and_high_ones_more() -> None:
    at_1_khz = loudness(sine(997), 48_000)
    assert loudness(sine(20), 48_000) < at_1_khz - 10
    assert loudness(sine(5_000), 48_000) == pytest.approx(at_1_khz + 3.3, abs=0.3)


def test_pauses_do_not_count() -> None:
    speech = sine(400, amplitude=0.2)
    assert loudness(np.pad(speech, (0, 480_000)), 48_000) == pytest.approx(loudness(speech, 48_000), abs=0.3)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(48_000), sine(997, amplitude=1e-5)])
def test_silence_has_none(samples: np.ndarray) -> None:
    assert loudness(samples.astype(np.float32), 48_000) == NO_SPEECH


@pytest.mark.parametrize("samples", [2, 100, 2_000, 5_000, 15_000])
def test_the_shortest_sounds_have_some(samples: int) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, samples).astype(np.float32)
    assert np.isfinite(loudness(noise + 0.1, 48_000))


@given(st.floats(-40, 0), st.floats(0.01, 0.9))
def test_the_gain_brings_to_the_target_as_far_as_its_bounds_let_it(target: float, amplitude: float) -> None:
    samples = sine(300, 1.0, 16_000, amplitude)
    gain = gain_to(target, samples, 16_000, most_db=20, peak=0.9)
    assert 0 < gain <= 10 * 1.001
    assert gain * amplitude <= 0.9 * 1.001
    reached = loudness(samples * np.float32(gain), 16_000)
    if gain < 9.9 and gain * amplitude < 0.89 and gain > 0.101:
        assert reached == pytest.approx(target, abs=0.1)


def test_nothing_is_changed_where_there_is_nothing_to_go_by() -> None:
    assert gain_to(NO_SPEECH, sine(300), 48_000, most_db=20, peak=0.9) == 1.0
    assert gain_to(-20.0, np.zeros(4_800, np.float32), 48_000, most_db=20, peak=0.9) == 1.0
