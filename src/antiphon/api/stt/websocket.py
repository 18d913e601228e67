"""``WS /stt/websocket``: audio in, text out while it is spoken; the client says when an utterance is over.

Source of the protocol: https://docs.cartesia.ai/api-reference/stt/stt and Cartesia's SDKs. Text frames from
the client are the bare words ``finalize``, ``close`` and ``done`` (an older name of ``close``).

Words come with finals only when the query asks for them (``timestamp_granularities[]=word`` or
``word_timestamps=true``): finding their times costs the worker another pass, and clients do without. Their
form is that of ``POST /stt``; the key is absent otherwise, as some clients iterate over it.
"""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from antiphon.api import errors
from antiphon.api.auth import STTGrant
from antiphon.api.envelope import request_id_of
from antiphon.api.services import RecognitionStream, Services, ServicesDep
from antiphon.api.stt.backlog import Backlog
from antiphon.api.stt.latency import StreamLatency
from antiphon.api.stt.request import RawFormat, make_job, parse_stream_request
from antiphon.api.stt.together import first_of, together
from antiphon.api.stt.words import word_fields
from antiphon.audio.encodings import StreamDecoder
from antiphon.audio.resample import Resampler
from antiphon.contract.events import Done, Final, Finalized, Partial
from antiphon.errors import AntiphonError, BadRequest, RequestError
from antiphon.telemetry.metrics import STT_FINAL, STT_PARTIAL

RATE_HZ = 16_000
IDLE_S = 180.0
BACKLOG_BYTES = 4 * 1024 * 1024
"""Two minutes of 16 kHz pcm_s16le."""

SLICE_BYTES = 64 * 1024
"""A long message is decoded in pieces of this size, with other streams' turns between them."""

NORMAL, POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1008, 1011, 1013
"""Close codes: RFC 6455 section 7.4.1, and 1013 of its registry. SDKs reconnect after the last two."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Closing:
    """How a socket is to be closed."""

    code: int = NORMAL
    reason: str = ""


@router.websocket("/stt/websocket")
async def transcribe_stream(socket: WebSocket, services: ServicesDep, grant: STTGrant) -> None:
    """Serve one socket, which is one stream and one job, until it is done, idle, wrong or gone."""
    await socket.accept()
    with services.lifetime.socket(socket):
        try:
            closing = await _serve(socket, services, grant.key_id)
            await socket.close(closing.code, closing.reason)
        except (WebSocketDisconnect, WebSocketDisconnected):
            pass  # nobody is there to tell


async def _serve(socket: WebSocket, services: Services, tenant: str) -> Closing:
    backlog = Backlog(BACKLOG_BYTES)
    try:
        return await first_of(_hear(socket, services, backlog, tenant), _read(socket, backlog))
    except (WebSocketDisconnect, WebSocketDisconnected):
        raise
    except Exception as cause:  # noqa: BLE001 - a socket is not closed without a word
        request_id = request_id_of(socket)
        error = errors.report(cause, request_id=request_id)
        await _send(socket, errors.event(error, request_id=request_id))
        return Closing(_close_code(error), error.title)


def _close_code(error: AntiphonError) -> int:
    if error.retryable:
        return TRY_AGAIN_LATER
    return POLICY_VIOLATION if isinstance(error, RequestError) else INTERNAL_ERROR


async def _read(socket: WebSocket, backlog: Backlog) -> Closing:
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
        audio, text = message.get("bytes"), (message.get("text") or "").strip()
        if audio is not None:
            await backlog.put(audio)
        elif text == "finalize":
            await backlog.put("finalize")
        elif text in ("close", "done"):
            await backlog.put("close")
            closed = True
        else:
            refusal = BadRequest("Expected one of: finalize, done, close")
            await _send(socket, errors.event(refusal, request_id=request_id_of(socket)))


async def _hear(socket: WebSocket, services: Services, backlog: Backlog, tenant: str) -> Closing:
    """Have the audio recognised and tell the client what it hears, up to ``done``."""
    asked, raw = parse_stream_request(socket.query_params.multi_items())
    job = make_job(asked, services, partials=True)
    latency = StreamLatency()
    with services.lifetime.running():
        async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
            teller = Teller(socket, job.model, job.language, latency, words=asked.words)
            await together(_feed(stream, raw, backlog, latency), teller.tell(stream))
    await _send(socket, {"type": "done", "request_id": request_id_of(socket)})
    return Closing()


async def _feed(stream: RecognitionStream, raw: RawFormat, backlog: Backlog, latency: StreamLatency) -> None:
    """Bring what the client sent to the worker, in order and at the worker's pace."""
    decoder = StreamDecoder(raw.encoding)
    resampler = Resampler(raw.sample_rate, RATE_HZ)
    marks = count()
    sent = 0
    while True:
        match await backlog.get():
            case bytes(audio):
                for start in range(0, len(audio), SLICE_BYTES):
                    samples = resampler.push(decoder.push(audio[start : start + SLICE_BYTES]))
                    if len(samples):
                        sent += len(samples)
                        latency.arrived(time.monotonic(), sent / RATE_HZ)
                        await stream.send(samples)
                    await asyncio.sleep(0)
            case "finalize":
                latency.finalize_asked(time.monotonic())
                await stream.finalize(next(marks))
            case "close":
                latency.finalize_asked(time.monotonic())
                if len(rest := resampler.finish()):
                    await stream.send(rest)
                await stream.end()
                return


class Teller:
    """Writes a stream's events as the client's messages.

    Args:
        socket: whom to tell.
        model: for the metrics.
        language: as every transcript gives it.
        latency: what the metrics are measured with.
        words: whether finals carry words.
    """

    def __init__(
        self, socket: WebSocket, model: str, language: str, latency: StreamLatency, *, words: bool
    ) -> None:
        self._socket = socket
        self._request_id = request_id_of(socket)
        self._model = model
        self._language = language
        self._latency = latency
        self._words = words
        self._final_end_s = 0.0

    async def tell(self, stream: RecognitionStream) -> None:
        """Tell every event of the stream; ends after `Done`, which the caller tells."""
        async for event in stream:
            match event:
                case Partial():
                    await self._partial(event)
                case Final():
                    await self._final(event)
                case Finalized():
                    self._latency.finalize_answered()
                    await _send(self._socket, {"type": "flush_done", "request_id": self._request_id})
                case Done():
                    return

    async def _partial(self, partial: Partial) -> None:
        if not partial.text:
            return
        await _send(
            self._socket,
            self._transcript(partial.text, partial.audio_s - self._final_end_s, is_final=False),
        )
        waited_s = self._latency.partial(time.monotonic(), partial.audio_s)
        STT_PARTIAL.labels(model=self._model).observe(waited_s)

    async def _final(self, final: Final) -> None:
        self._final_end_s = final.end_s
        message = self._transcript(final.text, final.end_s - final.start_s, is_final=True)
        if self._words:
            message["words"] = word_fields(final.words)
        await _send(self._socket, message)
        waited_s = self._latency.final(time.monotonic(), final.end_s)
        STT_FINAL.labels(model=self._model).observe(waited_s)

    def _transcript(self, text: str, duration_s: float, *, is_final: bool) -> dict[str, Any]:
        return {
            "type": "transcript",
            "request_id": self._request_id,
            "text": text,
            "is_final": is_final,
            "duration": round(max(0.0, duration_s), 3),
            "language": self._language,
        }


async def _send(socket: WebSocket, message: dict[str, Any]) -> None:
    await socket.send_text(orjson.dumps(message).decode())
