"""Whatever a client does wrong gets an error of the documented form, and costs nobody else anything."""

import asyncio
import base64
import json
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from support.platform import KEY, Platform

pytestmark = pytest.mark.models

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000}
GOOD = {"model_id": "sonic-3", "transcript": "Fine, thank you.", "voice": "heart", "output_format": RAW}
HEALTHY = GOOD | {"transcript": "The train to the coast leaves at half past seven. " * 4}
ENDLESS = GOOD | {
    "transcript": "This goes on for a good while, and then for a while more. " * 400,
    "output_format": RAW | {"encoding": "pcm_f32le", "sample_rate": 48_000},
}
HEARING = "/stt/websocket?model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"
TURNS = "/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"
TURN_QUERY = TURNS.partition("?")[2]
SPEECH = (Path(__file__).parents[1] / "data" / "speech" / "011_jfk.wav").read_bytes()[44:]

VERSIONS = pytest.mark.parametrize("version", [None, "2025-04-16", "2026-03-01"])


def headers(version: str | None = "2026-03-01", key: str | None = KEY) -> dict[str, str]:
    sent = {"X-API-Key": key, "Cartesia-Version": version}
    return {name: value for name, value in sent.items() if value is not None}


def good(**fields: Any) -> bytes:
    return json.dumps(GOOD | fields).encode()


def audio_of(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(m["data"]) for m in messages if m["type"] == "chunk")


@pytest.fixture(scope="module")
def healthy(running: Platform) -> bytes:
    """What an undisturbed stream brings; speech is deterministic."""
    answer = httpx.post(f"{running.url}/tts/bytes", json=HEALTHY, headers=headers(), timeout=60)
    assert answer.status_code == 200
    return answer.content


@pytest.fixture
async def beside(running: Platform, healthy: bytes) -> AsyncIterator[httpx.AsyncClient]:
    """A client for bad requests. Beside the test healthy streams run, and no place is left taken after it."""
    over = asyncio.Event()

    async def listen() -> int:
        heard = 0
        while not heard or not over.is_set():
            answer = await client.post("/tts/bytes", json=HEALTHY, headers=headers())
            assert answer.content == healthy
            heard += 1
        return heard

    async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
        listening = asyncio.create_task(listen())
        yield client
        over.set()
        assert await listening
        deadline = time.monotonic() + 10
        while any(loads := await load(client)):
            assert time.monotonic() < deadline, f"places still taken: {loads}"
            await asyncio.sleep(0.05)


async def load(client: httpx.AsyncClient) -> tuple[int, int]:
    """Places taken, for speech and for hearing."""
    offerings = (await client.get("/status")).json()["offerings"]
    return offerings["tts"]["load"], offerings["stt"]["load"]


def check(answer: httpx.Response, version: str | None, status: int, code: str | None = None) -> None:
    """An error of this status in the form of this version."""
    assert answer.status_code == status, answer.text
    if version == "2026-03-01":
        body = answer.json()
        assert body.keys() == {"error_code", "title", "message", "request_id"}
        assert (body["error_code"], body["request_id"]) == (code, answer.headers["x-request-id"])
        assert body["title"]
        assert body["message"]
    else:
        assert answer.headers["content-type"].startswith("text/plain")
        title, _, message = answer.text.partition(": ")
        assert title
        assert message


def check_event(event: dict[str, Any], status: int, code: str | None = None) -> None:
    """An error event, which has the keys of every version."""
    assert (event["type"], event["done"]) == ("error", True)
    assert (event["status_code"], event["code"], event["error_code"]) == (status, status, code), event
    assert event["error"] == f"{event['title']}: {event['message']}"
    assert event["request_id"]


