"""Cartesia's Python SDK 4.2.0, unmodified, hears turns through the platform."""

import json
import re
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cartesia import AsyncCartesia, Cartesia
from cartesia.types.stt import STTAutoFinalizeWebsocketResponse

from antiphon.audio.encodings import decode, encode
from support.platform import KEY, Platform
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
    # Behind the last sentence the room is heard, after its turn is over: a turn without words.
    assert re.fullmatch(r"c(su+(eru*)*e?x)+(se?x)?", letters(events))
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


def cut_in(name: str, at_s: float, pause_s: float) -> bytes:
    """A recording with a pause put in."""
    audio, at = pcm(name), round(at_s * 16_000) * 2
    return audio[:at] + silence(pause_s) + audio[at:] + silence(2)


HESITANT = "004_ps-librivox.wav", 1.6
"""He might even have been … made amiable himself."""


@pytest.mark.parametrize("pause_s", [0.4, 0.8, 1.6])
def test_a_hesitation_in_a_sentence_ends_no_turn(sdk: Cartesia, pause_s: float) -> None:
    assert len(turns(hear(sdk, cut_in(*HESITANT, pause_s=pause_s)))) == 1


def test_a_client_may_be_less_patient(sdk: Cartesia) -> None:
    audio = cut_in(*HESITANT, pause_s=0.8)
    assert len(turns(hear(sdk, audio, turn_end_timeout_ms=640))) == 2


def test_a_client_may_have_longer_ones_waited_for(sdk: Cartesia) -> None:
    hesitations = [cut_in(*HESITANT, pause_s=pause_s) for pause_s in (2.4, 2.6, 2.8, 3.0)]
    patient = {"turn_end_threshold": 0.05, "turn_eager_end_threshold": 0.3}
    ended = sum(len(turns(hear(sdk, audio))) for audio in hesitations)
    assert ended > sum(len(turns(hear(sdk, audio, **patient))) for audio in hesitations)


async def test_a_finished_question_ends_its_turn_while_the_socket_is_open(running: Platform) -> None:
    """Within 0.8 s of audio: the client has sent no more when the end comes."""
    async with AsyncCartesia(api_key=KEY, base_url=running.url, websocket_base_url=running.ws_url) as sdk:
        spoken = await sdk.tts.generate(
            model_id="sonic-3",
            transcript="Could you tell me the time?",
            voice={"mode": "id", "id": "heart"},
            output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
        )
        question = trimmed(await spoken.read())
        async with sdk.stt.auto_finalize.websocket(
            model="ink-2", encoding="pcm_s16le", sample_rate=16_000
        ) as connection:
            await connection.send_raw(silence(0.5) + question + silence(0.8))
            async for event in connection:
                if event.type == "turn.end":
                    break
        assert word_error_rate(["could you tell me the time"], [event.transcript]) <= 0.2


def trimmed(audio: bytes) -> bytes:
    """Without the silence at its end."""
    samples = np.frombuffer(audio, "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    return samples[: loud[-1] + 1].tobytes()


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
