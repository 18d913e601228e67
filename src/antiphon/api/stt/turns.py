"""``WS /stt/turns/websocket``: audio in; who has the floor, and what was said, out.

Source of the protocol: https://docs.cartesia.ai/api-reference/stt/turns/websocket and Cartesia's SDKs. Text
frames from the client are JSON: ``{"type": "config", …}`` and ``{"type": "close"}``.
"""

import time
from contextlib import aclosing
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.websockets import WebSocket

from antiphon.api.auth import STTGrant
from antiphon.api.bodies import parse_object
from antiphon.api.envelope import request_id_of
from antiphon.api.services import RecognitionStream, Services, ServicesDep
from antiphon.api.stt.backlog import Backlog
from antiphon.api.stt.latency import StreamLatency
from antiphon.api.stt.live import CLOSE, Close, Inlet, send, serve
from antiphon.api.stt.request import make_job, parse_stream_request
from antiphon.api.stt.thresholds import settings_of_config, settings_of_query
from antiphon.api.stt.together import together
from antiphon.contract.events import Done, Ending, Final, Finalized, Partial, Voice
from antiphon.errors import BadRequest
from antiphon.speech.turns import (
    TurnEagerEnd,
    TurnEnd,
    TurnEvent,
    TurnResume,
    Turns,
    TurnSettings,
    TurnStart,
    TurnUpdate,
)
from antiphon.telemetry.metrics import STT_FINAL, STT_PARTIAL

PAUSE_S = 0.32
"""A pause this long ends an utterance where nobody hears whether the speaker has finished."""

HESITATION_S = 0.5
"""A pause this long ends one where somebody does, and hears that the speaker has not."""

Command = TurnSettings | Close

router = APIRouter()


@router.websocket("/stt/turns/websocket")
async def transcribe_turns(socket: WebSocket, services: ServicesDep, grant: STTGrant) -> None:
    """Serve one socket, which is one stream."""
    commands = Commands()

    async def hear(backlog: Backlog[Command]) -> None:
        await _hear(socket, services, commands, backlog, grant.key_id)

    await serve(socket, services, grant.key_id, commands, hear)


class Commands:
    """Understands the client's text messages.

    Attributes:
        settings: those that hold for the audio that comes next.
    """

    def __init__(self) -> None:
        self.settings = TurnSettings()

    def __call__(self, text: str) -> Command:
        """What a message says.

        Raises:
            BadRequest: it is no such message, or settings are out of range; then they stay as they were.
        """
        message = parse_object(text)
        match message.get("type"):
            case "close":
                return CLOSE
            case "config":
                self.settings = settings_of_config(message, self.settings)
                return self.settings
            case _:
                raise BadRequest('Expected a JSON object whose type is "config" or "close".')


async def _hear(
    socket: WebSocket, services: Services, commands: Commands, backlog: Backlog[Command], tenant: str
) -> None:
    """Have the audio recognised and tell the client of its turns, up to the end of the last."""
    query = socket.query_params.multi_items()
    asked, raw = parse_stream_request(query)
    commands.settings = settings_of_query(query)
    job = msgspec.structs.replace(
        make_job(asked, services, partials=True),
        max_silence_s=PAUSE_S,
        hesitation_s=HESITATION_S,
        voice_activity=True,
    )
    turns = Turns(commands.settings, pause_s=HESITATION_S)
    latency = StreamLatency()
    async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
        await send(socket, {"type": "connected", "request_id": request_id_of(socket)})
        teller = Teller(socket, job.model, turns, latency)
        await together(_feed(Inlet(stream, raw, latency), turns, backlog), teller.tell(stream))


async def _feed(inlet: Inlet, turns: Turns, backlog: Backlog[Command]) -> None:
    """Bring what the client sent to the worker, and the settings to the turns, as of where they came."""
    while True:
        match await backlog.get():
            case bytes(audio):
                await inlet.push(audio)
            case TurnSettings() as settings:
                turns.configure(settings, inlet.sent_s)
            case "close":
                await inlet.end()
                return


class Teller:
    """Tells the client of the turns that a stream's events make.

    Args:
        socket: whom to tell.
        model: for the metrics.
        turns: makes the turns.
        latency: what the metrics are measured with.
    """

    def __init__(self, socket: WebSocket, model: str, turns: Turns, latency: StreamLatency) -> None:
        self._socket = socket
        self._request_id = request_id_of(socket)
        self._model = model
        self._turns = turns
        self._latency = latency

    async def tell(self, stream: RecognitionStream) -> None:
        """Tell every event of the stream; ends after the turn that was open at its end."""
        async for event in stream:
            for turn_event in self._take(event):
                await send(self._socket, self._message(turn_event))

    def _take(self, event: Partial | Final | Finalized | Voice | Ending | Done) -> list[TurnEvent]:
        now_s = time.monotonic()
        match event:
            case Done():
                return self._turns.end()
            case Finalized():
                return []
            case Partial():
                waited_s = self._latency.partial(now_s, event.audio_s)
                STT_PARTIAL.labels(model=self._model).observe(waited_s)
            case Final():
                waited_s = self._latency.final(now_s, event.end_s)
                STT_FINAL.labels(model=self._model).observe(waited_s)
            case Voice() | Ending():
                pass
        return self._turns.take(event)

    def _message(self, event: TurnEvent) -> dict[str, Any]:
        match event:
            case TurnStart():
                kind = "turn.start"
            case TurnUpdate():
                kind = "turn.update"
            case TurnEagerEnd():
                kind = "turn.eager_end"
            case TurnResume():
                kind = "turn.resume"
            case TurnEnd():
                kind = "turn.end"
        message = {"type": kind, "request_id": self._request_id}
        return message if isinstance(event, TurnStart | TurnResume) else message | {"transcript": event.text}