REQUESTS: dict[str, tuple[bytes, int, str | None]] = {
    "empty": (good(transcript=""), 400, None),
    "blank": (good(transcript=" \n\t\u200b"), 400, None),
    "dots": (good(transcript="... !!! ???"), 400, None),
    "nothing that the model speaks": (good(transcript="你好世界。😀"), 400, None),
    "too long": (good(transcript="word " * 40_001), 413, "file_too_large"),
    "no transcript": (good(transcript=None), 400, None),
    "a number for a transcript": (good(transcript=5), 400, None),
    "a model that is not there": (good(model_id="no-such-model"), 400, "model_not_found"),
    "a voice that is not there": (good(voice="no\0body"), 404, "voice_not_found"),
    "a language that is not there": (good(language="fr"), 400, "language_not_supported"),
    "a dictionary that is not there": (good(pronunciation_dict_id="x"), 404, None),
    "no format": (good(output_format=None), 400, None),
    "an odd rate": (good(output_format=RAW | {"sample_rate": 7999}), 400, None),
    "a wrong encoding": (good(output_format=RAW | {"encoding": "opus"}), 400, None),
    "a wrong container": (good(output_format=RAW | {"container": "ogg"}), 400, None),
    "a speed in words": (good(generation_config={"speed": "very"}), 400, None),
    "broken": (good()[:-1], 400, None),
    "no object": (b"[]", 400, None),
    "no body": (b"", 400, None),
    "deep": (b'{"a":' * 100_000, 400, None),
    "not a number": (good(duration=1).replace(b'"duration": 1', b'"duration": NaN'), 400, None),
    "huge": (good(duration=1).replace(b'"duration": 1', b'"duration": 1e999'), 400, None),
    "half a surrogate": (good().replace(b"Fine", b"\\ud800"), 400, None),
    "binary": (bytes(range(256)) * 20, 400, None),
    "10 MB": (b'{"transcript": "' + b"a" * 10_000_000 + b'"}', 413, "file_too_large"),
}


@VERSIONS
@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_bad_requests_for_speech(beside: httpx.AsyncClient, path: str, version: str | None) -> None:
    for body, status, code in REQUESTS.values():
        check(await beside.post(path, content=body, headers=headers(version)), version, status, code)
    for key in (None, "wrong"):
        check(await beside.post(path, content=good(), headers=headers(version, key)), version, 401)


@VERSIONS
async def test_bad_uploads(beside: httpx.AsyncClient, version: str | None) -> None:
    async def post(
        content: Any, query: str = "", key: str | None = KEY, **fields: str
    ) -> Callable[[int, str | None], None]:
        files = {"file": ("speech.wav", content)}
        data = {"model": "ink-whisper"} | fields
        answer = await beside.post(f"/stt?{query}", files=files, data=data, headers=headers(version, key))
        return lambda status, code=None: check(answer, version, status, code)

    (await post(b""))(415, "unsupported_audio_format")
    (await post(b"No audio, whatever its name says. " * 100))(415, "unsupported_audio_format")
    (await post(SPEECH, "encoding=opus&sample_rate=16000"))(400)
    (await post(SPEECH, "encoding=pcm_s16le&sample_rate=7999"))(400)
    (await post(SPEECH, "encoding=pcm_s16le&sample_rate=16000&sample_rate=8000"))(400)
    (await post(SPEECH, "encoding=pcm_s16le"))(400)
    (await post(SPEECH, model="no-such-model"))(400, "model_not_found")
    (await post(SPEECH, language="xx"))(400, "language_not_supported")
    (await post(SPEECH, min_volume="nan"))(400)
    (await post(SPEECH, key=None))(401)
    for kind in ("audio/wav", "multipart/form-data", "multipart/form-data; boundary=b", "text/plain"):
        sent = headers(version) | {"content-type": kind}
        check(await beside.post("/stt", content=SPEECH, headers=sent), version, 400)


def request(context_id: object, **fields: Any) -> str:
    return json.dumps(GOOD | {"context_id": context_id} | fields)


MESSAGES: dict[str, tuple[str | bytes, int, str | None, str | None]] = {
    "binary": (b"\0\1", 400, None, None),
    "broken": ("{", 400, None, None),
    "no object": ("[1]", 400, None, None),
    "empty": ("", 400, None, None),
    "deep": ('{"a":' * 100_000, 400, None, None),
    "10 MB": ("x" * 10_000_000, 413, "file_too_large", None),
    "no context": (json.dumps(GOOD), 400, None, None),
    "a number for a context": (request(5), 400, None, None),
    "an empty context": (request(""), 400, None, None),
    "a long context": (request("c" * 300), 400, None, None),
    "a cancel of nothing": ('{"cancel": true}', 400, None, None),
    "a flush of nothing": ('{"context_id": "f", "flush": true}', 400, None, "f"),
    "no text": (request("a", transcript="  "), 400, None, "a"),
    "nothing that the model speaks": (request("b", transcript="你好"), 400, None, "b"),
    "a model that is not there": (request("c", model_id="x"), 400, "model_not_found", "c"),
    "a voice that is not there": (request("d", voice={"id": "x"}), 404, "voice_not_found", "d"),
    "a container": (request("e", output_format=RAW | {"container": "wav"}), 400, None, "e"),
    "continue in words": (request("f", **{"continue": "yes"}), 400, None, "f"),
}


