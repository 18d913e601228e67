"""``POST /tts/bytes``: one text in, its audio out as a file that streams."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import TTSGrant
from antiphon.api.bodies import read_object
from antiphon.api.ignored import ignored_header
from antiphon.api.services import Services, ServicesDep
from antiphon.api.tts import streaming
from antiphon.api.tts.output import Chunk
from antiphon.api.tts.plan import make_plan
from antiphon.api.tts.request import parse_request
from antiphon.api.tts.session import Session
from antiphon.api.versions import version_of

router = APIRouter()


@router.post("/tts/bytes")
async def speak(request: Request, services: ServicesDep, grant: TTSGrant) -> Response:
    """Speak a text; a failure before the first audio is an HTTP error."""
    body = await read_object(request, services.settings.max_message_bytes)
    generation = parse_request(body, version=version_of(request), raw_only=False)
    session = Session(make_plan(generation, services), services.dispatcher, grant.key_id)
    session.push(replace(generation.input, more=False))
    audio = _audio(session, services, grant.key_id)
    response = await streaming.begin(audio, generation.output_format.content_type)
    response.headers.update(ignored_header(session.ignored))
    return response


async def _audio(session: Session, services: Services, key_id: str) -> AsyncGenerator[bytes]:
    with services.lifetime.running(), services.limits.using("TTS contexts", key_id):
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                if isinstance(output, Chunk):
                    yield output.data
