from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import hibari
import hibari.dsp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import LanguageNotSupported, ModelCorrupt, ModelMissing, VoiceNotFound
from antiphon.models.hibari.model import HibariModel, HibariState
from antiphon.models.hibari.noise import noise_at, noise_places
from antiphon.models.protocols import Samples, Token, Utterance

SENTENCE = "Well, the fox paid $5."
OTHER = "Not at all!"


def utterance(text: str = SENTENCE, *, speed: float = 1.0, seed: int = 1, segment: int = 0) -> Utterance:
    return Utterance(text, voice="heart", language="en", speed=speed, seed=seed, segment=segment)


def rest(model: HibariModel, state: HibariState, chunks: list[int]) -> Samples:
    made = [np.zeros(0, np.float32)]
    while state.done_frames < state.total_frames:
        count = chunks[(len(made) - 1) % len(chunks)]
        before = state.done_frames
        (samples,) = model.step([state], [count])
        assert len(samples) == model.frame_samples * (state.done_frames - before)
        assert state.done_frames - before == min(count, state.total_frames - before)
        made.append(samples)
    return np.concatenate(made)


@pytest.fixture(scope="module")
def whole(model: HibariModel) -> Samples:
    return rest(model, model.start(utterance()), [10**6])


@pytest.mark.parametrize("speed", [1.0, 1.3])
def test_it_sounds_as_published(
    model: HibariModel, whole_sentence: Callable[[list[int], float], dict[str, np.ndarray]], speed: float
) -> None:
    class SameNoise:
        def standard_normal(self, shape: tuple[int, int], dtype: type) -> np.ndarray:
            real, imaginary = noise_at(noise_places(1, 0, shape[1] // 2)).swapaxes(0, 1)
            return np.ascontiguousarray((real + 1j * imaginary).T.astype(np.complex64)).view(dtype)

    published = hibari.Hibari()
    out = whole_sentence(published.ids(published.g2p(SENTENCE)), speed)
    parts = [out[name][0] for name in ("lh", "theta", "ln", "lr", "phi", "f0")]
    theirs = hibari.dsp.synth(*parts, SameNoise())
    ours = rest(model, model.start(utterance(speed=speed)), [30])
    assert len(ours) == len(theirs)
    assert np.abs(ours).max() > 0.1
    # A pulse's value is a quotient of two sines near zero, and the number of harmonics is a whole number:
    # a last bit of F0, rounded elsewhere by the published graph, shows at some pulses.
    error = np.abs(ours - theirs)
    assert np.quantile(error, 0.99) < 1e-4
    assert 10 * np.log10((theirs**2).sum() / (error**2).sum()) > 60


@pytest.mark.parametrize("chunks", [[1], [2], [7], [8, 24, 80, 160], [100]])
def test_samples_do_not_depend_on_chunks(model: HibariModel, whole: Samples, chunks: list[int]) -> None:
    np.testing.assert_array_equal(rest(model, model.start(utterance()), chunks), whole)


@given(st.lists(st.integers(4, 200), min_size=1, max_size=8))
@settings(deadline=None, max_examples=10)
def test_samples_do_not_depend_on_any_chunks(model: HibariModel, whole: Samples, chunks: list[int]) -> None:
    np.testing.assert_array_equal(rest(model, model.start(utterance()), chunks), whole)


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 70)), max_size=4), max_size=10))
@settings(deadline=None, max_examples=8)
def test_samples_do_not_depend_on_neighbours(
    model: HibariModel, whole: Samples, steps: list[list[tuple[int, int]]]
) -> None:
    """Four rows, two of them twins, stepped in any company at any size."""
    wanted = [utterance(), utterance(), utterance(OTHER, seed=9, segment=4), utterance(OTHER, speed=1.7)]
    expected = [whole, whole, *(rest(model, model.start(row), [50]) for row in wanted[2:])]
    states = [model.start(row) for row in wanted]
    made: list[list[Samples]] = [[], [], [], []]
    for step in steps:
        counts = dict(step)
        outputs = model.step([states[row] for row in counts], list(counts.values()))
        for row, samples in zip(counts, outputs, strict=True):
            made[row].append(samples)
    for row, state in enumerate(states):
        samples = np.concatenate([*made[row], rest(model, state, [64])])
        np.testing.assert_array_equal(samples, expected[row])


@given(st.integers(0, 30), st.integers(0, 200), st.integers(8, 90))
@settings(deadline=None, max_examples=10)
def test_samples_after_a_skip_stay_the_same(
    model: HibariModel, whole: Samples, before: int, target: int, chunk: int
) -> None:
    state = model.start(utterance())
    model.step([state], [before])
    state.skip_to(target)
    done = state.done_frames
    assert done == min(max(before, target), state.total_frames)
    np.testing.assert_array_equal(rest(model, state, [chunk]), whole[done * model.frame_samples :])


def test_noise_differs_by_seed_and_segment(model: HibariModel, whole: Samples) -> None:
    for other in (utterance(seed=2), utterance(segment=1)):
        samples = rest(model, model.start(other), [100])
        assert len(samples) == len(whole)
        assert not np.array_equal(samples, whole)


