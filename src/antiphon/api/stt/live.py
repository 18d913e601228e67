"""A socket that is one stream of audio: what both kinds of it share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from antiphon.api import errors
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.services import RecognitionStream, Services
from antiphon.api.stt.backlog import Backlog
from antiphon.api.stt.latency import StreamLatency
from antiphon.api.stt.request import RawFormat, without_effect
from antiphon.api.stt.together import first_of
from antiphon.audio.encodings import StreamDecoder
from antiphon.audio.resample import Resampler
from antiphon.errors import AntiphonError, BadRequest, RequestError

RATE_HZ = 16_000
IDLE_S = 180.0
BACKLOG_BYTES = 4 * 1024 * 1024
"""Two minutes of 16 kHz pcm_s16le."""

SLICE_BYTES = 64 * 1024
"""A long message is decoded in pieces of this size, with other streams' turns between them."""

NORMAL, POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1008, 1011, 1013
"""Close codes: RFC 6455 section 7.4.1, and 1013 of its registry. SDKs reconnect after the last two."""

Close = Literal["close"]
CLOSE: Final[Close] = "close"
"""The command that no audio follows: nothing is read after it."""

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Closing:
    """How a socket is to be closed."""

    code: int = NORMAL
    reason: str = ""


async def serve(
    socket: WebSocket,
    services: Services,
    key_id: str,
    command: Callable[[str], C | Close],
    hear: Callable[[Backlog[C | Close]], Awaitable[None]],
) -> None:
    """Serve one socket, which is one stream and one job, until it is done, idle, wrong or gone.

    Args:
        socket: not accepted yet.
        services: of the app.
        key_id: whose it is.
        command: understands a text message; raises BadRequest, which is told and ends nothing.
        hear: has what the backlog gives recognised, and tells the client; what it raises is told, and is the
            end.

    Raises:
        Overloaded: the key has as many streams as it may; the upgrade is refused.
    """
    ignored = ignored_header(without_effect(socket.query_params.multi_items(), services))
    with services.limits.using("STT streams", key_id):
        await socket.accept(
            headers=[(name.lower().encode(), value.encode()) for name, value in ignored.items()]
        )
        with services.lifetime.socket(socket):
            try:
                closing = await _serve(socket, services, command, hear)
                await socket.close(closing.code, closing.reason)
            except (WebSocketDisconnect, WebSocketDisconnected):
                pass  # nobody is there to tell


async def send(socket: WebSocket, message: dict[str, Any]) -> None:
    """Send a message as JSON.

    Raises:
        WebSocketDisconnected: the client left.
    """
    await socket.send_text(orjson.dumps(message).decode())


class Inlet:
    """Brings a client's audio to the worker, in order and at the worker's pace.

    Args:
        stream: the worker.
        raw: how the client sends its samples.
        latency: is told what arrives.
    """

    def __init__(self, stream: RecognitionStream, raw: RawFormat, latency: StreamLatency) -> None:
        self._stream = stream
        self._decoder = StreamDecoder(raw.encoding)
        self._resampler = Resampler(raw.sample_rate, RATE_HZ)
        self._latency = latency
        self._sent = 0

    @property
    def sent_s(self) -> float:
        """Seconds of audio sent so far."""
        return self._sent / RATE_HZ

    async def push(self, audio: bytes) -> None:
        """Send the samples of a message; one may be cut anywhere, even within a sample."""
        for start in range(0, len(audio), SLICE_BYTES):
            samples = self._resampler.push(self._decoder.push(audio[start : start + SLICE_BYTES]))
            if len(samples):
                self._sent += len(samples)
                self._latency.arrived(time.monotonic(), self.sent_s)
                await self._stream.send(samples)
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Send what is left; no audio follows."""
        self._latency.finalize_asked(time.monotonic())
        if len(rest := self._resampler.finish()):
            await self._stream.send(rest)
        await self._stream.end()


async def _serve(
    socket: WebSocket,
    services: Services,
    command: Callable[[str], C | Close],
    hear: Callable[[Backlog[C | Close]], Awaitable[None]],
) -> Closing:
    backlog: Backlog[C | Close] = Backlog(BACKLOG_BYTES)
    try:
        with services.lifetime.running():
            return await first_of(_done(hear(backlog)), _read(socket, command, backlog))
    except (WebSocketDisconnect, WebSocketDisconnected):
        raise
    except Exception as cause:  # noqa: BLE001 - a socket is not closed without a word
        request_id = request_id_of(socket)
        error = errors.report(cause, request_id=request_id)
        await send(socket, errors.event(error, request_id=request_id))
        return Closing(_close_code(error), error.title)


async def _done(hearing: Awaitable[None]) -> Closing:
    await hearing
    return Closing()


def _close_code(error: AntiphonError) -> int:
    if error.retryable:
        return TRY_AGAIN_LATER
    return POLICY_VIOLATION if isinstance(error, RequestError) else INTERNAL_ERROR


async def _read(
    socket: WebSocket, command: Callable[[str], C | Close], backlog: Backlog[C | Close]
) -> Closing:
    """Take in what the client sends.

    Raises:
        WebSocketDisconnect: the client left.
    """
    closed = False
    while True:
        try:
            async with asyncio.timeout(None if closed else IDLE_S):
                message = await socket.receive()
        except TimeoutError:
            return Closing(reason="connection idle timeout")
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        if closed:
            continue
        if (audio := message.get("bytes")) is not None:
            await backlog.put(audio)
            continue
        try:
            told = command(message.get("text") or "")
        except BadRequest as refusal:
            await send(socket, errors.event(refusal, request_id=request_id_of(socket)))
        else:
            await backlog.put(told)
            closed = told == CLOSE