@asynccontextmanager
async def open_socket(
    running: Platform, path: str, version: str | None = "2026-03-01"
) -> AsyncIterator[ClientConnection]:
    async with connect(
        running.ws_url + path, additional_headers=headers(version), max_size=None, compression=None
    ) as it:
        yield it


async def read(connection: ClientConnection) -> dict[str, Any]:
    return json.loads(await connection.recv())


@VERSIONS
async def test_bad_messages_to_the_speech_socket(
    beside: httpx.AsyncClient, running: Platform, healthy: bytes, version: str | None
) -> None:
    async with open_socket(running, "/tts/websocket", version) as connection:
        await connection.send(json.dumps(HEALTHY | {"context_id": "healthy"}))
        await connection.send('{"context_id": "unknown", "cancel": true}')
        for message, *_ in MESSAGES.values():
            await connection.send(message)
        messages = [await read(connection)]
        while sum(m["done"] for m in messages) <= len(MESSAGES):
            messages.append(await read(connection))
        # The socket lives on, and so did the context beside.
        assert audio_of([m for m in messages if m.get("context_id") == "healthy"]) == healthy
        errors = [m for m in messages if m["type"] == "error"]
        expected = sorted((status, code or "", name or "") for _, status, code, name in MESSAGES.values())
        for error in errors:
            check_event(error, error["status_code"], error["error_code"])
            assert error["request_id"] == connection.response.headers["X-Request-ID"]
        told = [(m["status_code"], m["error_code"] or "", m.get("context_id", "")) for m in errors]
        assert sorted(told) == expected
        # A context that got its last input takes no more.
        await connection.send(json.dumps(ENDLESS | {"context_id": "ended"}))
        await connection.send(request("ended", transcript="More."))
        while (last := await read(connection))["type"] != "error":
            assert last["context_id"] == "ended"
        check_event(last, 400)
        await connection.send(json.dumps(HEALTHY | {"context_id": "again"}))
        messages = [await read(connection)]
        while not messages[-1]["done"]:
            messages.append(await read(connection))
        assert audio_of([m for m in messages if m["context_id"] == "again"]) == healthy


async def test_too_many_contexts(beside: httpx.AsyncClient, running: Platform) -> None:
    async with open_socket(running, "/tts/websocket") as connection:
        for number in range(300):
            await connection.send(request(f"c{number}", transcript="Wait", **{"continue": True}))
        refused = [await read(connection) for _ in range(300 - 256)]
        assert {m["context_id"] for m in refused} == {f"c{number}" for number in range(256, 300)}
        for error in refused:
            check_event(error, 429, "concurrency_limited")


@VERSIONS
async def test_bad_messages_to_the_hearing_socket(
    beside: httpx.AsyncClient, running: Platform, version: str | None
) -> None:
    async with open_socket(running, HEARING, version) as connection:
        for text in ("hello", '{"type": "close"}', "x" * 5_000_000, "\0"):
            await connection.send(text)
            check_event(await read(connection), 400)
        await connection.send(b"")
        await connection.send(SPEECH[:1])
        await connection.send(SPEECH[1:])
        await connection.send("close")
        events = [json.loads(message) async for message in connection]
        assert events[-1]["type"] == "done"
        heard = "".join(e["text"] for e in events if e["type"] == "transcript" and e["is_final"])
        assert "what you can do for your country" in heard.lower()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("model=ink-whisper&encoding=opus&sample_rate=16000", None),
        ("model=ink-whisper&encoding=pcm_s16le&sample_rate=7999", None),
        ("model=ink-whisper&encoding=pcm_s16le&sample_rate=16000&sample_rate=8000", None),
        ("model=ink-whisper&encoding=pcm_s16le", None),
        ("model=ink-whisper&encoding=pcm_s16le&sample_rate=16000&language=xx", "language_not_supported"),
        ("model=no-such-model&encoding=pcm_s16le&sample_rate=16000", "model_not_found"),
        ("", None),
    ],
)
async def test_bad_settings_of_a_hearing_socket(running: Platform, query: str, code: str | None) -> None:
    async with open_socket(running, f"/stt/websocket?{query}") as connection:
        check_event(await read(connection), 400, code)
        await connection.wait_closed()
        assert connection.close_code == 1008