def test_times_cover_the_words(model: HibariModel, whole: Samples) -> None:
    state = model.start(utterance())
    assert [word.text for word in state.words] == SENTENCE.split()
    assert "".join(phoneme.text for phoneme in state.phonemes).startswith("wˈɛlðə")
    for times in (state.words, state.phonemes):
        assert all(a.end <= b.start for a, b in pairwise(times))
        assert all(time.start < time.end <= len(whole) for time in times)
    assert state.words[0].start == state.onset_frame * model.frame_samples
    loudness = {word.text: np.sqrt((whole[word.start : word.end] ** 2).mean()) for word in state.words}
    assert min(loudness.values()) > 0.01
    assert np.sqrt((whole[: state.silent_frames * model.frame_samples] ** 2).mean()) < 0.002


@pytest.mark.parametrize("text", ["", "...", "🎉 —"])
def test_nothing_to_speak_has_no_frames(model: HibariModel, text: str) -> None:
    state = model.start(utterance(text))
    assert (state.total_frames, state.done_frames, state.onset_frame) == (0, 0, 0)
    assert [(word.text, word.start, word.end) for word in state.words] == [(w, 0, 0) for w in text.split()]
    assert state.phonemes == ()
    state.skip_to(5)
    silence, speech = model.step([state, model.start(utterance(OTHER))], [8, 8])
    assert len(silence) == 0
    assert len(speech) == 8 * model.frame_samples


def test_speed_is_held_between_half_and_double(model: HibariModel) -> None:
    def frames(speed: float) -> int:
        return model.start(utterance(speed=speed)).total_frames

    assert frames(0.5) > frames(1.0) > frames(2.0)
    assert frames(0.01) == frames(0.5)
    assert frames(100.0) == frames(2.0)


def test_a_text_beyond_what_the_encoder_sees_is_spoken_to_its_end(model: HibariModel) -> None:
    text = " ".join(f"Here is clause number {n}, and it goes on and on." for n in range(1, 26))
    state = model.start(utterance(text))
    assert [word.text for word in state.words] == text.split()
    assert state.words[-1].end < state.total_frames * model.frame_samples
    state.skip_to(state.words[-1].start // model.frame_samples)
    assert np.abs(rest(model, state, [200])).max() > 0.05


def test_a_voice_or_language_it_lacks_is_refused(model: HibariModel) -> None:
    with pytest.raises(VoiceNotFound, match="no voice 'nobody'"):
        model.start(Utterance("Hi.", voice="nobody", language="en"))
    with pytest.raises(LanguageNotSupported, match="not 'fr'"):
        model.start(Utterance("Salut.", voice="heart", language="fr"))


def test_loading_again_uses_the_prepared_graphs(model: HibariModel, model_folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (model_folder / "prepared").iterdir()}
    again = HibariModel.load(model_folder)
    assert {path.name: path.stat().st_mtime_ns for path in (model_folder / "prepared").iterdir()} == before
    assert again.digest == model.digest
    assert len(model.digest) == 64


def test_files_that_are_missing_or_wrong_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no .*hibari\.onnx; run: antiphon models pull"):
        HibariModel.load(tmp_path)
    (tmp_path / "hibari.onnx").write_bytes(b"\0" * 100)
    with pytest.raises(ModelCorrupt):
        HibariModel.load(tmp_path)


@pytest.mark.parametrize("speed", [0.6, 1.0, 1.5, 2.0])
@pytest.mark.parametrize(
    "text",
    ["Sun.", "Jump is the first word.", '"Stop!" he said.', "The old bridge was built of stone.", "Box."],
)
def test_no_sound_begins_in_the_frames_that_are_certainly_silent(
    model: HibariModel, text: str, speed: float
) -> None:
    state = model.start(Utterance(text, "heart", "en", speed))
    (start,) = model.step([state], [80])
    onset = int(np.flatnonzero(np.abs(start) > 10 ** (-50 / 20))[0])
    assert onset >= state.silent_frames * model.frame_samples
    assert onset < (state.onset_frame + 6) * model.frame_samples


@pytest.mark.parametrize("duration_s", [2.5, 4.0])
def test_an_utterance_lasts_about_as_long_as_asked(model: HibariModel, duration_s: float) -> None:
    asked = replace(
        utterance("The train to the coast leaves at half past seven in the morning."), duration_s=duration_s
    )
    state = model.start(asked)
    assert state.total_frames * model.frame_samples / model.sample_rate == pytest.approx(duration_s, rel=0.08)


def test_no_duration_changes_the_pace_beyond_its_limits(model: HibariModel) -> None:
    plain = utterance("Good morning to you all.")
    frames = model.start(plain).total_frames
    assert model.start(replace(plain, duration_s=0.01)).total_frames > frames / 3
    assert model.start(replace(plain, duration_s=100.0)).total_frames < frames * 3


def test_phonemes_change_the_samples_and_names_do_not(model: HibariModel) -> None:
    plain = utterance("The cat sat.")
    named = replace(plain, tokens=[Token("Der"), Token("Kater", 1, "kæt")])
    renamed = replace(plain, tokens=[Token("x"), Token("y", 1, "kæt")])
    other = replace(plain, tokens=[Token("Der"), Token("Kater", 1, "kuːt")])
    states = [model.start(it) for it in (named, renamed, other)]
    assert [word.text for word in states[0].words] == ["Der", "Kater", "sat."]
    assert "".join(p.text for p in states[0].phonemes) == "ðəkˈætsˈæt"
    assert "".join(p.text for p in states[2].phonemes) == "ðəkˈutsˈæt"
    one, two, _ = (model.step([state], [state.total_frames])[0] for state in states)
    assert np.array_equal(one, two)
