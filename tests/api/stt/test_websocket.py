import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from cartesia import AsyncCartesia
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from antiphon.api.stt import live as route
from antiphon.errors import InternalError, JobLost, NoWorker, Overloaded
from antiphon.settings import Settings
from antiphon.telemetry.metrics import API_STREAMS, REGISTRY

PCM = "model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"


def pcm(samples: int) -> bytes:
    return np.arange(samples, dtype="<i2").tobytes()


async def read_all(socket: ClientConnection) -> list[dict]:
    """Every message up to the close."""
    return [json.loads(message) async for message in quietly(socket)]


async def quietly(socket: ClientConnection) -> AsyncIterator[str]:
    with suppress(ConnectionClosed):
        while True:
            yield await socket.recv()


async def until(socket: Any, kind: str) -> list[dict]:
    messages = [json.loads(await socket.recv())]
    while messages[-1]["type"] != kind:
        messages.append(json.loads(await socket.recv()))
    return messages


def finals(messages: list[dict]) -> str:
    return "".join(m["text"] for m in messages if m["type"] == "transcript" and m["is_final"])


async def settled(served: Any) -> None:
    """Nothing runs any more."""
    while API_STREAMS._value.get() or served.bus.waiting:
        await asyncio.sleep(0.005)


async def test_the_official_client_hears_partials_finals_and_the_end(served: Any) -> None:
    sdk = AsyncCartesia(api_key=served.key, base_url=served.http)
    async with sdk.stt.manual_finalize.websocket(
        model="ink-whisper", encoding="pcm_s16le", sample_rate=16000, language="en", keyterm=["antiphon"]
    ) as connection:
        await connection.send_raw(pcm(1600))
        await connection.send("finalize")
        await connection.send_raw(pcm(800))
        await connection.send("close")
        events = [event async for event in connection]
    assert [event.type for event in events] == [
        "transcript",
        "transcript",
        "flush_done",
        "transcript",
        "transcript",
        "done",
    ]
    assert [(e.text, e.is_final) for e in events if e.type == "transcript"] == [
        (" 1600", False),
        (" 1600", True),
        (" 800", False),
        (" 800", True),
    ]
    assert len({event.request_id for event in events}) == 1
    await sdk.close()


async def test_messages_have_the_documented_keys(served: Any) -> None:
    async with connect(served.socket()) as socket:
        request_id = socket.response.headers["x-request-id"]
        await socket.send(pcm(1600))
        await socket.send("finalize")
        await socket.send("done")
        messages = await read_all(socket)
        assert socket.close_code == 1000
    head = {
        "type": "transcript",
        "request_id": request_id,
        "text": " 1600",
        "duration": 0.1,
        "language": "en",
    }
    assert messages == [
        {**head, "is_final": False},
        {**head, "is_final": True},
        {"type": "flush_done", "request_id": request_id},
        {"type": "done", "request_id": request_id},
    ]
    assert served.bus.streams[0].closed.is_set()


@pytest.mark.parametrize("last", ["close", "done"])
async def test_everything_sent_back_to_back_is_heard(served: Any, last: str) -> None:
    audio = pcm(16_000 * 30)
    async with connect(served.socket()) as socket:
        for start in range(0, len(audio), 3_001):
            await socket.send(audio[start : start + 3_001])
        await socket.send("finalize")
        await socket.send(last)
        messages = await read_all(socket)
    assert finals(messages) == " 480000"
    assert [m["type"] for m in messages if m["type"] != "transcript"] == ["flush_done", "done"]
    heard = np.concatenate(served.bus.streams[0].samples)
    assert np.array_equal(np.round(heard * 32768).astype("<i2"), np.frombuffer(audio, "<i2"))


