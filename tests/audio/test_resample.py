import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antiphon.audio.formats import SAMPLE_RATES
from antiphon.audio.resample import MAX_RATE, MIN_RATE, Resampler, resample
from antiphon.errors import BadRequest

RATES = st.sampled_from(SAMPLE_RATES) | st.integers(MIN_RATE, 96_000)


def tone(hz: float, rate: int, samples: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.float32)


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).uniform(-0.5, 0.5, samples).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(RATES, RATES, st.integers(0, 3000))
@example(24_000, 8_000, 1)
@example(MAX_RATE, MIN_RATE, 1000)
@example(MIN_RATE, MAX_RATE, 3)
def test_the_length_is_exact(source: int, target: int, samples: int) -> None:
    out = resample(noise(samples), source, target)
    assert out.dtype == np.float32
    assert abs(len(out) - samples * target / source) <= 0.5


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(SAMPLE_RATES), st.sampled_from(SAMPLE_RATES), st.lists(st.integers(0, 700), max_size=8)
)
def test_the_output_does_not_depend_on_the_cuts(source: int, target: int, lengths: list[int]) -> None:
    signal = noise(sum(lengths))
    resampler = Resampler(source, target)
    parts = [resampler.push(part) for part in np.split(signal, np.cumsum(lengths))]
    np.testing.assert_allclose(
        np.concatenate([*parts, resampler.finish()]), resample(signal, source, target), atol=1e-6
    )


@pytest.mark.parametrize("target", SAMPLE_RATES)
@pytest.mark.parametrize("source", SAMPLE_RATES)
def test_a_tone_stays_the_same_tone_at_the_same_time(source: int, target: int) -> None:
    out = resample(tone(1000, source, source // 4), source, target)
    expected = tone(1000, target, len(out))
    inside = slice(len(out) // 10, -len(out) // 10)
    np.testing.assert_allclose(out[inside], expected[inside], atol=1e-4)


@pytest.mark.parametrize("target", [8_000, 16_000])
def test_what_the_lower_rate_can_not_hold_is_removed_instead_of_folded_back(target: int) -> None:
    out = resample(tone(target * 0.55, 24_000, 12_000), 24_000, target)
    inside = out[len(out) // 10 : -len(out) // 10]
    assert np.max(np.abs(inside)) < 0.5 * 10 ** (-80 / 20)


@pytest.mark.parametrize(("target", "held"), [(8000, 99), (16000, 50), (22050, 36), (44100, 32), (48000, 32)])
def test_hardly_any_input_is_held_back(target: int, held: int) -> None:
    resampler = Resampler(24_000, target)
    out = 0
    for pushed in range(1, 1001):
        out += len(resampler.push(np.zeros(1, np.float32)))
        assert pushed - out * 24_000 / target <= held


def test_equal_rates_pass_samples_untouched() -> None:
    resampler = Resampler(24_000, 24_000)
    signal = noise(100)
    assert resampler.push(signal) is signal
    assert len(resampler.finish()) == 0


@pytest.mark.parametrize("rate", [0, -1, MIN_RATE - 1, MAX_RATE + 1])
def test_a_senseless_rate_is_refused(rate: int) -> None:
    with pytest.raises(BadRequest, match=rf"{rate} Hz; allowed: {MIN_RATE} to {MAX_RATE}"):
        Resampler(rate, 16_000)
    with pytest.raises(BadRequest, match=f"{rate} Hz"):
        Resampler(16_000, rate)
