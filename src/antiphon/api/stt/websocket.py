"""``WS /stt/websocket``: audio in, text out while it is spoken; the client says when an utterance is over.

Source of the protocol: https://docs.cartesia.ai/api-reference/stt/stt and Cartesia's SDKs. Text frames from
the client are the bare words ``finalize``, ``close`` and ``done`` (an older name of ``close``).

Words come with finals only when the query asks for them (``timestamp_granularities[]=word`` or
``word_timestamps=true``): finding their times costs the worker another pass, and clients do without. Their
form is that of ``POST /stt``; the key is absent otherwise, as some clients iterate over it.
"""

import time
from contextlib import aclosing
from itertools import count
from typing import Any, Literal

from fastapi import APIRouter
from starlette.websockets import WebSocket

from antiphon.api.auth import STTGrant
from antiphon.api.envelope import request_id_of
from antiphon.api.services import RecognitionStream, Services, ServicesDep
from antiphon.api.stt.backlog import Backlog
from antiphon.api.stt.latency import StreamLatency
from antiphon.api.stt.live import CLOSE, Close, Inlet, send, serve
from antiphon.api.stt.request import make_job, parse_stream_request
from antiphon.api.stt.together import together
from antiphon.api.stt.words import word_fields
from antiphon.contract.events import Done, Ending, Final, Finalized, Partial, Voice
from antiphon.errors import BadRequest
from antiphon.telemetry.metrics import STT_FINAL, STT_PARTIAL

Command = Literal["finalize"] | Close

router = APIRouter()


@router.websocket("/stt/websocket")
async def transcribe_stream(socket: WebSocket, services: ServicesDep, grant: STTGrant) -> None:
    """Serve one socket, which is one stream."""

    async def hear(backlog: Backlog[Command]) -> None:
        await _hear(socket, services, backlog, grant.key_id)

    await serve(socket, services, grant.key_id, _command, hear)


def _command(text: str) -> Command:
    match text.strip():
        case "finalize":
            return "finalize"
        case "close" | "done":
            return CLOSE
        case _:
            raise BadRequest("Expected one of: finalize, done, close")


async def _hear(socket: WebSocket, services: Services, backlog: Backlog[Command], tenant: str) -> None:
    """Have the audio recognised and tell the client what it hears, up to ``done``."""
    asked, raw = parse_stream_request(socket.query_params.multi_items())
    job = make_job(asked, services, partials=True)
    latency = StreamLatency()
    async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
        teller = Teller(socket, job.model, job.language, latency, words=asked.words)
        await together(_feed(stream, Inlet(stream, raw, latency), backlog, latency), teller.tell(stream))
    await send(socket, {"type": "done", "request_id": request_id_of(socket)})


async def _feed(
    stream: RecognitionStream, inlet: Inlet, backlog: Backlog[Command], latency: StreamLatency
) -> None:
    """Bring what the client sent to the worker, in order and at the worker's pace."""
    marks = count()
    while True:
        match await backlog.get():
            case bytes(audio):
                await inlet.push(audio)
            case "finalize":
                latency.finalize_asked(time.monotonic())
                await stream.finalize(next(marks))
            case "close":
                await inlet.end()
                return


class Teller:
    """Writes a stream's events as the client's messages.

    Args:
        socket: whom to tell.
        model: for the metrics.
        language: as transcripts give it until the model finds one out.
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
                    await send(self._socket, {"type": "flush_done", "request_id": self._request_id})
                case Done():
                    return
                case Voice() | Ending():
                    pass

    async def _partial(self, partial: Partial) -> None:
        if not partial.text:
            return
        await send(
            self._socket,
            self._transcript(partial.text, partial.audio_s - self._final_end_s, is_final=False),
        )
        waited_s = self._latency.partial(time.monotonic(), partial.audio_s)
        STT_PARTIAL.labels(model=self._model).observe(waited_s)

    async def _final(self, final: Final) -> None:
        self._final_end_s = final.end_s
        self._language = final.language or self._language
        message = self._transcript(final.text, final.end_s - final.start_s, is_final=True)
        if self._words:
            message["words"] = word_fields(final.words)
        await send(self._socket, message)
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