@pytest.mark.parametrize(
    ("encoding", "rate", "width"),
    [
        ("pcm_s16le", 8_000, 2),
        ("pcm_s16le", 44_100, 2),
        ("pcm_s32le", 48_000, 4),
        ("pcm_f16le", 16_000, 2),
        ("pcm_f32le", 24_000, 4),
        ("pcm_mulaw", 8_000, 1),
        ("pcm_alaw", 11_025, 1),
    ],
)
async def test_every_encoding_and_rate_becomes_16_khz(
    served: Any, encoding: str, rate: int, width: int
) -> None:
    async with connect(served.socket(f"model=ink-2&encoding={encoding}&sample_rate={rate}")) as socket:
        audio = bytes(rate * width)
        for start in range(0, len(audio), 1_234):
            await socket.send(audio[start : start + 1_234])
        await socket.send("close")
        assert finals(await read_all(socket)) == " 16000"


async def test_a_message_of_megabytes_goes_to_the_worker_in_small_pieces(served: Any) -> None:
    async with connect(served.socket()) as socket:
        await socket.send(pcm(2_000_000))
        await socket.send("close")
        assert finals(await read_all(socket)) == " 2000000"
    assert served.bus.streams[0].most_samples_sent <= 32_768


async def test_the_job_says_what_was_asked_for(served: Any) -> None:
    query = (
        f"{PCM}&language=en-US&min_volume=0.2&max_silence_duration_secs=1.5&timestamp_granularities[]=word"
    )
    async with connect(served.socket(query)) as socket:
        await socket.send(pcm(1600))
        await socket.send("close")
        messages = await read_all(socket)
    job = served.bus.streams[0].job
    assert (job.model, job.language) == ("moonshine-tiny-en", "en")
    assert (job.min_volume, job.max_silence_s) == (0.2, 1.5)
    assert job.partials
    assert messages[1]["words"] == [{"word": "1600", "start": 0.0, "end": 0.1}]
    assert "words" not in messages[0]


@pytest.mark.parametrize("text", ['{"type":"finalize"}', "FINALIZE", "", "stop"])
async def test_another_word_is_an_error_and_the_socket_lives(served: Any, text: str) -> None:
    async with connect(served.socket()) as socket:
        await socket.send(text)
        error = json.loads(await socket.recv())
        assert error["type"] == "error"
        assert error["message"] == "Expected one of: finalize, done, close"
        assert error["status_code"] == 400
        await socket.send(pcm(160))
        await socket.send("close")
        assert finals(await read_all(socket)) == " 160"


async def test_finalize_without_audio_is_answered(served: Any) -> None:
    async with connect(served.socket()) as socket:
        await socket.send("finalize")
        assert [m["type"] for m in await until(socket, "flush_done")] == ["flush_done"]
        await socket.send("close")
        assert [m["type"] for m in await read_all(socket)] == ["done"]


async def test_what_comes_after_close_is_passed_over(served: Any) -> None:
    async with connect(served.socket()) as socket:
        served.bus.room.clear()
        await socket.send(pcm(160))
        for late in ("close", pcm(160), "finalize", "close", "nonsense"):
            await socket.send(late)
        served.bus.room.set()
        messages = await read_all(socket)
    assert finals(messages) == " 160"
    assert [m["type"] for m in messages if m["type"] != "transcript"] == ["done"]


