"""``POST /tts/sse``: one text in, its audio and timestamps out as server-sent events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import errors
from antiphon.api.auth import TTSGrant
from antiphon.api.bodies import read_object
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.services import Services, ServicesDep
from antiphon.api.tts import streaming
from antiphon.api.tts.messages import server_sent, stream_event
from antiphon.api.tts.plan import make_plan
from antiphon.api.tts.request import parse_request
from antiphon.api.tts.session import Session
from antiphon.api.versions import version_of
from antiphon.speech.context import FlushDone

router = APIRouter()


@router.post("/tts/sse")
async def speak(request: Request, services: ServicesDep, grant: TTSGrant) -> Response:
    """Speak a text; a failure before the first event is an HTTP error, a later one an event."""
    body = await read_object(request, services.settings.max_message_bytes)
    version = version_of(request)
    generation = parse_request(body, version=version, raw_only=True)
    session = Session(make_plan(generation, services), services.dispatcher, grant.key_id)
    session.push(replace(generation.input, more=False))
    events = _events(
        session,
        services,
        key_id=grant.key_id,
        context_id=generation.context_id,
        version=version,
        request_id=request_id_of(request),
    )
    response = await streaming.begin(events, "text/event-stream")
    response.headers.update(ignored_header(session.ignored))
    return response


async def _events(
    session: Session,
    services: Services,
    *,
    key_id: str,
    context_id: str | None,
    version: str,
    request_id: str,
) -> AsyncGenerator[bytes]:
    begun = False
    with services.lifetime.running(), services.limits.using("TTS contexts", key_id):
        try:
            async with aclosing(session.outputs()) as outputs:
                async for output in outputs:
                    if not isinstance(output, FlushDone):
                        yield stream_event(output, context_id, version)
                        begun = True
        except Exception as error:
            if not begun:
                raise
            told = errors.report(error, request_id=request_id)
            yield server_sent(errors.event(told, request_id=request_id, context_id=context_id))
