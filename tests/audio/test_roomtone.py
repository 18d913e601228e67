import numpy as np
import pytest

from antiphon.audio.levels import levels
from antiphon.audio.roomtone import learn_room_tone, make_room_tone
from support.speech import JFK, recording

RATE = 16_000


def hiss(seconds: float, level: float, *, coloured: bool = False) -> np.ndarray:
    noise = np.random.default_rng(2).standard_normal(round(seconds * RATE)) * level
    return (np.convolve(noise, np.ones(8) / 8, mode="same") if coloured else noise).astype(np.float32)


def spoken_in(noise: np.ndarray) -> np.ndarray:
    """A tone for the second half of the noise."""
    samples = noise.copy()
    half = len(noise) // 2
    samples[half:] += 0.3 * np.sin(2 * np.pi * 300 * np.arange(len(noise) - half) / RATE).astype(np.float32)
    return samples


@pytest.mark.parametrize("coloured", [False, True])
def test_the_noise_made_has_level_and_colour_of_the_noise_heard(coloured: bool) -> None:
    noise = hiss(6.0, 0.002, coloured=coloured)
    tone = learn_room_tone(spoken_in(noise), RATE)
    assert tone is not None
    made = make_room_tone(tone, 4 * RATE, seed=0)
    assert 20 * np.log10(made.std() / noise.std()) == pytest.approx(0.0, abs=1.0)

    def high_share(samples: np.ndarray) -> float:
        spectrum = np.square(np.abs(np.fft.rfft(samples)))
        return float(spectrum[len(spectrum) // 2 :].sum() / spectrum.sum())

    assert high_share(made) == pytest.approx(high_share(noise), abs=0.05)


def test_the_noise_is_even_from_its_first_sample_on() -> None:
    tone = learn_room_tone(spoken_in(hiss(6.0, 0.002)), RATE)
    assert tone is not None
    made = np.stack([make_room_tone(tone, RATE, seed=seed) for seed in range(20)])
    parts = made.reshape(20, 100, -1).std(axis=(0, 2))
    assert parts.max() / parts.min() < 1.25


def test_long_noise_goes_round_without_a_seam() -> None:
    tone = learn_room_tone(spoken_in(hiss(6.0, 0.002, coloured=True)), RATE)
    assert tone is not None
    made = make_room_tone(tone, 12 * RATE, seed=0)
    steps = np.abs(np.diff(made))
    period = next(n for n in range(4 * RATE, 6 * RATE) if np.array_equal(made[:99], made[n : n + 99]))
    assert steps[period - 1] < steps.max()
    assert np.array_equal(made[:RATE], made[period : period + RATE])


def test_the_same_seed_makes_the_same_noise() -> None:
    tone = learn_room_tone(spoken_in(hiss(2.0, 0.002)), RATE)
    assert tone is not None
    assert np.array_equal(make_room_tone(tone, 999, seed=3), make_room_tone(tone, 999, seed=3))
    assert not np.array_equal(make_room_tone(tone, 999, seed=3), make_room_tone(tone, 999, seed=4))
    assert [len(make_room_tone(tone, n, seed=0)) for n in (0, 1, 160, 161)] == [0, 1, 160, 161]


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros(RATE, np.float32),
        spoken_in(np.zeros(2 * RATE, np.float32)),
        hiss(2.0, 0.1),
    ],
    ids=["nothing", "silence", "digital pauses", "no pause"],
)
def test_where_there_is_none_to_learn_there_is_none(samples: np.ndarray) -> None:
    assert learn_room_tone(samples, RATE) is None


def test_it_is_learnt_from_the_pauses_of_a_recording() -> None:
    speech = recording(JFK)
    tone = learn_room_tone(speech, RATE)
    assert tone is not None
    made_db = 20 * np.log10(make_room_tone(tone, RATE, seed=0).std())
    assert made_db == pytest.approx(levels(speech, RATE).floor_db, abs=4.0)
