"""Clients that have one text spoken: over the WebSocket, as server-sent events, as plain bytes."""

import asyncio
from collections import Counter
from typing import Any, Protocol
from uuid import uuid4

import msgspec
import orjson

from antiphon.loadtest.exchange import Exchange, connect
from antiphon.loadtest.failures import Cut, Failure, Garbled, Refused
from antiphon.loadtest.request import Listener
from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import Socket, open_socket

SOCKETS = 4
"""Sockets that the contexts of a load share, as the backend of a voice agent has a few of them."""


class SpeechClient(Protocol):
    """What a load drives.

    Attributes:
        target: where its requests go, and in which form their audio comes.
    """

    @property
    def target(self) -> Target:
        """See above."""
        ...

    async def speak(self, text: str, listener: Listener) -> None:
        """Have a text spoken, and the listener hear every piece the moment it comes.

        Raises:
            Failure: the request failed, and how.
        """
        ...

    async def aclose(self) -> None:
        """Let go of every connection."""
        ...


class _Message(msgspec.Struct):
    """A message of a context; ``data`` stays JSON, as most of it is only counted."""

    type: str = ""
    context_id: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    status_code: int = 0
    error_code: str | None = None


_decode = msgspec.json.Decoder(_Message).decode


def _hear(message: _Message, listener: Listener) -> bool:
    """Give the listener what the message holds; whether it was the last one.

    Raises:
        Refused: it is an error.
    """
    if message.type == "chunk":
        listener.hear_base64(memoryview(message.data)[1:-1])
    elif message.type == "error":
        raise Refused(message.status_code, message.error_code)
    return message.type == "done"


class WebSocketClient:
    """One context a request, over a few sockets that stay open. See `SpeechClient`.

    Args:
        target: the server.
        sockets: at most so many.
    """

    def __init__(self, target: Target, sockets: int = SOCKETS) -> None:
        self.target = target
        self._free = [_ContextSocket(target) for _ in range(sockets)]
        self._open: Counter[_ContextSocket] = Counter()

    async def speak(self, text: str, listener: Listener) -> None:
        """See `SpeechClient`."""
        socket = min(self._free, key=self._open.__getitem__)
        self._open[socket] += 1
        try:
            await socket.speak(text, listener)
        finally:
            self._open[socket] -= 1

    async def aclose(self) -> None:
        """See `SpeechClient`."""
        for socket in self._free:
            socket.close()


class _ContextSocket:
    """A socket that is opened when it is first needed, and again after it was cut."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._socket: Socket | None = None
        self._opening = asyncio.Lock()
        self._contexts: dict[str, tuple[Listener, asyncio.Future[None]]] = {}

    async def speak(self, text: str, listener: Listener) -> None:
        async with self._opening:
            if self._socket is None or self._socket.lost.done():
                self._socket = await open_socket(self._target, "/tts/websocket", self._hear)
                self._socket.lost.add_done_callback(self._lost)
            socket = self._socket
        context, ended = uuid4().hex, asyncio.get_running_loop().create_future()
        self._contexts[context] = listener, ended
        request = self._target.request(text) | {"context_id": context, "continue": False}
        try:
            socket.send_text(orjson.dumps(request | {"max_buffer_delay_ms": 0}))
            await ended
        except asyncio.CancelledError:
            if not socket.lost.done():
                socket.send_text(orjson.dumps({"context_id": context, "cancel": True}))
            raise
        finally:
            del self._contexts[context]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _hear(self, data: bytes) -> None:
        try:
            message = _decode(data)
        except msgspec.DecodeError:
            self._fail_all(Garbled())
            return
        listener, ended = self._contexts.get(message.context_id or "", (None, None))
        if listener is None or ended is None or ended.done():
            return  # the rest of a context that was given up
        try:
            if _hear(message, listener):
                ended.set_result(None)
        except (Failure, ValueError) as error:
            ended.set_exception(error if isinstance(error, Failure) else Garbled())

    def _lost(self, _: asyncio.Future[None]) -> None:
        self._fail_all(Cut())

    def _fail_all(self, failure: Failure) -> None:
        for _, ended in self._contexts.values():
            if not ended.done():
                ended.set_exception(failure)


class BytesClient:
    """``POST /tts/bytes``, one connection a request in flight, kept for the next. See `SpeechClient`.

    Args:
        target: the server.
        path: of another endpoint that takes the same body and answers with the same bytes.
    """

    def __init__(self, target: Target, path: str = "/tts/bytes") -> None:
        self.target = target
        self._path = target.path(path)
        self._idle: list[Exchange] = []

    async def speak(self, text: str, listener: Listener) -> None:
        """See `SpeechClient`."""
        await self._post(text, listener.hear)

    async def _post(self, text: str, hear: Any) -> None:
        exchange = await self._connection()
        status = await exchange.post(
            self._path, self.target.headers, orjson.dumps(self.target.request(text)), hear
        )
        if exchange.usable:
            self._idle.append(exchange)
        else:
            exchange.close()
        if status != 200:
            raise Refused(status, _code(exchange.refusal))

    async def _connection(self) -> Exchange:
        while self._idle:
            if (exchange := self._idle.pop()).usable:
                return exchange
        return await connect(self.target, Exchange)

    async def aclose(self) -> None:
        """See `SpeechClient`."""
        for exchange in self._idle:
            exchange.close()


class SseClient(BytesClient):
    """``POST /tts/sse``: the same with events. See `SpeechClient`."""

    def __init__(self, target: Target) -> None:
        super().__init__(target, "/tts/sse")

    async def speak(self, text: str, listener: Listener) -> None:
        """See `SpeechClient`."""
        events = _Events(listener)
        await self._post(text, events.push)
        if events.failure:
            raise events.failure
        if not events.done:
            raise Cut


class _Events:
    """The ``data:`` lines of an event stream, cut anywhere."""

    def __init__(self, listener: Listener) -> None:
        self.done = False
        self.failure: Failure | None = None
        self._listener = listener
        self._rest = b""

    def push(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and not self.failure:
                try:
                    self.done |= _hear(_decode(line[5:]), self._listener)
                except Refused as failure:
                    self.failure = failure
                except ValueError:
                    self.failure = Garbled()


def _code(body: bytes) -> str | None:
    """The server's name of an error, if its body gives one."""
    try:
        return msgspec.json.decode(body, type=_Message).error_code
    except msgspec.DecodeError:
        return None


CLIENTS = {"websocket": WebSocketClient, "sse": SseClient, "bytes": BytesClient}
"""Clients by the name of their transport."""
