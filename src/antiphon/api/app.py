"""The ASGI application: routes, the errors' form, and what they stand on."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from antiphon import __version__
from antiphon.api import (
    accents,
    access_token,
    asyncapi,
    changer,
    dictionaries,
    errors,
    infill,
    offerings,
    openapi,
    status,
    voice_making,
    voices,
)
from antiphon.api.cors import Cors
from antiphon.api.envelope import Envelope, request_id_of
from antiphon.api.openai import models as openai_models
from antiphon.api.openai import speech as openai_speech
from antiphon.api.openai import transcriptions as openai_transcriptions
from antiphon.api.openai.realtime import secrets as realtime_secrets
from antiphon.api.openai.realtime import socket as realtime_socket
from antiphon.api.services import Services
from antiphon.api.stt import batch as stt_batch
from antiphon.api.stt import turns as stt_turns
from antiphon.api.stt import websocket as stt_websocket
from antiphon.api.tts import bytes as tts_bytes
from antiphon.api.tts import sse as tts_sse
from antiphon.api.tts import websocket as tts_websocket
from antiphon.api.unsupported import refusal
from antiphon.errors import AntiphonError

ROUTERS = (
    status.router,
    openapi.router,
    asyncapi.router,
    voices.router,
    voice_making.router,
    accents.router,
    dictionaries.router,
    access_token.router,
    offerings.router,
    tts_bytes.router,
    tts_sse.router,
    tts_websocket.router,
    infill.router,
    changer.router,
    stt_batch.router,
    stt_websocket.router,
    stt_turns.router,
)

OPENAI_ROUTERS = (
    openai_models.router,
    openai_speech.router,
    openai_transcriptions.router,
    realtime_secrets.router,
    realtime_socket.router,
)
"""Routes with OpenAI's paths, ``/v1`` included; where Cartesia has the path too, the answer serves both."""


def create_app(services: Services) -> FastAPI:
    """Make the application; every route of `ROUTERS` is there under ``/v1`` as well."""
    app = FastAPI(
        title="Antiphon",
        version=__version__,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    for router in OPENAI_ROUTERS:  # before the others: the first route that fits takes the request
        app.include_router(router)
    for router in ROUTERS:
        app.include_router(router)
        app.include_router(router, prefix="/v1")
    app.router.default = _no_route
    for kind in (AntiphonError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(Envelope)
    # Outermost, so that a page can read every error.
    app.add_middleware(Cors, origins=services.settings.cors_origins)
    return app


async def _answer(connection: HTTPConnection, error: Exception) -> Response:
    told = errors.translate(error)
    response = errors.response(told, connection, request_id=request_id_of(connection))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI signature
    raise refusal(scope["path"])
