import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.card import Card
from antiphon.models.moonshine import MoonshineModel
from antiphon.models.protocols import Transcript
from antiphon.models.store import ModelStore
from antiphon.speech.listener import Ended, FinalText, Output, PartialText
from support.words import word_error_rate

pytestmark = pytest.mark.models

Samples = NDArray[np.float32]


def word_errors(clips: list, heard: list[str]) -> float:
    return word_error_rate([clip.text for clip in clips], heard)


def hear(
    moonshine: MoonshineModel, windows: list[Samples], timed: list[bool] | None = None
) -> list[Transcript]:
    states = [moonshine.start() for _ in windows]
    return moonshine.step(states, windows, word_timestamps=timed or [True] * len(windows))


def noise(seconds: float, level: float) -> Samples:
    return np.random.default_rng(0).normal(0, level, round(seconds * 16_000)).astype(np.float32)


def tone(seconds: float, frequency: float) -> Samples:
    time = np.arange(round(seconds * 16_000)) / 16_000
    return (0.1 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_human_speech_one_by_one_and_in_a_batch(moonshine: MoonshineModel, clips: list) -> None:
    alone = [
        moonshine.step([moonshine.start()], [clip.samples], word_timestamps=[False])[0].text for clip in clips
    ]
    batch = hear(moonshine, [clip.samples for clip in clips])
    assert word_errors(clips, alone) <= 0.05
    assert word_errors(clips, [transcript.text for transcript in batch]) <= 0.05


def test_only_who_asks_gets_words_and_their_times_fit(moonshine: MoonshineModel, clips: list) -> None:
    plain, timed = hear(moonshine, [clips[0].samples] * 2, [False, True])
    assert plain.words == ()
    assert " ".join(word.text for word in timed.words) == timed.text
    edges = [0, *(edge for word in timed.words for edge in (word.start, word.end)), len(clips[0].samples)]
    assert edges == sorted(edges)


def test_pauses_of_a_known_speech_separate_its_words(moonshine: MoonshineModel, clips: list) -> None:
    [speech] = [clip for clip in clips if "jfk" in clip.name]
    [heard] = moonshine.step([moonshine.start()], [speech.samples], word_timestamps=[True])
    times = {word.text: (word.start / 16_000, word.end / 16_000) for word in reversed(heard.words)}
    # Read off the waveform: "Americans" ends, "ask" begins, "not" ends, "what" begins.
    assert times["Americans"][1] == pytest.approx(2.15, abs=0.15)
    assert times["ask"][0] == pytest.approx(3.3, abs=0.15)
    assert times["not"][1] == pytest.approx(4.35, abs=0.15)
    assert times["what"][0] == pytest.approx(5.4, abs=0.15)


@pytest.mark.parametrize("seconds", [0.0, 1 / 16_000, 0.05, 0.5, 4.0])
def test_no_words_are_made_of_silence_noise_and_tones(moonshine: MoonshineModel, seconds: float) -> None:
    silence = np.zeros(round(seconds * 16_000), np.float32)
    windows = [silence, noise(seconds, 1e-3), noise(seconds, 0.1), tone(seconds, 100), tone(seconds, 1_000)]
    heard = hear(moonshine, windows)
    assert [transcript.text for transcript in heard] == [""] * len(windows)


def test_nothing_to_hear_is_no_work(moonshine: MoonshineModel) -> None:
    assert hear(moonshine, []) == []


def test_an_utterance_heard_while_it_grows_reads_as_if_heard_once(
    moonshine: MoonshineModel, clips: list
) -> None:
    samples, growing = clips[0].samples, moonshine.start()
    for end in [*range(8_000, len(samples), 16_000), len(samples), len(samples)]:
        [grown] = moonshine.step([growing], [samples[:end]], word_timestamps=[True])
        [fresh] = hear(moonshine, [samples[:end]])
        assert grown.text == fresh.text
        assert [word.text for word in grown.words] == [word.text for word in fresh.words]


def test_missing_and_foreign_files(tmp_path: Path, store: ModelStore) -> None:
    folder = store.folder("moonshine-tiny-en")
    with pytest.raises(ModelMissing, match="models pull"):
        MoonshineModel.load(tmp_path, Card("toy"))
    for name in ("encoder_model.ort", "tokenizer.json"):
        shutil.copy(folder / name, tmp_path)
    with pytest.raises(ModelMissing, match="models pull"):
        MoonshineModel.load(tmp_path, Card("toy"))
    (tmp_path / "decoder_model_merged.ort").write_bytes(b"no model")
    with pytest.raises(ModelCorrupt, match="can't load"):
        MoonshineModel.load(tmp_path, Card("toy"))
    shutil.copy(folder / "encoder_model.ort", tmp_path / "decoder_model_merged.ort")
    with pytest.raises(ModelCorrupt, match="lacks"):
        MoonshineModel.load(tmp_path, Card("toy"))


def test_human_speech_as_a_stream(hear_stream: Callable[..., list[Output]], clips: list) -> None:
    heard = [
        "".join(output.text for output in hear_stream(clip.samples) if isinstance(output, FinalText))
        for clip in clips
    ]
    assert word_errors(clips, heard) <= 0.05


def test_partials_lead_to_the_final(hear_stream: Callable[..., list[Output]], clips: list) -> None:
    [clip] = [clip for clip in clips if clip.name.startswith("002")]
    *partials, final, ended = hear_stream(clip.samples, partials=True, word_timestamps=True)
    assert len(partials) >= 3
    assert all(isinstance(output, PartialText) for output in partials)
    assert [type(final), type(ended)] == [FinalText, Ended]
    assert all(final.start_s <= w.start_s <= w.end_s <= final.end_s for w in final.words)


def test_two_utterances_are_two_finals(hear_stream: Callable[..., list[Output]], clips: list) -> None:
    pause = np.zeros(32_000, np.float32)
    first, second = clips[0], clips[2]
    outputs = hear_stream(np.concatenate([first.samples, pause, second.samples]))
    texts = [output.text for output in outputs if isinstance(output, FinalText)]
    assert len(texts) == 2
    assert word_errors([first, second], texts) <= 0.1
    assert texts[1].startswith(" ")


@pytest.mark.slow
def test_a_minute_without_speech_has_no_words(hear_stream: Callable[..., list[Output]]) -> None:
    time = np.arange(60 * 16_000) / 16_000
    beeps = tone(60, 800) * (time % 1 < 0.2).astype(np.float32)
    for samples in (np.zeros(60 * 16_000, np.float32), noise(60, 0.01), noise(60, 0.1), tone(60, 440), beeps):
        assert hear_stream(samples) == [Ended()]


def test_the_text_is_the_same_whether_times_are_asked_for(moonshine: MoonshineModel, clips: list) -> None:
    for clip in clips:
        plain, timed = hear(moonshine, [clip.samples] * 2, [False, True])
        assert [p.text for p in plain.passages] == [p.text for p in timed.passages]
        assert [(p.start, p.end) for p in plain.passages] == [(p.start, p.end) for p in timed.passages]
