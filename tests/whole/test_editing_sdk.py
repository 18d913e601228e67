"""Cartesia's Python SDK 4.2.0, unmodified, has clips changed and filled by the real models."""

import json
from base64 import b64decode
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pytest
from cartesia import BadRequestError, Cartesia

from antiphon.audio.containers import wav_bytes
from antiphon.audio.loudness import loudness
from antiphon.contract.events import Word
from antiphon.speech.phrases import find_phrases
from support.speech import SPEECH, recording
from support.words import normalise, word_error_rate

pytestmark = pytest.mark.models

VOICE = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
RATE = 24_000
CLIPS: list[dict[str, Any]] = json.loads((SPEECH / "manifest.json").read_text())
FORM = {
    "output_format_container": "raw",
    "output_format_encoding": "pcm_f32le",
    "output_format_sample_rate": RATE,
}


def heard(sdk: Cartesia, audio: np.ndarray, rate: int = RATE) -> Any:
    file = ("clip.wav", wav_bytes(audio, rate))
    return sdk.stt.transcribe(file=file, model="ink-whisper", timestamp_granularities=["word"])


def changed(sdk: Cartesia, name: str) -> np.ndarray:
    with (SPEECH / name).open("rb") as clip:
        answer = sdk.voice_changer.generate(clip=clip, voice_id=VOICE, **FORM)
    return np.frombuffer(answer.read(), np.float32)


def distances(words: Any, others: Any) -> list[float]:
    """Seconds between the starts of the words that are in both."""
    texts, other_texts = ([normalise(word.word) for word in heard] for heard in (words, others))
    blocks = SequenceMatcher(None, texts, other_texts, autojunk=False).get_matching_blocks()
    pairs = [(a + i, b + i) for a, b, size in blocks for i in range(size)]
    return [abs(words[a].start - others[b].start) for a, b in pairs]


def test_another_voice_says_the_same_words_at_the_same_times(sdk: Cartesia) -> None:
    said, resaid, off = [], [], []
    for clip in CLIPS:
        before = recording(SPEECH / clip["file"])
        after = changed(sdk, clip["file"])
        assert len(after) / RATE == pytest.approx(len(before) / 16_000, abs=0.03)
        original, copy = heard(sdk, before, 16_000), heard(sdk, after)
        said.append(clip["text"])
        resaid.append(copy.text)
        off += distances(original.words, copy.words)
    assert word_error_rate(said, resaid) <= 0.08
    assert len(off) > 0.8 * sum(len(text.split()) for text in said)
    assert np.median(off) <= 0.05
    assert np.percentile(off, 90) <= 0.2


def test_phrases_begin_when_they_did(sdk: Cartesia) -> None:
    before = heard(sdk, recording(SPEECH / "011_jfk.wav"), 16_000)
    after = heard(sdk, changed(sdk, "011_jfk.wav"))
    phrases = find_phrases([Word(word.word, word.start, word.end) for word in before.words])
    again = find_phrases([Word(word.word, word.start, word.end) for word in after.words])
    assert len(again) == len(phrases) >= 4
    for said, resaid in zip(phrases, again, strict=True):
        assert resaid.start_s == pytest.approx(said.start_s, abs=0.1)


def test_events_hold_the_same_audio(sdk: Cartesia) -> None:
    name = CLIPS[0]["file"]
    with (SPEECH / name).open("rb") as clip:
        *chunks, done = sdk.voice_changer.generate_sse(clip=clip, voice_id=VOICE, **FORM)
    assert done.done
    audio = b"".join(b64decode(chunk.data) for chunk in chunks)
    assert np.array_equal(np.frombuffer(audio, np.float32), changed(sdk, name))


def test_a_clip_without_speech_is_refused(sdk: Cartesia) -> None:
    noise = (0.01 * np.random.default_rng(0).standard_normal(3 * 16_000)).astype(np.float32)
    with pytest.raises(BadRequestError, match="no speech"):
        sdk.voice_changer.generate(clip=("a.wav", wav_bytes(noise, 16_000)), voice_id=VOICE, **FORM)


def test_an_infill_sounds_as_loud_as_the_halves_it_joins(sdk: Cartesia) -> None:
    clip = recording(SPEECH / "011_jfk.wav", RATE)
    words = heard(sdk, clip).words
    cut_after = next(i for i, word in enumerate(words) if normalise(word.word) == "americans")
    cut = round((words[cut_after].end + words[cut_after + 1].start) / 2 * RATE)
    left, right = clip[:cut], clip[cut:]
    text = "and all of our good friends in the world,"
    answer = sdk.tts.infill(
        left_audio=("left.wav", wav_bytes(left, RATE)),
        right_audio=("right.wav", wav_bytes(right, RATE)),
        model_id="sonic-3",
        language="en",
        transcript=text,
        voice_id=VOICE,
        output_format={"container": "raw", "encoding": "pcm_f32le", "sample_rate": RATE},
    )
    infill = np.frombuffer(answer.read(), np.float32)
    assert loudness(infill, RATE) == pytest.approx(loudness(clip, RATE), abs=2.0)
    joined = np.concatenate((left, infill, right))
    for join in (cut, cut + len(infill)):
        bend = np.abs(np.diff(joined[join - 2_400 : join + 2_400], 2))
        assert bend[2_396:2_402].max() <= bend.max()
        assert np.abs(np.diff(joined[join - 1 : join + 1]))[0] < 0.02
    transcript = heard(sdk, joined).text
    before, after = (normalise(half.text) for half in (heard(sdk, left), heard(sdk, right)))
    assert word_error_rate([f"{before} {text} {after}"], [transcript]) <= 0.1