TURN_MESSAGES = [
    "close",
    "finalize",
    "",
    "{",
    "null",
    "[]",
    "[" * 100_000,
    "{}",
    '{"type": "done"}',
    '{"type": ["close"]}',
    '{"type": "Close"}',
    '{"type": "config", "turn": []}',
    '{"type": "config", "turn": {"start_threshold": 0.49}}',
    '{"type": "config", "turn": {"start_threshold": 1e999}}',
    '{"type": "config", "turn": {"start_threshold": {}}}',
    '{"type": "config", "turn": {"eager_end_threshold": 0.6, "start_threshold": 0.6}}',
    '{"type": "config", "turn": {"eager_end_threshold": 0.3, "end_threshold": 0.3}}',
    '{"type": "config", "turn": {"end_timeout_ms": "' + "9" * 5_000 + '"}}',
    '{"type": "config", "turn": {"end_timeout_ms": 639.9}}',
    '{"type": "config", "turn": {"end_timeout_ms": false}}',
    "x" * 5_000_000,
    "\0",
]


@VERSIONS
async def test_bad_messages_to_the_socket_of_turns(
    beside: httpx.AsyncClient, running: Platform, version: str | None
) -> None:
    async with open_socket(running, TURNS, version) as connection:
        assert (await read(connection))["type"] == "connected"
        for text in TURN_MESSAGES:
            await connection.send(text)
            check_event(await read(connection), 400)
        await connection.send(b"")
        await connection.send(SPEECH[:1])
        await connection.send(SPEECH[1:])
        await connection.send('{"type": "close"}')
        events = [json.loads(message) async for message in connection]
        assert connection.close_code == 1000
        heard = "".join(e["transcript"] for e in events if e["type"] == "turn.end")
        assert "what you can do for your country" in heard.lower()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", None),
        ("model=ink-2&encoding=pcm_s16le", None),
        ("model=ink-2&sample_rate=16000", None),
        (TURN_QUERY.replace("pcm_s16le", "opus"), None),
        (TURN_QUERY.replace("ink-2", "no-such-model"), "model_not_found"),
        (TURN_QUERY + "&language=xx", "language_not_supported"),
        (TURN_QUERY + "&turn_start_threshold=0.95", None),
        (TURN_QUERY + "&turn_eager_end_threshold=x", None),
        (TURN_QUERY + "&turn_end_threshold=0.45", None),
        (TURN_QUERY + "&turn_end_timeout_ms=0", None),
        (TURN_QUERY + "&turn_end_timeout_ms=700&turn_end_timeout_ms=800", None),
        (TURN_QUERY + "&keyterm=x" * 101, None),
    ],
)
async def test_bad_settings_of_turns(running: Platform, query: str, code: str | None) -> None:
    async with open_socket(running, f"/stt/turns/websocket?{query}") as connection:
        check_event(await read(connection), 400, code)
        await connection.wait_closed()
        assert connection.close_code == 1008


