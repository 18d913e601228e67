"""Key terms reach the model by every way that hears, and no log."""

from typing import Any

import pytest
from cartesia import Cartesia

from support.platform import KEY, Platform

pytestmark = pytest.mark.models

TERM = "Kovalenko"
SAID = "Please forward this call to <<k|oʊ|v|ə|l|ˈɛ|ŋ|k|oʊ>> when you are free."
RAW = {"encoding": "pcm_s16le", "sample_rate": 16_000}


@pytest.fixture(scope="module")
def audio(running: Platform) -> bytes:
    with Cartesia(api_key=KEY, base_url=running.url) as sdk:
        return sdk.tts.generate(
            model_id="sonic-3",
            transcript=SAID,
            voice={"mode": "id", "id": "heart"},
            output_format={"container": "raw", **RAW},
            language="en",
        ).read()


def in_a_file(sdk: Cartesia, audio: bytes, terms: list[str]) -> str:
    query = {"keyterm": terms} if terms else {}
    heard = sdk.stt.transcribe(
        file=("call.raw", audio), model="ink-2", language="en", extra_query=query, **RAW
    )
    return heard.text


def in_a_stream(sdk: Cartesia, audio: bytes, terms: list[str]) -> str:
    query: Any = {"keyterm": terms} if terms else {}
    with sdk.stt.manual_finalize.websocket(model="ink-2", language="en", extra_query=query, **RAW) as socket:
        for start in range(0, len(audio), 3200):
            socket.send_raw(audio[start : start + 3200])
        socket.send_raw("close")
        return "".join(e.text for e in socket if e.type == "transcript" and e.is_final)


def in_turns(sdk: Cartesia, audio: bytes, terms: list[str]) -> str:
    query: Any = {"keyterm": terms} if terms else {}
    with sdk.stt.auto_finalize.websocket(model="ink-2", extra_query=query, **RAW) as socket:
        for start in range(0, len(audio), 3200):
            socket.send_raw(audio[start : start + 3200])
        socket.send({"type": "close"})
        return " ".join(e.transcript for e in socket if e.type == "turn.end")


@pytest.mark.parametrize("hear", [in_a_file, in_a_stream, in_turns])
def test_a_name_is_heard_as_the_client_writes_it(
    sdk: Cartesia, audio: bytes, hear: Any, running: Platform
) -> None:
    terms = [TERM, "Xarelto", "Grafana", "Okeechobee"]
    plain, text = hear(sdk, audio, []), hear(sdk, audio, terms)
    assert TERM not in plain
    assert TERM in text
    assert "call to" in text
    assert "when you are free" in text
    assert not any(term in text for term in terms[1:])
    logs = "".join(path.read_text(errors="replace") for path in running.folder.rglob("*.log"))
    assert logs
    assert not any(term in logs for term in terms)
