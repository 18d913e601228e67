"""``WS /tts/websocket``: many contexts on one socket, text in as it is written, audio out as it is made."""

import asyncio
from collections import deque
from contextlib import aclosing, suppress
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from antiphon.api import errors
from antiphon.api.auth import TTSGrant
from antiphon.api.bodies import parse_object
from antiphon.api.envelope import request_id_of
from antiphon.api.services import Services, ServicesDep
from antiphon.api.tts.messages import socket_message
from antiphon.api.tts.plan import make_plan
from antiphon.api.tts.request import parse_input, parse_request, required_context_id
from antiphon.api.tts.session import Session
from antiphon.api.versions import version_of
from antiphon.errors import BadRequest, FileTooLarge, Overloaded
from antiphon.speech.context import End

IDLE_TIMEOUT_S = 300.0
MAX_CONTEXTS = 256
"""Contexts that may be open on one socket, and ids of expired ones that it remembers."""

_GONE = (WebSocketDisconnect, WebSocketDisconnected)
"""What sending to a socket raises once either side has closed it."""

router = APIRouter()


@router.websocket("/tts/websocket")
async def speak(websocket: WebSocket, services: ServicesDep, grant: TTSGrant) -> None:
    """Serve one socket until its client leaves, nothing happens for long, or the server stops."""
    # Before it is accepted: what refuses a socket refuses the upgrade.
    with services.limits.using("TTS sockets", grant.key_id):
        await websocket.accept()
        with services.lifetime.socket(websocket):
            await SpeechSocket(websocket, services, grant.key_id).serve()


class SpeechSocket:
    """The contexts of one socket; one task each, which alone sends that context's messages."""

    def __init__(self, websocket: WebSocket, services: Services, tenant: str) -> None:
        self._websocket = websocket
        self._services = services
        self._tenant = tenant
        self._version = version_of(websocket)
        self._request_id = request_id_of(websocket)
        self._open: dict[str, tuple[Session, asyncio.Task[None]]] = {}
        self._expired: deque[str] = deque(maxlen=MAX_CONTEXTS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Take messages until the socket closes; then cancel whatever runs."""
        try:
            with suppress(*_GONE):
                while (message := await self._next_message()) is not None:
                    await self._handle(message)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _next_message(self) -> str | bytes | None:
        """The client's next message; None when the socket is closed, here because it was idle."""
        while True:
            try:
                async with asyncio.timeout(IDLE_TIMEOUT_S):
                    message = await self._websocket.receive()
            except TimeoutError:
                if all(session.resting for session, _ in self._open.values()):
                    await self._websocket.close(1000, "connection idle timeout")
                    return None
                continue
            if message["type"] == "websocket.disconnect":
                return None
            text = message.get("text")
            return message["bytes"] if text is None else text

    async def _handle(self, message: str | bytes) -> None:
        context_id = None
        try:
            fields = self._parse(message)
            context_id = required_context_id(fields)
            if fields.get("cancel"):
                self._cancel(context_id)
            elif self._ends_expired(context_id, fields):
                await self._websocket.send_text(socket_message(End(), context_id, self._version))
            else:
                self._take(context_id, fields)
        except Exception as error:  # noqa: BLE001 - no message costs the other contexts their socket
            # The error says that the context is done, so it is.
            if context_id is not None:
                self._cancel(context_id)
            await self._send_error(error, context_id)

    def _parse(self, message: str | bytes) -> dict[str, Any]:
        if isinstance(message, bytes):
            raise BadRequest("This socket takes text messages (JSON), not binary ones.")
        if len(message) > (limit := self._services.settings.max_message_bytes):
            raise FileTooLarge(f"A message may have {limit} bytes; send long text in several inputs.")
        return parse_object(message)

    def _take(self, context_id: str, fields: dict[str, Any]) -> None:
        """Add text to a context that is open, or open one."""
        if context_id in self._open:
            session, _ = self._open[context_id]
            text = parse_input(fields)
            # Some clients end a context twice; the second time says nothing new.
            if text.transcript.strip() or not session.closed:
                session.push(text)
            return
        if len(self._open) >= MAX_CONTEXTS:
            raise Overloaded(f"{MAX_CONTEXTS} contexts are open on this socket; close some.")
        request = parse_request(fields, version=self._version, raw_only=True)
        session = Session(make_plan(request, self._services), self._services.dispatcher, self._tenant)
        session.push(request.input)
        task = asyncio.create_task(self._run(context_id, session))
        self._open[context_id] = session, task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ends_expired(self, context_id: str, fields: dict[str, Any]) -> bool:
        """Whether this only says that nothing more comes for a context that expired while it waited."""
        if context_id in self._open or context_id not in self._expired:
            return False
        self._expired.remove(context_id)
        text = parse_input(fields)
        return not (text.more or text.flush or text.transcript.strip())

    def _cancel(self, context_id: str) -> None:
        """Stop a context at once; one that is not known has ended already."""
        if context_id in self._open:
            _, task = self._open.pop(context_id)
            task.cancel()

    async def _run(self, context_id: str, session: Session) -> None:
        """Send what a context has to say until it ends, well or in an error."""
        try:
            await self._speak(context_id, session)
        except _GONE:
            pass  # the receiving side notices, and ends the rest
        except Exception as error:  # noqa: BLE001 - a defect ends its context alone
            self._forget(context_id, session)
            with suppress(*_GONE):
                await self._send_error(error, context_id)

    async def _speak(self, context_id: str, session: Session) -> None:
        services = self._services
        with services.lifetime.running(), services.limits.using("TTS contexts", self._tenant):
            async with aclosing(session.outputs()) as outputs:
                async for output in outputs:
                    if isinstance(output, End):
                        # From here on the id is free: a next request with it opens a new context.
                        self._forget(context_id, session)
                    await self._websocket.send_text(socket_message(output, context_id, self._version))
        if self._forget(context_id, session):
            self._expired.append(context_id)

    def _forget(self, context_id: str, session: Session) -> bool:
        """Take a context that ended from the open ones, if it is still among them under its id."""
        if self._open.get(context_id, (None,))[0] is not session:
            return False
        del self._open[context_id]
        return True

    async def _send_error(self, error: Exception, context_id: str | None) -> None:
        told = errors.report(error, request_id=self._request_id)
        event = errors.event(told, request_id=self._request_id, context_id=context_id)
        await self._websocket.send_text(orjson.dumps(event).decode())
