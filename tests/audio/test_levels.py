import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.levels import levels, sound_bounds
from support.speech import JFK, recording

RATE = 16_000


def burst(before: int, length: int, after: int, *, noise: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(1)
    sound = 0.3 * np.sin(2 * np.pi * 200 * np.arange(length) / RATE)
    samples = np.concatenate((np.zeros(before), sound, np.zeros(after)))
    return (samples + noise * random.standard_normal(len(samples))).astype(np.float32)


@given(
    st.integers(0, 8_000), st.integers(3_200, 16_000), st.integers(0, 8_000), st.sampled_from([0.0, 0.001])
)
def test_the_bounds_are_those_of_the_sound_to_a_frame(
    before: int, length: int, after: int, noise: float
) -> None:
    bounds = sound_bounds(burst(before, length, after, noise=noise), RATE)
    assert bounds is not None
    assert before - 160 <= bounds[0] <= before + 160
    assert before + length - 160 <= bounds[1] <= before + length + 320


def test_a_constant_offset_is_no_sound() -> None:
    assert sound_bounds(np.full(RATE, 0.2, np.float32), RATE) is None
    samples = burst(4_000, 8_000, 4_000) + np.float32(0.1)
    assert sound_bounds(samples, RATE) == pytest.approx((4_000, 12_000), abs=160)


@pytest.mark.parametrize("length", [0, 1, 159, 160, 16_000])
def test_silence_has_no_bounds(length: int) -> None:
    assert sound_bounds(np.zeros(length, np.float32), RATE) is None
    assert not levels(np.zeros(length, np.float32), RATE).sounding.any()


def test_a_recording_of_a_person_has_sound_and_pauses() -> None:
    measured = levels(recording(JFK), RATE)
    assert 0.4 < measured.sounding.mean() < 0.9
    assert measured.floor_db < measured.loud_db - 20
