import json
import shutil
import wave
from pathlib import Path

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.loadtest.plainwords import plain_words
from antiphon.models.card import Card
from antiphon.models.protocols import Hints, Transcript
from antiphon.models.whisper import WhisperModel
from antiphon.models.whisper.model import without_circles
from antiphon.models.whisper.network import Written
from antiphon.models.whisper.tokens import Vocabulary

LANGUAGES = Path(__file__).parents[2] / "data" / "languages"


def spoken(language: str) -> tuple[str, np.ndarray]:
    [entry] = [e for e in json.loads((LANGUAGES / "manifest.json").read_text()) if e["language"] == language]
    with wave.open(str(LANGUAGES / entry["file"])) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32_768
    return entry["text"], samples


def word_errors(texts: list[str], heard: list[str]) -> float:
    return jiwer.wer([" ".join(plain_words(t)) for t in texts], [" ".join(plain_words(t)) for t in heard])


def hear(model: WhisperModel, windows: list, hints: list[Hints], *, timed: bool = False) -> list[Transcript]:
    states = [model.start(hint) for hint in hints]
    return model.step(states, windows, word_timestamps=[timed] * len(windows))


@pytest.mark.models
@pytest.mark.slow
def test_english_is_heard_by_either_model(base: WhisperModel, tiny_en: WhisperModel, clips: list) -> None:
    for model in (base, tiny_en):
        heard = hear(model, [clip.samples for clip in clips], [Hints()] * len(clips))
        assert word_errors([clip.text for clip in clips], [t.text for t in heard]) <= 0.06
        assert {t.language for t in heard} == {"en"}


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.parametrize("language", ["de", "es", "it"])
def test_a_language_is_found_out_or_told(base: WhisperModel, language: str) -> None:
    text, samples = spoken(language)
    found, told = hear(base, [samples, samples], [Hints(), Hints(language)])
    assert found.language == told.language == language
    assert word_errors([text, text], [found.text, told.text]) <= 0.3


@pytest.mark.models
@pytest.mark.slow
def test_rows_of_a_batch_do_not_depend_on_each_other(base: WhisperModel, clips: list) -> None:
    windows = [*(clip.samples for clip in clips), np.zeros(8_000, np.float32)]
    together = hear(base, windows, [Hints("en")] * len(windows))
    assert [t.text for t in together] == [hear(base, [w], [Hints("en")])[0].text for w in windows]
    assert together[-1] == Transcript("")


@pytest.mark.models
@pytest.mark.slow
def test_words_have_times_and_the_passage_speaks_for_them(base: WhisperModel, clips: list) -> None:
    [speech] = [clip for clip in clips if "jfk" in clip.name]
    [heard] = hear(base, [speech.samples], [Hints("en")], timed=True)
    assert " ".join(word.text for word in heard.words) == heard.text
    [passage] = heard.passages
    assert (passage.text, passage.words, passage.end) == (heard.text, len(heard.words), len(speech.samples))
    assert passage.log_probability > -0.5
    assert passage.no_speech < 0.5
    times = {word.text.strip(","): (word.start / 16_000, word.end / 16_000) for word in reversed(heard.words)}
    # Read off the waveform: "Americans" ends, "ask" begins, "not" ends, "what" begins.
    assert times["Americans"][1] == pytest.approx(2.15, abs=0.15)
    assert times["ask"][0] == pytest.approx(3.3, abs=0.15)
    assert times["not"][1] == pytest.approx(4.35, abs=0.15)
    assert times["what"][0] == pytest.approx(5.4, abs=0.15)


@pytest.mark.models
@pytest.mark.slow
def test_noise_gives_nothing_that_is_believed(base: WhisperModel) -> None:
    from antiphon.engine.belief import believed

    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    [heard] = hear(base, [noise], [Hints()])
    assert believed(heard, [(0, len(noise))]).text == ""


@pytest.mark.models
@pytest.mark.slow
def test_a_window_that_did_not_grow_is_not_heard_again(base: WhisperModel, clips: list) -> None:
    state = base.start(Hints("en"))
    [first] = base.step([state], [clips[0].samples], word_timestamps=[False])
    [again] = base.step([state], [clips[0].samples], word_timestamps=[False])
    assert again is first
    [timed] = base.step([state], [clips[0].samples], word_timestamps=[True])
    assert timed.text == first.text
    assert timed.words


@given(
    begin=st.lists(st.integers(0, 9), max_size=5),
    round_=st.lists(st.integers(10, 99), min_size=1, max_size=4, unique=True),
    times=st.integers(3, 6),
    part=st.integers(0, 3),
)
def test_circles_are_cut_to_one_round(begin: list, round_: list, times: int, part: int) -> None:
    assert without_circles((*begin, *round_ * times, *round_[: part % len(round_)])) == (*begin, *round_)


@given(st.lists(st.integers(0, 9), unique=True).map(tuple))
def test_what_does_not_repeat_stays(tokens: tuple[int, ...]) -> None:
    assert without_circles((*tokens, *tokens)) == (*tokens, *tokens)


class FailingOnce:
    """A network that fails at the first text asked of it, and then writes an "a" for each window."""

    on_gpu = False
    multilingual = False
    bands = 80

    def __init__(self) -> None:
        self.failed = False

    def encode(self, spectrograms: np.ndarray) -> np.ndarray:
        return np.zeros((len(spectrograms), spectrograms.shape[2] // 2, 1), np.float32)

    def write(self, memory: np.ndarray, prompts: list, most: int) -> list[Written]:
        if not self.failed:
            self.failed = True
            raise RuntimeError("no memory left")
        return [Written((0,), -0.1, 0.0) for _ in prompts]


@pytest.fixture
def failing_once() -> WhisperModel:
    marks = ["endoftext", "startoftranscript", "translate", "transcribe", "startofprev", "notimestamps"]
    vocabulary = Vocabulary(["a", *(f"<|{mark}|>" for mark in marks)])
    return WhisperModel(Card(name="once", max_window_s=60.0), FailingOnce(), vocabulary, "0" * 64)  # type: ignore[arg-type]


def test_a_window_of_a_batch_that_failed_is_heard_when_it_comes_again(failing_once: WhisperModel) -> None:
    state, window = failing_once.start(), np.full(16_000, 0.1, np.float32)
    with pytest.raises(RuntimeError, match="no memory left"):
        failing_once.step([state], [window], word_timestamps=[False])
    [heard] = failing_once.step([state], [window], word_timestamps=[False])
    assert heard.text == "a"


def test_no_card_makes_windows_longer_than_the_network_sees(failing_once: WhisperModel) -> None:
    assert failing_once.max_window_s == 30.0


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"model\.bin"):
        WhisperModel.load(tmp_path, Card(name="none"))
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ModelCorrupt, match="CTranslate2 can't load"):
        WhisperModel.load(tmp_path, Card(name="none"))
    shutil.rmtree(tmp_path)
