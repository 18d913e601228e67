"""A server of both directions that does to each request what its text says, right or wrong."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request as Handshake
from websockets.http11 import Response

from antiphon.loadtest.target import Target

RATE = 24_000
PIECE_S = 0.1
TONE = (np.sin(np.arange(round(RATE * PIECE_S)) * 0.1) * 8000).astype("<i2").tobytes()
SILENCE = bytes(len(TONE))
REFUSAL = {
    "type": "error",
    "done": True,
    "status_code": 429,
    "error_code": "concurrency_limited",
    "title": "Too many requests",
    "message": "Every place is taken.",
}


def pieces(text: str) -> list[bytes]:
    """Three pieces of audio: all of them silent, the first one silent, or none."""
    if text == "silence":
        return [SILENCE] * 3
    return [SILENCE if text == "late" else TONE, TONE, TONE]


@dataclass
class Fake:
    """Two listening servers.

    Attributes:
        http, ws: what to aim at.
        asked: the requests that came.
        connections: made to the HTTP server.
    """

    http: Target
    ws: Target
    asked: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    key: str = "key"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(v)
            for n, _, v in (line.partition(": ") for line in head.split("\r\n"))
            if n == "Content-Length"
        )
        request = orjson.loads(await reader.readexactly(length))
        self.asked.append(request)
        text = request["transcript"]
        if text == "garble":
            writer.write(b"SMTP ready\r\n")
            return False
        if text == "refuse":
            body = orjson.dumps(REFUSAL)
            writer.write(b"HTTP/1.1 429 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return True
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in self._body(head.split()[1], text):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0.001)
            if text == "cut":
                return False
        writer.write(b"0\r\n\r\n")
        return True

    def _body(self, path: str, text: str) -> list[bytes]:
        if path.endswith("bytes"):
            whole = b"".join(pieces(text))
            return [whole[:1001], whole[1001:2000], whole[2000:]]  # cut inside samples
        events = [{"type": "chunk", "data": base64.b64encode(p).decode()} for p in pieces(text)]
        events.append(REFUSAL if text == "error" else {"type": "done", "done": True})
        body = b": comment\n\n" + b"".join(b"event: x\ndata: %b\n\n" % orjson.dumps(e) for e in events)
        if text == "endless":
            body = body[: body.rindex(b"event")]
        return [body[i : i + 977] for i in range(0, len(body), 977)]

    async def talk(self, socket: ServerConnection) -> None:
        async for message in socket:
            request = orjson.loads(message)
            self.asked.append(request)
            context, text = {"context_id": request["context_id"]}, request.get("transcript")
            if text == "stall" or request.get("cancel"):
                continue
            if text == "garble":
                await socket.send("{")
                continue
            if text == "refuse":
                await socket.send(orjson.dumps(REFUSAL | context).decode())
                continue
            for piece in pieces(text):
                data = base64.b64encode(piece).decode()
                await socket.send(orjson.dumps({"type": "chunk", "data": data} | context).decode())
                if text == "cut":
                    await socket.close()
                    return
            await socket.send(orjson.dumps({"type": "done", "done": True} | context).decode())


def admit(connection: ServerConnection, request: Handshake) -> Response | None:
    if request.headers["Authorization"] != "Bearer key":
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no")
    return None


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    it = Fake(Target(), Target())
    server = await asyncio.start_server(it.answer, "127.0.0.1", 0)
    async with server, serve(it.talk, "127.0.0.1", 0, process_request=admit, compression=None) as sockets:
        http_port = server.sockets[0].getsockname()[1]
        ws_port = next(iter(sockets.sockets)).getsockname()[1]
        it.http = Target(f"http://127.0.0.1:{http_port}", "key")
        it.ws = Target(f"http://127.0.0.1:{ws_port}", "key")
        yield it


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]