@pytest.mark.parametrize(
    ("query", "problem", "code"),
    [
        ("", "model is missing", None),
        ("model=ink-whisper&sample_rate=16000", "encoding is missing", None),
        ("model=ink-whisper&encoding=pcm_s16le", "sample_rate is missing", None),
        ("model=ink-whisper&encoding=opus&sample_rate=16000", 'encoding is "opus"', None),
        (f"{PCM}0000", 'sample_rate is "160000000"', None),
        (f"{PCM}&language=de", "'de'", "language_not_supported"),
        (PCM.replace("ink-whisper", "nova-3"), "nova-3", "model_not_found"),
        (f"{PCM}&min_volume=2", "min_volume", None),
    ],
)
async def test_invalid_settings_are_told_then_the_socket_closes(
    served: Any, query: str, problem: str, code: str | None
) -> None:
    async with connect(served.socket(query)) as socket:
        messages = await read_all(socket)
        assert socket.close_code == 1008
    assert len(messages) == 1
    assert messages[0]["type"] == "error"
    assert problem in messages[0]["message"]
    assert messages[0]["error_code"] == code
    assert messages[0]["status_code"] == 400
    assert not served.bus.streams


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_bad_key_is_refused_before_the_upgrade(served: Any, key: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(served.socket(key=key))
    assert caught.value.response.status_code == 401


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_a_key_in_a_header_is_taken(served: Any, header: str) -> None:
    value = f"Bearer {served.key}" if header == "Authorization" else served.key
    async with connect(served.socket(key=""), additional_headers={header: value}) as socket:
        await socket.send("close")
        assert [m["type"] for m in await read_all(socket)] == ["done"]


@pytest.mark.parametrize("path", ["/stt/websocket/", "/v1/stt/websocket"])
async def test_every_form_of_the_path_answers(served: Any, path: str) -> None:
    async with connect(served.socket().replace("/stt/websocket", path)) as socket:
        await socket.send("close")
        assert [m["type"] for m in await read_all(socket)] == ["done"]


@pytest.mark.parametrize(
    ("refusal", "status", "close_code"),
    [(Overloaded("full"), 429, 1013), (NoWorker("nobody"), 503, 1013)],
)
async def test_no_place_is_told_with_a_close_code_that_invites_a_retry(
    served: Any, refusal: Any, status: int, close_code: int
) -> None:
    served.bus.refusal = refusal
    async with connect(served.socket()) as socket:
        messages = await read_all(socket)
        assert socket.close_code == close_code
    assert [m["status_code"] for m in messages] == [status]


@pytest.mark.parametrize(
    ("failure", "close_code"), [(JobLost("all failed"), 1013), (InternalError("bad"), 1011)]
)
async def test_a_failed_job_is_told(served: Any, failure: Any, close_code: int) -> None:
    async with connect(served.socket()) as socket:
        stream = await served.bus.stream()
        stream.fail(failure)
        messages = await read_all(socket)
        assert socket.close_code == close_code
    assert messages[-1]["type"] == "error"
    assert messages[-1]["message"] == failure.message
    assert stream.closed.is_set()


async def test_an_idle_socket_is_closed(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "IDLE_S", 0.05)
    async with connect(served.socket()) as socket:
        assert await read_all(socket) == []
        assert (socket.close_code, socket.close_reason) == (1000, "connection idle timeout")
    assert (await served.bus.stream()).closed.is_set()


@pytest.mark.parametrize("how", ["closes", "drops the line"])
@pytest.mark.parametrize("when", ["waiting for a place", "listening", "the worker is busy"])
async def test_a_client_that_leaves_frees_the_worker(served: Any, how: str, when: str) -> None:
    if when == "waiting for a place":
        served.bus.place.clear()
    if when == "the worker is busy":
        served.bus.room.clear()
    socket = await connect(served.socket())
    for _ in range(50):
        await socket.send(pcm(16_000))
    while not (served.bus.waiting or served.bus.streams):
        await asyncio.sleep(0.005)
    if how == "closes":
        await socket.close()
    else:
        socket.transport.abort()
    await settled(served)
    assert all(stream.closed.is_set() for stream in served.bus.streams)


async def test_a_client_that_leaves_after_close_is_noticed(served: Any) -> None:
    served.bus.room.clear()
    socket = await connect(served.socket())
    await socket.send(pcm(1600))
    await socket.send("close")
    stream = await served.bus.stream()
    socket.transport.abort()
    await settled(served)
    assert stream.closed.is_set()


async def test_a_slow_worker_holds_the_sender_back_and_loses_nothing(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BACKLOG_BYTES", 100_000)
    served.bus.room.clear()
    sent = 0

    async def send_all() -> None:
        nonlocal sent
        for _ in range(400):
            await socket.send(pcm(64_000))
            sent += 64_000
        await socket.send("close")

    async with connect(served.socket(), write_limit=16_384) as socket:
        sending = asyncio.create_task(send_all())
        await served.bus.stream()
        await asyncio.sleep(0.3)
        assert sent < 400 * 64_000
        served.bus.room.set()
        messages = await read_all(socket)
        await sending
    assert finals(messages) == f" {400 * 64_000}"


async def test_streams_run_side_by_side(served: Any) -> None:
    async def one(samples: int) -> str:
        async with connect(served.socket()) as socket:
            await socket.send(pcm(samples))
            await socket.send("close")
            return finals(await read_all(socket))

    texts = await asyncio.gather(*(one(160 * n) for n in range(1, 21)))
    assert texts == [f" {160 * n}" for n in range(1, 21)]


async def test_latency_is_measured(served: Any) -> None:
    def count(name: str) -> float:
        return REGISTRY.get_sample_value(f"{name}_count", {"model": "moonshine-tiny-en"}) or 0

    names = "antiphon_stt_partial_seconds", "antiphon_stt_final_seconds"
    before = [count(name) for name in names]
    async with connect(served.socket()) as socket:
        for _ in range(3):
            await socket.send(pcm(1600))
        await socket.send("finalize")
        await socket.send("close")
        await read_all(socket)
    assert [count(name) for name in names] == [before[0] + 3, before[1] + 1]


async def test_a_stopping_server_closes_with_1001(settings: Settings, serve: Any) -> None:
    async with serve(settings) as served:
        socket = await connect(served.socket())
        await served.bus.stream()
    assert await read_all(socket) == []
    assert socket.close_code == 1001


async def test_a_defect_is_told_before_the_socket_closes(served: Any) -> None:
    async with connect(served.socket()) as socket:
        stream = await served.bus.stream()
        stream.fail(KeyError("secret detail"))
        messages = await read_all(socket)
        assert socket.close_code == 1011
        request_id = socket.response.headers["x-request-id"]
    assert [(m["type"], m["status_code"], m["request_id"]) for m in messages] == [("error", 500, request_id)]
    assert "secret" not in json.dumps(messages)
    assert stream.closed.is_set()


async def test_a_place_is_asked_for_in_the_name_of_the_key(served: Any) -> None:
    async with connect(served.socket()) as socket:
        await socket.send("close")
        await read_all(socket)
    grant = await served.services.authorizer.authorize(served.key, "stt")
    assert served.bus.tenants == [grant.key_id]


async def test_keyterms_are_said_to_have_no_effect_on_a_model_that_takes_none(served: Any) -> None:
    async with connect(served.socket(f"{PCM}&keyterm=Antiphon")) as socket:
        assert socket.response.headers["antiphon-ignored"] == "keyterm"
    async with connect(served.socket()) as socket:
        assert "antiphon-ignored" not in socket.response.headers
    served.bus.keyterms = True
    async with connect(served.socket(f"{PCM}&keyterm=Antiphon&keyterm=call%20and%20response")) as socket:
        assert "antiphon-ignored" not in socket.response.headers
        await socket.send("close")
        await read_all(socket)
    assert served.bus.streams[-1].job.keyterms == ("Antiphon", "call and response")


@pytest.mark.parametrize("path", ["/stt/websocket", "/stt/turns/websocket"])
async def test_a_stream_more_than_a_key_may_have_is_refused(
    settings: Settings, serve: Any, path: str
) -> None:
    async with serve(settings.model_copy(update={"stt_streams_per_key": 1})) as served:
        address = served.socket().replace("/stt/websocket", path)
        async with connect(address):
            with pytest.raises(InvalidStatus) as refused:
                await connect(address)
            assert refused.value.response.status_code == 429
        await settled(served)
        async with connect(address):
            pass
