"""Stopping gently: what runs gets time to finish, then every socket is closed."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from antiphon.errors import NoWorker
from antiphon.telemetry.metrics import API_STREAMS

GOING_AWAY = 1001


class Lifetime:
    """Counts running requests, contexts and streams, and knows the open sockets."""

    def __init__(self) -> None:
        self._running = 0
        self._sockets: set[WebSocket] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False

    @property
    def draining(self) -> bool:
        """Nothing new is taken on."""
        return self._draining

    @contextmanager
    def running(self) -> Generator[None]:
        """Hold the server up while something runs.

        Raises:
            NoWorker: the server is stopping.
        """
        if self._draining:
            raise NoWorker("This server is stopping; connect again.")
        self._running += 1
        API_STREAMS.inc()
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            API_STREAMS.dec()
            if self._running == 0:
                self._idle.set()

    @contextmanager
    def socket(self, socket: WebSocket) -> Generator[None]:
        """Have an accepted socket closed (1001) when the server stops."""
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.discard(socket)

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, wait up to ``grace_s`` seconds for what runs, then close the sockets."""
        self._draining = True
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        await asyncio.gather(*(_close(socket) for socket in tuple(self._sockets)))


async def _close(socket: WebSocket) -> None:
    try:
        async with asyncio.timeout(1.0):
            await socket.close(GOING_AWAY, "server is stopping")
    except (TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
        pass  # the peer is gone, or has stopped reading: the transport is cut with the process
