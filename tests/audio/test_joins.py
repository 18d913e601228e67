import numpy as np
import pytest

from antiphon.audio.joins import Surroundings, fade_on, fit_between
from antiphon.audio.levels import sound_bounds
from antiphon.audio.loudness import loudness
from antiphon.audio.samples import SILENCE
from support.speech import JFK, recording

RATE = 24_000
RANDOM = np.random.default_rng(5)


def sound(seconds: float, amplitude: float = 0.2, hertz: float = 180.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * at + 0.7)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def around(left: np.ndarray = SILENCE, right: np.ndarray = SILENCE, **more: float) -> Surroundings:
    pauses = {"pause_before_s": 0.06, "pause_after_s": 0.3} | more
    return Surroundings(left=left, right=right, sample_rate=RATE, **pauses)


SPEECH = np.concatenate((silence(0.3), sound(1.0, 0.4, 240.0), silence(0.5)))


@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.5])
def test_the_level_is_that_of_the_speech_around(amplitude: float) -> None:
    left, right = sound(2.0, amplitude), sound(2.0, amplitude)
    fitted = fit_between(SPEECH, around(left, right, pause_after_s=0.0))
    first, last = sound_bounds(fitted, RATE)
    target = loudness(np.concatenate((left, right)), RATE)
    assert loudness(fitted[first:last], RATE) == pytest.approx(target, abs=0.5)


def test_silence_around_leaves_the_level() -> None:
    fitted = fit_between(SPEECH, around(silence(1.0)))
    assert np.abs(fitted).max() == pytest.approx(0.4, rel=0.01)


@pytest.mark.parametrize(("there", "lacking"), [(0.0, 0.3), (0.1, 0.2), (0.5, 0.0)])
def test_a_pause_is_filled_up_to_the_wanted_one(there: float, lacking: float) -> None:
    right = np.concatenate((silence(there), sound(1.0)))
    fitted = fit_between(SPEECH, around(sound(1.0), right))
    without_bridges = fitted[480:-480]
    bounds = sound_bounds(without_bridges, RATE)
    assert bounds is not None
    pause = (len(without_bridges) - bounds[1]) / RATE + 0.02
    assert pause == pytest.approx(max(lacking, 0.03), abs=0.025)


def test_the_silence_around_the_speech_is_cut_off() -> None:
    fitted = fit_between(SPEECH, around(right=np.concatenate((silence(1.0), sound(1.0)))))
    assert len(fitted) / RATE == pytest.approx(1.06, abs=0.021)
    assert len(fit_between(silence(1.0), around(sound(1.0)))) / RATE == pytest.approx(0.03, abs=0.001)


def jump(samples: np.ndarray, at: int) -> float:
    """How much more the signal bends at a place than it does near it."""
    bend = np.abs(np.diff(samples, 2))
    near = np.concatenate((bend[at - 1500 : at - 3], bend[at + 3 : at + 1500]))
    return float(bend[at - 3 : at + 3].max() / max(near.max(), 1e-6))


@pytest.mark.parametrize("cut_s", [4.03, 4.47, 5.21, 8.1, 9.666])
def test_there_is_no_click_where_a_recording_breaks_off_in_a_sound(cut_s: float) -> None:
    clip = recording(JFK, RATE)
    cut = round(cut_s * RATE)
    left, right = clip[:cut], clip[cut:]
    fitted = fit_between(SPEECH, around(left, right))
    joined = np.concatenate((left, fitted, right))
    assert jump(joined, cut) < 1.5
    assert jump(joined, cut + len(fitted)) < 1.5


def test_a_sound_goes_on_as_it_was() -> None:
    whole = sound(0.2)
    cut = round(0.1 * RATE)
    predicted = fade_on(whole[:cut], RATE)
    assert predicted[:48] == pytest.approx(whole[cut : cut + 48], abs=0.01)
    assert abs(predicted[-1]) < 0.01
    assert not fade_on(SILENCE, RATE).any()
    assert not fade_on(silence(1.0), RATE).any()
    assert len(fade_on(sound(0.001), RATE)) == len(predicted)


def test_the_noise_of_the_room_goes_on() -> None:
    hiss = (0.002 * RANDOM.standard_normal(4 * RATE)).astype(np.float32)
    left = np.concatenate((sound(2.0), silence(2.0))) + hiss
    fitted = fit_between(SPEECH, around(left, pause_before_s=3.0))
    pause = fitted[: round(0.9 * RATE)]
    assert 20 * np.log10(pause.std() / 0.002) == pytest.approx(0.0, abs=1.0)


def test_a_constant_offset_goes_over_from_one_side_to_the_other() -> None:
    fitted = fit_between(SPEECH, around(sound(1.0) + np.float32(0.05), sound(1.0) - np.float32(0.02)))
    assert fitted[600:1200].mean() == pytest.approx(0.05, abs=0.02)
    assert fitted[-1200:-600].mean() == pytest.approx(-0.02, abs=0.02)


def test_nothing_is_clipped() -> None:
    peaky = np.concatenate((silence(0.2), sound(1.0, 0.05), sound(0.01, 0.9), silence(0.2)))
    fitted = fit_between(peaky, around(sound(1.0, 0.9)))
    assert np.abs(fitted).max() < 0.95
