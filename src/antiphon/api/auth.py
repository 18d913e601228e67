"""Who asks: the key of a request or socket, checked before anything is done for it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from antiphon.api.services import services_of
from antiphon.errors import Unauthorized
from antiphon.licensing.client import Capability, Grant


def key_of(connection: HTTPConnection) -> str:
    """The key that a client sent: ``Authorization: Bearer``, ``X-API-Key``, or in a socket's query.

    Browsers can't set headers on a socket, so there ``api_key`` or ``access_token`` in the query will do;
    on HTTP a key in an address would end up in logs, and is not read.

    Raises:
        Unauthorized: there is none.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if key := connection.headers.get("x-api-key"):
        return key
    if connection.scope["type"] == "websocket":
        query = connection.query_params
        if key := query.get("api_key") or query.get("access_token"):
            return key
    raise Unauthorized("No API key: send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`.")


def _needs(capability: Capability) -> Callable[[HTTPConnection], Awaitable[Grant]]:
    async def authorize(connection: HTTPConnection) -> Grant:
        return await services_of(connection).authorizer.authorize(key_of(connection), capability)

    return authorize


TTSGrant = Annotated[Grant, Depends(_needs("tts"))]
"""Parameter of a route that speaks: the grant of its caller, or 401 or 403 (on a socket: of the upgrade)."""

STTGrant = Annotated[Grant, Depends(_needs("stt"))]
"""Parameter of a route that hears."""

CatalogGrant = Annotated[Grant, Depends(_needs("catalog"))]
"""Parameter of a route about voices and the like."""
