"""Clients that stop reading, told from those that are merely slow, and upgrades that are none."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from antiphon.api import server, sockets
from antiphon.api.tts import streaming
from antiphon.telemetry.metrics import API_STREAMS

LONG = {
    "model_id": "sonic",
    "voice": "heart",
    "context_id": "c",
    "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 48000},
    "transcript": "word " * 2000,
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are wanted soon; before ``served``, as the server takes these when it starts."""
    monkeypatch.setattr(server, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(server, "PONG_WITHIN_S", 0.1)
    monkeypatch.setattr(sockets, "CLOSE_WITHIN_S", 0.1)
    monkeypatch.setattr(streaming, "STALLED_S", 0.1)


@pytest.fixture
async def line(impatient: None, served: Any) -> AsyncIterator[socket.socket]:
    """A connection of a client that holds little unread."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", served.port))
        yield line


def upgrade(served: Any) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The bytes of a handshake, and what makes frames of text."""
    protocol = ClientProtocol(parse_uri(f"{served.ws}/tts/websocket?api_key=test-key"))
    protocol.send_request(protocol.connect())
    [handshake] = protocol.data_to_send()

    def frame(text: bytes) -> bytes:
        return b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text

    return handshake, frame


async def send(line: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(line, data)


async def given_back(served: Any) -> None:
    """Nothing runs any more, though most of the text has not been spoken."""
    await served.until(lambda: not API_STREAMS._value.get())
    assert all(stream.closed for stream in served.bus.streams)
    assert sum(stream.sent_s for stream in served.bus.streams) < 150


@pytest.mark.parametrize("end", ["no pong", "half closed", "broken frame"])
async def test_a_socket_that_stops_reading_gives_its_places_back(
    line: socket.socket, served: Any, end: str
) -> None:
    handshake, frame = upgrade(served)
    await send(line, handshake)
    assert (await asyncio.get_running_loop().sock_recv(line, 4096)).startswith(b"HTTP/1.1 101 ")
    await send(line, frame(orjson.dumps(LONG)))
    await served.until(lambda: served.bus.streams)
    if end == "half closed":
        line.shutdown(socket.SHUT_WR)
    elif end == "broken frame":
        await send(line, b"\xff" * 16)
    await given_back(served)


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_an_answer_that_is_not_read_gives_its_place_back(
    line: socket.socket, served: Any, path: str
) -> None:
    body = orjson.dumps(LONG)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: test-key\r\nContent-Length: {len(body)}\r\n\r\n"
    await send(line, head.encode() + body)
    await served.until(lambda: served.bus.streams)
    await given_back(served)


async def test_an_upgrade_that_is_none_is_answered(line: socket.socket) -> None:
    await send(
        line,
        b"GET /tts/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Content-Length: 2\r\n\r\n{}",
    )
    assert (await asyncio.get_running_loop().sock_recv(line, 4096)).startswith(b"HTTP/1.1 400 ")
