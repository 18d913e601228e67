from typing import Any

import pytest

from antiphon.api.openai.errors import WrongField
from antiphon.api.openai.realtime.config import DEFAULT_TURNS, SessionConfig
from antiphon.api.stt.request import RawFormat
from antiphon.api.stt.turns import HESITATION_S, PAUSE_S
from antiphon.speech.turns import TurnSettings

CONFIG = SessionConfig("moonshine-tiny-en")


def nested(**fields: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": fields}}


def test_what_an_update_does_not_name_stays() -> None:
    first = CONFIG.updated(nested(transcription={"model": "whisper-1", "prompt": "x"}, turn_detection=None))
    second = first.updated(nested(transcription={"language": "en-GB"}))
    assert (second.model, second.prompt, second.language) == ("whisper-1", "x", "en")
    assert second.turns is None
    assert CONFIG.updated({}) == CONFIG


@pytest.mark.parametrize(
    ("form", "raw"),
    [
        ({"type": "audio/pcm", "rate": 24000}, RawFormat("pcm_s16le", 24_000)),
        ({"type": "audio/pcm"}, RawFormat("pcm_s16le", 24_000)),
        ({"type": "audio/pcm", "rate": 16000}, RawFormat("pcm_s16le", 16_000)),
        ({"type": "audio/pcmu"}, RawFormat("pcm_mulaw", 8_000)),
        ({"type": "audio/pcma"}, RawFormat("pcm_alaw", 8_000)),
        ("pcm16", RawFormat("pcm_s16le", 24_000)),
        ("g711_ulaw", RawFormat("pcm_mulaw", 8_000)),
        ("g711_alaw", RawFormat("pcm_alaw", 8_000)),
        (None, RawFormat("pcm_s16le", 24_000)),
    ],
)
def test_formats_by_their_new_and_old_names(form: Any, raw: RawFormat) -> None:
    assert CONFIG.updated(nested(format=form)).raw == raw
    assert CONFIG.updated({"input_audio_format": form}).raw == raw


def test_the_older_flat_shape_says_the_same() -> None:
    transcription = {"model": "whisper-1", "language": "en", "prompt": "p"}
    turns = {"type": "server_vad", "silence_duration_ms": 800}
    flat = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": transcription,
        "input_audio_noise_reduction": {"type": "near_field"},
        "turn_detection": turns,
    }
    same = nested(
        format={"type": "audio/pcmu"},
        transcription=transcription,
        noise_reduction={"type": "near_field"},
        turn_detection=turns,
    )
    assert CONFIG.updated(flat) == CONFIG.updated(same)


def test_a_pause_ends_a_turn_after_what_the_client_says() -> None:
    assert CONFIG.pause_s == 0.5
    server = {"type": "server_vad", "silence_duration_ms": 800, "threshold": 0.6}
    assert CONFIG.updated(nested(turn_detection=server)).pause_s == 0.8
    assert CONFIG.updated(nested(turn_detection=server)).hesitation_s == 0
    assert CONFIG.updated(nested(turn_detection=None)).hesitation_s == 0


def test_eagerness_says_how_sure_an_end_must_be() -> None:
    judged: dict[str, TurnSettings] = {}
    for eagerness in ("low", "medium", "high", "auto"):
        semantic = {"type": "semantic_vad", "eagerness": eagerness}
        config = CONFIG.updated(nested(turn_detection=semantic))
        assert config.turns is not None
        assert config.turns.judged is not None
        assert (config.pause_s, config.hesitation_s) == (PAUSE_S, HESITATION_S)
        judged[eagerness] = config.turns.judged
    assert judged["auto"] == judged["medium"]
    assert judged["low"].end < judged["medium"].end < judged["high"].end
    assert [judged[name].end_timeout_s for name in ("low", "medium", "high")] == [8, 4, 2]
    default = CONFIG.updated(nested(turn_detection={"type": "semantic_vad"}))
    assert default.turns is not None
    assert default.turns.judged == judged["auto"]


def test_the_session_is_told_in_every_shape_and_can_be_sent_back() -> None:
    config = CONFIG.updated(
        nested(format={"type": "audio/pcm", "rate": 16000}, turn_detection={"type": "semantic_vad"})
    )
    told = config.fields("sess_1")
    assert (told["id"], told["type"], told["object"]) == (
        "sess_1",
        "transcription",
        "realtime.transcription_session",
    )
    assert told["audio"]["input"]["turn_detection"] == told["turn_detection"]
    assert told["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 16000}
    assert told["input_audio_format"] == "pcm16"
    assert CONFIG.updated(told) == config
    assert CONFIG.fields("s")["turn_detection"] == DEFAULT_TURNS.fields


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"type": "realtime"}, "session.type"),
        ({"audio": []}, "session.audio"),
        ({"audio": {"input": 1}}, "session.audio.input"),
        (nested(format={"type": "audio/mp3"}), "session.audio.input.format.type"),
        (nested(format=7), "session.audio.input.format"),
        (nested(format={"type": "audio/pcm", "rate": 1}), "session.audio.input.format.rate"),
        (nested(format={"type": "audio/pcm", "rate": True}), "session.audio.input.format.rate"),
        (nested(transcription="whisper-1"), "session.audio.input.transcription"),
        (nested(transcription={"model": 1}), "session.audio.input.transcription.model"),
        (nested(turn_detection=True), "session.audio.input.turn_detection"),
        (nested(turn_detection={"type": "x"}), "session.audio.input.turn_detection.type"),
        (
            nested(turn_detection={"type": "semantic_vad", "eagerness": "very"}),
            "session.audio.input.turn_detection.eagerness",
        ),
        (
            nested(turn_detection={"silence_duration_ms": 0}),
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
        (nested(noise_reduction=1), "session.audio.input.noise_reduction"),
    ],
)
def test_what_is_wrong_is_named(session: dict[str, Any], param: str) -> None:
    with pytest.raises(WrongField) as raised:
        CONFIG.updated(session)
    assert raised.value.param == param
