import asyncio
import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from cartesia import AsyncCartesia
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from antiphon.api.stt import live
from antiphon.errors import JobLost, NoWorker, Overloaded
from antiphon.telemetry.metrics import REGISTRY
from support.engines import EngineRecognition
from support.hearing import say

PCM = "model=ink-2&encoding=pcm_s16le&sample_rate=16000"


@pytest.fixture(autouse=True)
def _engine(served: Any) -> None:
    """Streams are heard by a real engine."""
    served.bus.recognition = EngineRecognition


def pcm(*words: int, pause_s: float = 1.0) -> bytes:
    return np.round(say(*words, pause_s=pause_s) * 32768).astype("<i2").tobytes()


def address(served: Any, query: str = PCM) -> str:
    return served.socket(query).replace("/stt/websocket", "/stt/turns/websocket")


async def read_all(socket: ClientConnection) -> list[dict]:
    """Every message up to the close."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(json.loads(await socket.recv()))
    return messages


async def until(socket: ClientConnection, kind: str) -> list[dict]:
    messages = [json.loads(await socket.recv())]
    while messages[-1]["type"] != kind:
        messages.append(json.loads(await socket.recv()))
    return messages


def kinds(messages: list[dict]) -> list[str]:
    return [message["type"] for message in messages]


async def test_the_official_client_hears_turns(served: Any) -> None:
    sdk = AsyncCartesia(api_key=served.key, base_url=served.http)
    async with sdk.stt.auto_finalize.websocket(
        model="ink-2",
        encoding="pcm_s16le",
        sample_rate=16000,
        keyterm=["antiphon"],
        turn_start_threshold=0.85,
        turn_eager_end_threshold=0.45,
        turn_end_threshold=0.3,
        turn_end_timeout_ms=900,
    ) as connection:
        await connection.send_raw(pcm(1, pause_s=2.0))
        await connection.send({"type": "config", "turn": {"end_timeout_ms": 5000}})
        await connection.send_raw(pcm(2, 3, pause_s=0.4))
        await connection.send({"type": "close"})
        events = [event async for event in connection]
    assert [event.type for event in events] == [
        "connected",
        *("turn.start", "turn.update", "turn.end"),
        *("turn.start", "turn.update", "turn.update", "turn.end"),
    ]
    assert [event.transcript for event in events if event.type == "turn.end"] == ["w1", " w2 w3"]
    assert len({event.request_id for event in events}) == 1
    await sdk.close()


async def test_messages_have_the_documented_keys(served: Any) -> None:
    async with connect(address(served, f"{PCM}&turn_eager_end_threshold=0.6")) as socket:
        request_id = socket.response.headers["x-request-id"]
        await socket.send(pcm(1) + pcm(2, pause_s=3.0))
        await socket.send('{"type": "close"}')
        messages = await read_all(socket)
        assert socket.close_code == 1000
    head = {"request_id": request_id}
    assert messages == [
        {"type": "connected", **head},
        {"type": "turn.start", **head},
        {"type": "turn.update", **head, "transcript": "w1"},
        {"type": "turn.eager_end", **head, "transcript": "w1"},
        {"type": "turn.resume", **head},
        {"type": "turn.update", **head, "transcript": "w1 w2"},
        {"type": "turn.eager_end", **head, "transcript": "w1 w2"},
        {"type": "turn.end", **head, "transcript": "w1 w2"},
    ]
    assert served.bus.streams[0].closed.is_set()


async def test_connected_comes_at_once(served: Any) -> None:
    async with connect(address(served)) as socket:
        assert kinds([json.loads(await socket.recv())]) == ["connected"]


async def test_an_open_turn_ends_with_the_stream(served: Any) -> None:
    async with connect(address(served)) as socket:
        await socket.send(pcm(1, pause_s=0.0))
        await socket.send('{"type":"close"}')
        messages = await read_all(socket)
        assert socket.close_code == 1000
    assert kinds(messages) == ["connected", "turn.start", "turn.update", "turn.end"]
    assert messages[-1]["transcript"] == "w1"


async def test_silence_is_no_turn(served: Any) -> None:
    async with connect(address(served)) as socket:
        await socket.send(bytes(64_000))
        await socket.send('{"type":"close"}')
        assert kinds(await read_all(socket)) == ["connected"]
        assert socket.close_code == 1000


async def test_the_size_of_messages_makes_no_difference(served: Any) -> None:
    audio = pcm(1, 2, pause_s=0.5) + pcm(3, pause_s=3.0) + pcm(4, pause_s=0.1)
    heard = []
    for chunk in (320, 3_001, len(audio)):
        async with connect(address(served)) as socket:
            for start in range(0, len(audio), chunk):
                await socket.send(audio[start : start + chunk])
            await socket.send('{"type":"close"}')
            messages = await read_all(socket)
            heard.append([(m["type"], m.get("transcript")) for m in messages if m["type"] != "turn.update"])
    assert heard[0] == heard[1] == heard[2]
    assert [text for kind, text in heard[0] if kind == "turn.end"] == ["w1 w2 w3", " w4"]


async def test_the_job_says_what_turns_need(served: Any) -> None:
    query = f"{PCM}&max_silence_duration_secs=3&language=en-US"
    async with connect(address(served, query)) as socket:
        await until(socket, "connected")
        job = served.bus.streams[0].job
    assert job.voice_activity
    assert job.partials
    assert job.max_silence_s == 0.32
    assert (job.model, job.language) == ("moonshine-tiny-en", "en")


async def test_a_config_holds_from_where_it_came(served: Any) -> None:
    async with connect(address(served)) as socket:
        await socket.send(pcm(1, pause_s=1.5))
        await socket.send('{"type":"config","turn":{"end_timeout_ms":640}}')
        await socket.send(pcm(2, pause_s=1.5))
        await socket.send('{"type":"close"}')
        messages = await read_all(socket)
    # The pause has lasted for longer than that when it comes, and had ended nothing before.
    assert [m["transcript"] for m in messages if m["type"] == "turn.end"] == ["w1", " w2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("close", "not JSON"),
        ("", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"type":"finalize"}', 'whose type is "config" or "close"'),
        ("{}", 'whose type is "config" or "close"'),
        ('{"type":"config","turn":1}', "turn must be an object"),
        ('{"type":"config","turn":{"end_threshold":0.6}}', "from 0.05 to 0.5"),
        ('{"type":"config","turn":{"end_threshold":0.45}}', "must be above"),
    ],
)
async def test_a_wrong_message_is_an_error_and_changes_nothing(served: Any, text: str, problem: str) -> None:
    async with connect(address(served)) as socket:
        await until(socket, "connected")
        await socket.send(text)
        error = json.loads(await socket.recv())
        assert (error["type"], error["status_code"]) == ("error", 400)
        assert problem in error["message"]
        await socket.send(pcm(1, pause_s=0.1))
        await socket.send('{"type":"config","turn":{"end_timeout_ms":640}}')
        await socket.send('{"type":"close"}')
        assert kinds(await read_all(socket)) == ["turn.start", "turn.update", "turn.end"]


@pytest.mark.parametrize(
    ("query", "problem", "code"),
    [
        ("", "model is missing", None),
        ("model=ink-2&sample_rate=16000", "encoding is missing", None),
        ("model=ink-2&encoding=pcm_s16le", "sample_rate is missing", None),
        (PCM.replace("ink-2", "nova-3"), "nova-3", "model_not_found"),
        (f"{PCM}&language=de", "'de'", "language_not_supported"),
        (f"{PCM}&turn_start_threshold=1", "turn_start_threshold is '1'", None),
        (f"{PCM}&turn_end_timeout_ms=soon", "turn_end_timeout_ms is 'soon'", None),
        (f"{PCM}&turn_eager_end_threshold=0.3&turn_end_threshold=0.3", "must be above", None),
        (PCM + "&keyterm=a" * 101, "keyterm was given 101 times", None),
        (f"{PCM}&keyterm={'a' * 1201}", "keyterm holds 1201 characters", None),
    ],
)
async def test_invalid_settings_are_told_instead_of_connected(
    served: Any, query: str, problem: str, code: str | None
) -> None:
    async with connect(address(served, query)) as socket:
        messages = await read_all(socket)
        assert socket.close_code == 1008
    assert kinds(messages) == ["error"]
    assert problem in messages[0]["message"]
    assert (messages[0]["status_code"], messages[0]["error_code"]) == (400, code)
    assert not served.bus.streams


@pytest.mark.parametrize("refusal", [Overloaded("full"), NoWorker("nobody")])
async def test_no_place_is_told_instead_of_connected(served: Any, refusal: Any) -> None:
    served.bus.refusal = refusal
    async with connect(address(served)) as socket:
        messages = await read_all(socket)
        assert socket.close_code == 1013
    assert [m["status_code"] for m in messages] == [refusal.status]


async def test_a_lost_job_is_told(served: Any) -> None:
    async with connect(address(served)) as socket:
        await until(socket, "connected")
        served.bus.streams[0].fail(JobLost("all failed"))
        messages = await read_all(socket)
        assert socket.close_code == 1013
    assert [m["message"] for m in messages] == ["all failed"]


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_bad_key_is_refused_before_the_upgrade(served: Any, key: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(address(served).replace(served.key, key))
    assert caught.value.response.status_code == 401


async def test_an_idle_socket_is_closed(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "IDLE_S", 0.05)
    async with connect(address(served)) as socket:
        assert kinds(await read_all(socket)) == ["connected"]
        assert (socket.close_code, socket.close_reason) == (1000, "connection idle timeout")


async def test_what_comes_after_close_is_passed_over(served: Any) -> None:
    served.bus.room.clear()
    async with connect(address(served)) as socket:
        await socket.send(pcm(1, pause_s=0.1))
        for late in ('{"type":"close"}', pcm(2), "nonsense", '{"type":"config","turn":{}}'):
            await socket.send(late)
        served.bus.room.set()
        messages = await read_all(socket)
    assert kinds(messages) == ["connected", "turn.start", "turn.update", "turn.end"]
    assert messages[-1]["transcript"] == "w1"


async def test_a_client_that_leaves_frees_the_worker(served: Any) -> None:
    socket = await connect(address(served))
    await until(socket, "connected")
    socket.transport.abort()
    await asyncio.wait_for(served.bus.streams[0].closed.wait(), 30)


@pytest.mark.parametrize("path", ["/stt/turns/websocket/", "/v1/stt/turns/websocket"])
async def test_every_form_of_the_path_answers(served: Any, path: str) -> None:
    async with connect(address(served).replace("/stt/turns/websocket", path)) as socket:
        await until(socket, "connected")


async def test_keyterms_are_said_to_have_no_effect_on_a_model_that_takes_none(served: Any) -> None:
    async with connect(address(served, f"{PCM}&keyterm=Antiphon&keyterm=NATS")) as socket:
        assert socket.response.headers["antiphon-ignored"] == "keyterm"
    async with connect(address(served)) as socket:
        assert "antiphon-ignored" not in socket.response.headers
    served.bus.keyterms = True
    async with connect(address(served, f"{PCM}&keyterm=Antiphon&keyterm=NATS")) as socket:
        assert "antiphon-ignored" not in socket.response.headers
        await until(socket, "connected")
    assert served.bus.streams[-1].job.keyterms == ("Antiphon", "NATS")


async def test_latency_is_measured(served: Any) -> None:
    def count(name: str) -> float:
        return REGISTRY.get_sample_value(f"{name}_count", {"model": "moonshine-tiny-en"}) or 0

    names = "antiphon_stt_partial_seconds", "antiphon_stt_final_seconds"
    before = [count(name) for name in names]
    async with connect(address(served)) as socket:
        audio = pcm(1, 2)
        for start in range(0, len(audio), 3200):
            await socket.send(audio[start : start + 3200])
        await socket.send('{"type":"close"}')
        await read_all(socket)
    after = [count(name) for name in names]
    assert after[0] > before[0]
    assert after[1] == before[1] + 2
