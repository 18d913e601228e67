"""Cartesia's Python SDK 4.2.0, unmodified, hears turns through the platform."""

import json
import re
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cartesia import Cartesia
from cartesia.types.stt import STTAutoFinalizeWebsocketResponse

from antiphon.audio.encodings import decode, encode
from support.words import word_error_rate

pytestmark = pytest.mark.models

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CLIPS: list[dict[str, Any]] = json.loads((SPEECH / "manifest.json").read_text())
LETTERS = {
    "connected": "c",
    "turn.start": "s",
    "turn.update": "u",
    "turn.eager_end": "e",
    "turn.resume": "r",
    "turn.end": "x",
}


def pcm(name: str) -> bytes:
    with wave.open(str(SPEECH / name)) as clip:
        assert (clip.getframerate(), clip.getnchannels()) == (16_000, 1)
        return clip.readframes(clip.getnframes())


def silence(seconds: float) -> bytes:
    """Such as a microphone brings: not all zeros."""
    noise = np.random.default_rng(0).standard_normal(round(seconds * 16_000)) * 8
    return noise.astype("<i2").tobytes()


def hear(
    sdk: Cartesia, audio: bytes, *, chunk: int = 3200, **options: Any
) -> list[STTAutoFinalizeWebsocketResponse]:
    settings = {"model": "ink-2", "encoding": "pcm_s16le", "sample_rate": 16_000} | options
    with sdk.stt.auto_finalize.websocket(**settings) as connection:
        for start in range(0, len(audio), chunk):
            connection.send_raw(audio[start : start + chunk])
        connection.send({"type": "close"})
        return list(connection)


def letters(events: list[Any]) -> str:
    return "".join(LETTERS[event.type] for event in events)


def turns(events: list[Any]) -> list[str]:
    return [event.transcript for event in events if event.type == "turn.end"]


def test_recordings_of_people_are_turns(sdk: Cartesia) -> None:
    audio = b"".join(pcm(clip["file"]) + silence(3) for clip in CLIPS)
    events = hear(sdk, audio)
    assert re.fullmatch(r"c(su+(eru*)*e?x)+", letters(events))
    assert len({event.request_id for event in events}) == 1
    assert word_error_rate([" ".join(clip["text"] for clip in CLIPS)], ["".join(turns(events))]) <= 0.05


def test_words_come_while_they_are_spoken_and_are_never_taken_back(sdk: Cartesia) -> None:
    events = hear(sdk, pcm("011_jfk.wav"))
    assert letters(events).count("u") > len(turns(events))
    for before, after in pairwise(e for e in events if e.type not in ("connected", "turn.resume")):
        if after.type != "turn.start":
            assert after.transcript.startswith(getattr(before, "transcript", ""))


@pytest.mark.parametrize("chunk", [319, 4001, 10_000_000])
def test_the_size_of_messages_makes_no_difference_to_turns(sdk: Cartesia, chunk: int) -> None:
    audio = silence(0.5) + pcm("002_ps-librivox.wav") + silence(2) + pcm("001_ps-librivox.wav") + silence(1)

    def told(events: list[Any]) -> list[str]:
        return [event.type for event in events if event.type != "turn.update"]

    assert told(hear(sdk, audio, chunk=chunk)) == told(hear(sdk, audio))


def test_a_turn_that_is_open_at_the_close_ends(sdk: Cartesia) -> None:
    events = hear(sdk, pcm("001_ps-librivox.wav")[: 2 * 16_000 * 2])
    assert re.fullmatch(r"csu+(eru*)*e?x", letters(events))
    assert turns(events)[0].strip()


def test_silence_and_noise_are_no_turns(sdk: Cartesia) -> None:
    rng = np.random.default_rng(0)
    for level in (0.0, 0.02):
        audio = (rng.standard_normal(16_000 * 8) * level * 32767).astype("<i2").tobytes()
        assert "".join(turns(hear(sdk, audio))) == ""


@pytest.mark.parametrize("encoding", ["pcm_s32le", "pcm_f16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"])
def test_every_encoding_is_heard(sdk: Cartesia, encoding: str) -> None:
    audio = encode(decode(pcm("001_ps-librivox.wav"), "pcm_s16le"), encoding)
    text = "".join(turns(hear(sdk, audio, encoding=encoding)))
    assert word_error_rate([CLIPS[0]["text"]], [text]) <= 0.3


def test_wrong_settings_are_told_instead_of_connected(sdk: Cartesia) -> None:
    with sdk.stt.auto_finalize.websocket(
        model="ink-2", encoding="pcm_s16le", sample_rate=16_000, turn_end_threshold=0.5
    ) as connection:
        error = connection.recv()
    assert error.type == "error"
    assert error.status_code == 400
    assert "turn_end_threshold" in error.message
