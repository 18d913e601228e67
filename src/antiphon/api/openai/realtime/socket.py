"""``WS /v1/realtime?intent=transcription``: audio in as it is spoken, text out, in the terms of OpenAI's API.

Source: https://platform.openai.com/docs/guides/realtime-transcription. What the messages mean is in
`Conversation`; here they are read, and recognition is run.
"""

import asyncio
import time
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

import msgspec
import orjson
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from antiphon.api import errors
from antiphon.api.auth import STTGrant
from antiphon.api.bodies import parse_object
from antiphon.api.envelope import request_id_of
from antiphon.api.openai.errors import WrongField, error_fields
from antiphon.api.openai.realtime.config import SessionConfig
from antiphon.api.openai.realtime.conversation import Conversation, Drop, Feed, Finish, Open, Say, Step
from antiphon.api.services import RecognitionStream, Services, ServicesDep
from antiphon.api.stt.backlog import Backlog
from antiphon.api.stt.latency import StreamLatency
from antiphon.api.stt.live import (
    BACKLOG_BYTES,
    INTERNAL_ERROR,
    NORMAL,
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    Inlet,
)
from antiphon.api.stt.request import FIND_OUT, TranscriptionRequest, language_asked, make_job
from antiphon.contract.events import Final, Partial
from antiphon.contract.jobs import RecognitionJob
from antiphon.errors import AntiphonError, ModelNotFound, RequestError
from antiphon.telemetry.metrics import STT_FINAL, STT_PARTIAL

IDLE_S = 300.0
SUBPROTOCOL = "realtime"
"""Browsers offer it beside the one that holds their key, and want one of those they offered."""

router = APIRouter()


@router.websocket("/v1/realtime")
async def converse(socket: WebSocket, services: ServicesDep, grant: STTGrant) -> None:
    """Serve one socket until its client leaves, nothing happens for long, or recognition fails."""
    config = _initial_config(socket, services)
    # Before it is accepted: what refuses a socket refuses the upgrade.
    with services.limits.using("STT streams", grant.key_id):
        offered: list[str] = socket.scope.get("subprotocols", [])
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        with services.lifetime.socket(socket), suppress(WebSocketDisconnect, WebSocketDisconnected):
            await RealtimeSocket(socket, services, grant.key_id, config).serve()


def _initial_config(socket: WebSocket, services: Services) -> SessionConfig:
    """The settings before the first update: those of the query, as far as they concern transcription.

    Raises:
        WrongField: an intent other than transcription.
    """
    query = socket.query_params
    if query.get("intent", "transcription") != "transcription":
        raise WrongField("intent", "must be `transcription`; there is no speech-to-speech here.")
    model = services.settings.stt_model
    for asked in (query.get("transcription_model"), query.get("model")):
        if asked and _hears(asked, services):  # often it names a model to talk to
            model = asked
            break
    return SessionConfig(model, language_asked(query.get("language") or FIND_OUT))


def _hears(model: str, services: Services) -> bool:
    try:
        services.models.resolve(model, "stt", services.dispatcher.offerings("stt"))
    except ModelNotFound:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Hearing:
    """Recognition that runs: where audio goes in, and the task that tells what comes out."""

    inlet: Inlet
    telling: asyncio.Task[None]


class _Idle(Exception):
    """The client has sent nothing for `IDLE_S`."""


