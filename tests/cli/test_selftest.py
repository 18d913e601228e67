import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from antiphon.cli.ports import free_ports
from antiphon.cli.selftest import Proof, prove
from antiphon.errors import OperatorError


@pytest.mark.parametrize(
    ("heard", "holds"),
    [("one two three four five", True), ("One, two; three four!", True), ("one two three", False)],
)
def test_up_to_a_fifth_of_the_words_may_differ(heard: str, holds: bool) -> None:
    assert Proof("one two three four five", heard, ttfa_s=0.1, rtf=0.1).holds is holds


@dataclass
class FakeApi:
    """Speaks quiet, then loud chunks; hears ``heard``."""

    chunks: tuple[int, ...] = (0, 1000)
    heard: str = "hello there"
    refusal: str | None = None
    stt_status: int = 200
    samples_heard: int = 0

    async def status(self, request: Request) -> Response:
        return Response()

    async def speak(self, socket: WebSocket) -> None:
        if socket.query_params["api_key"] != "key":
            await socket.close()
            return
        await socket.accept()
        request = await socket.receive_json()
        if self.refusal:
            await socket.send_json({"type": "error", "message": self.refusal, "done": True})
        for level in self.chunks:
            samples = np.full(2400, level, "<i2").tobytes()
            await socket.send_json({"type": "chunk", "data": b64encode(samples).decode()})
        await socket.send_json({"type": "done", "context_id": request["context_id"]})

    async def hear(self, request: Request) -> Response:
        async with request.form() as form:
            self.samples_heard = (len(await form["file"].read()) - 44) // 2  # type: ignore[union-attr]
        assert request.headers["authorization"] == "Bearer key"
        return JSONResponse({"text": self.heard}, self.stt_status)


@asynccontextmanager
async def _served(api: FakeApi) -> AsyncIterator[str]:
    app = Starlette(
        routes=[
            Route("/status", api.status),
            WebSocketRoute("/tts/websocket", api.speak),
            Route("/stt", api.hear, methods=["POST"]),
        ]
    )
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def test_it_speaks_hears_and_measures() -> None:
    api = FakeApi()
    async with _served(api) as url:
        proof = await prove(url, "key", "Hello there.")
    assert proof.heard == "hello there"
    assert proof.holds
    assert proof.ttfa_s > 0
    assert proof.rtf > 0
    assert api.samples_heard == 4800


@pytest.mark.parametrize(
    ("api", "message"),
    [
        (FakeApi(refusal="no such voice"), "did not speak: no such voice"),
        (FakeApi(chunks=(0, 100)), "no audible sample"),
        (FakeApi(stt_status=500), "did not hear: status 500"),
    ],
)
async def test_what_fails_is_told_in_a_sentence(api: FakeApi, message: str) -> None:
    async with _served(api) as url:
        with pytest.raises(OperatorError, match=message):
            await prove(url, "key", "Hello there.")


async def test_a_refused_key_is_told_in_a_sentence() -> None:
    async with _served(FakeApi()) as url:
        with pytest.raises(OperatorError, match=r"lost the API: .*403"):
            await prove(url, "wrong", "Hello there.")


async def test_an_api_that_is_not_there_is_told_in_a_sentence() -> None:
    (port,) = free_ports("127.0.0.1", 1)
    with pytest.raises(OperatorError, match="lost the API"):
        await prove(f"http://127.0.0.1:{port}", "key")