@VERSIONS
@pytest.mark.parametrize("path", ["/tts/websocket", HEARING, TURNS])
async def test_a_socket_without_a_key(running: Platform, path: str, version: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(running.ws_url + path, additional_headers=headers(version, key="wrong"))
    answer = refused.value.response
    check(
        httpx.Response(answer.status_code, headers=answer.headers, content=bytes(answer.body)), version, 401
    )


BAD_FRAMES = [b"\xff" * 32, b"\x81\x02{}", b"\x81\x82\0\0\0\0\xff\xfe", b"\x81\xff" + b"\x7f" * 12]
"""Reserved bits, no mask, no UTF-8, a message of exabytes."""


async def until_closed(connection: ClientConnection) -> None:
    """A greeting may come first."""
    async for _ in connection:
        pass


@pytest.mark.parametrize("path", ["/tts/websocket", HEARING, TURNS])
async def test_frames_that_break_the_protocol_cost_their_socket_alone(
    beside: httpx.AsyncClient, running: Platform, path: str
) -> None:
    for frame in BAD_FRAMES:
        async with open_socket(running, path) as connection:
            connection.transport.write(frame)
            with pytest.raises(ConnectionClosedError):
                await asyncio.wait_for(until_closed(connection), 30)
    async with open_socket(running, path) as connection:
        with suppress(ConnectionClosed):
            await connection.send("x" * 17_000_000)
        await connection.wait_closed()
        assert connection.close_code == 1009


async def test_bytes_that_are_no_request(beside: httpx.AsyncClient, running: Platform) -> None:
    port = int(running.url.rpartition(":")[2])
    for data in (
        bytes(range(256)),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /tts/bytes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /tts/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 "), data
        writer.close()


def cut(line: Any) -> None:
    """End a connection as a machine that is switched off does, as far as the other side can tell."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


async def taken(beside: httpx.AsyncClient, places: tuple[int, int]) -> None:
    """Wait until at least so many places are taken."""
    while not all(a >= b for a, b in zip(await load(beside), places, strict=True)):
        await asyncio.sleep(0.02)


async def streaming(running: Platform, count: int) -> None:
    """Wait until so many streams are open; a client that does not read holds a place now and then."""
    while await asyncio.to_thread(running.metric, "api", "antiphon_api_streams") < count:
        await asyncio.sleep(0.02)


async def begin(running: Platform, path: str, body: bytes, length: int | None = None) -> socket.socket:
    """A POST whose answer nobody reads."""
    line = socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])))
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    length = len(body) if length is None else length
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n{kind}Content-Length: {length}\r\n\r\n"
    await asyncio.to_thread(line.sendall, head.encode() + body)
    return line


def form(audio: bytes) -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nink-whisper\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + audio + b"\r\n--b--\r\n"
    )


async def test_clients_that_vanish(beside: httpx.AsyncClient, running: Platform) -> None:
    endless = json.dumps(ENDLESS).encode()
    pcm = "/stt?encoding=pcm_s16le&sample_rate=16000"
    lines = [
        await begin(running, "/tts/bytes", endless),
        await begin(running, "/tts/sse", endless),
        await begin(running, pcm, form(SPEECH * 60)),
    ]
    half = [await begin(running, path, form(SPEECH)[:999], length=9999) for path in ("/tts/bytes", pcm)]
    speaking = await connect(running.ws_url + "/tts/websocket", additional_headers=headers())
    for name in "abc":
        await speaking.send(json.dumps(ENDLESS | {"context_id": name}))
    hearing = await connect(running.ws_url + HEARING, additional_headers=headers())
    for _ in range(20):
        await hearing.send(SPEECH)
    await streaming(running, 7)
    for line in lines + half:
        cut(line)
    for connection in (speaking, hearing):
        connection.transport.abort()


async def test_sockets_that_come_and_go(beside: httpx.AsyncClient, running: Platform) -> None:
    paths = ["/tts/websocket", HEARING] * 10
    opened = await asyncio.gather(
        *(connect(running.ws_url + path, additional_headers=headers()) for path in paths)
    )
    await taken(beside, (0, 10))
    await asyncio.gather(*(connection.close() for connection in opened))


VICTIM = """
import json, os, sys
from websockets.sync.client import connect
url, key, message = sys.argv[1:]
socket = connect(url, additional_headers={"X-API-Key": key})
socket.send(message)
socket.recv()
print("speaking", flush=True)
while True:
    socket.recv()
"""


async def test_a_client_that_is_killed(beside: httpx.AsyncClient, running: Platform) -> None:
    message = json.dumps(ENDLESS | {"context_id": "c"})
    victim = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", VICTIM, running.ws_url + "/tts/websocket", KEY, message),
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout
    assert await victim.stdout.readline() == b"speaking\n"
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()


async def test_clients_that_stop_reading(
    beside: httpx.AsyncClient, running: Platform, healthy: bytes
) -> None:
    """Nobody waits for them, and what they held is free once they are gone."""
    body = json.dumps(ENDLESS).encode()
    lines = [await begin(running, path, body) for path in ("/tts/bytes", "/tts/sse")]
    stalled = await connect(running.ws_url + "/tts/websocket", additional_headers=headers(), max_queue=1)
    await stalled.send(json.dumps(ENDLESS | {"context_id": "c"}))
    await streaming(running, 3)
    for _ in range(5):
        answer = await beside.post("/tts/bytes", json=HEALTHY, headers=headers())
        assert answer.content == healthy
    for line in lines:
        cut(line)
    stalled.transport.abort()