class RealtimeSocket:
    """One session: reads its messages, does what they lead to, and sends what is heard."""

    def __init__(self, socket: WebSocket, services: Services, tenant: str, config: SessionConfig) -> None:
        self._socket = socket
        self._services = services
        self._tenant = tenant
        self._backlog: Backlog[str] = Backlog(BACKLOG_BYTES)
        self._conversation = Conversation(
            config, _new_id("sess"), check=self._job, new_id=lambda: _new_id("item")
        )
        self._hearing: _Hearing | None = None

    async def serve(self) -> None:
        """Run until the end, and close.

        Raises:
            WebSocketDisconnect, WebSocketDisconnected: the client left.
        """
        old = "realtime=v1" in self._socket.headers.get("openai-beta", "")
        await self._say(
            [self._conversation.created("transcription_session.created" if old else "session.created")]
        )
        try:
            await self._run()
        except _Idle:
            await self._socket.close(NORMAL, "connection idle timeout")
        except (WebSocketDisconnect, WebSocketDisconnected):
            raise
        except Exception as cause:  # noqa: BLE001 - a socket is not closed without a word
            error = errors.report(cause, request_id=request_id_of(self._socket))
            await self._say(self._conversation.failed(error))
            await self._refuse(error, None)
            await self._socket.close(_close_code(error), error.title)

    async def _run(self) -> NoReturn:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                await self._work(group)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _read(self) -> NoReturn:
        """Take in messages while those before them are worked on."""
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    message = await self._socket.receive()
            except TimeoutError:
                raise _Idle from None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            text = message.get("text")
            await self._backlog.put(message["bytes"] if text is None else text.encode())

    async def _work(self, group: asyncio.TaskGroup) -> NoReturn:
        """Do what the messages ask for, one after the other."""
        while True:
            message, event_id = await self._backlog.get(), None
            try:
                fields = parse_object(message)
                event_id = fields.get("event_id")
                steps = self._conversation.receive(fields)
            except RequestError as error:
                await self._refuse(error, event_id)
                continue
            for step in steps:
                await self._do(step, group)

    async def _do(self, step: Step, group: asyncio.TaskGroup) -> None:
        match step, self._hearing:
            case Say(), _:
                await self._say([step])
            case Open(config), _:
                self._hearing = await self._open(config, group)
            case Feed(audio), _Hearing(inlet):
                await inlet.push(audio)
            case Finish(), _Hearing(inlet, telling):
                await inlet.end()
                await asyncio.wait([telling])
            case Drop(), _Hearing(_, telling):
                telling.cancel()
                await asyncio.wait([telling])
            case _:
                raise AssertionError(step)

    async def _open(self, config: SessionConfig, group: asyncio.TaskGroup) -> _Hearing:
        job, latency = self._job(config), StreamLatency()
        async with AsyncExitStack() as stack:
            stack.enter_context(self._services.lifetime.running())
            placed = await self._services.dispatcher.recognize(job, tenant=self._tenant)
            stream = await stack.enter_async_context(aclosing(placed))
            telling = group.create_task(self._tell(stream, job.model, latency, stack.pop_all()))
        return _Hearing(Inlet(stream, config.raw, latency), telling)

    async def _tell(
        self, stream: RecognitionStream, model: str, latency: StreamLatency, stack: AsyncExitStack
    ) -> None:
        """Tell what is heard; ends after `Done`."""
        async with stack:
            async for event in stream:
                await self._say(self._conversation.heard(event))
                match event:
                    case Partial(text=str(text)) if text:
                        STT_PARTIAL.labels(model=model).observe(
                            latency.partial(time.monotonic(), event.audio_s)
                        )
                    case Final():
                        STT_FINAL.labels(model=model).observe(latency.final(time.monotonic(), event.end_s))
                    case _:
                        pass

    def _job(self, config: SessionConfig) -> RecognitionJob:
        """The job for these settings.

        Raises:
            ModelNotFound, LanguageNotSupported: they can't be served.
        """
        asked = TranscriptionRequest(config.model, config.language, max_silence_s=config.pause_s)
        return msgspec.structs.replace(
            make_job(asked, self._services, partials=True),
            hesitation_s=config.hesitation_s,
            voice_activity=True,
        )

    async def _say(self, events: list[Say]) -> None:
        for say in events:
            await self._send(say.event)

    async def _refuse(self, error: AntiphonError, event_id: object) -> None:
        """Tell of an error; ``event_id`` is that of the message which was wrong."""
        await self._send({"type": "error", "error": {**error_fields(error), "event_id": event_id}})

    async def _send(self, event: dict[str, Any]) -> None:
        await self._socket.send_text(orjson.dumps({"event_id": _new_id("event"), **event}).decode())


def _new_id(kind: str) -> str:
    return f"{kind}_{uuid4().hex[:21]}"


def _close_code(error: AntiphonError) -> int:
    if error.retryable:
        return TRY_AGAIN_LATER
    return POLICY_VIOLATION if isinstance(error, RequestError) else INTERNAL_ERROR
