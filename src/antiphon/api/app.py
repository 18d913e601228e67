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
    errors,
    infill,
    openapi,
    status,
    voice_making,
    voices,
)
from antiphon.api.cors import Cors
from antiphon.api.envelope import Envelope, request_id_of
from antiphon.api.services import Services
from antiphon.api.stt import batch as stt_batch
from antiphon.api.stt import websocket as stt_websocket
from antiphon.api.tts import bytes as tts_bytes
from antiphon.api.tts import sse as tts_sse
from antiphon.api.tts import websocket as tts_websocket
from antiphon.errors import AntiphonError, NotFound

from antiphon.api.stt import turns as stt_turns
ROUTERS = (
    status.router,
    voices.router,
    tts_bytes.router,
    tts_sse.router,
    tts_websocket.router,
    stt_batch.router,
    access_token.router,
    stt_websocket.router,
)
    voice_making.router,
    accents.router,
    access_token.router,


def create_app(services: Services) -> FastAPI:
    """Make the application; every route is there under ``/v1`` as well."""
    app = FastAPI(
        title="Antiphon",
        version=__version__,
    stt_turns.router,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
        app.include_router(router, prefix="/v1")
    app.router.default = _no_route
    for kind in (AntiphonError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(Envelope)
    return app


async def _answer(connection: HTTPConnection, error: Exception) -> Response:
    told = errors.translate(error)
    response = errors.response(told, connection, request_id=request_id_of(connection))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the ASGI signature
    raise NotFound("There is no such path here.")
    # Outermost, so that a page can read every error.
    app.add_middleware(Cors, origins=services.settings.cors_origins)
