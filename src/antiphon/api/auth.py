"""Who asks: the key or access token of a request or socket, checked before anything is done for it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from antiphon.api.services import services_of
from antiphon.api.tokens import is_token
from antiphon.errors import Forbidden, Unauthorized
from antiphon.licensing.client import Capability, Grant

KEY_PROTOCOL = "openai-insecure-api-key."
"""Begins the subprotocol that holds a browser's key."""


def credential_of(connection: HTTPConnection) -> str:
    """The key or token that a client sent: ``Authorization: Bearer``, ``X-API-Key``, or in a socket's query.

    Browsers can't set headers on a socket, so there ``api_key`` or ``access_token`` in the query will do, or
    a subprotocol, as OpenAI's SDKs send it. On HTTP a key in an address would end up in logs, and isn't read.

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
        for protocol in connection.scope.get("subprotocols", ()):
            if protocol.startswith(KEY_PROTOCOL):
                return protocol.removeprefix(KEY_PROTOCOL)
    raise Unauthorized("No API key: send it as `Authorization: Bearer <key>` or `X-API-Key: <key>`.")


def _needs(capability: Capability, *, tokens_with: str = "") -> Callable[[HTTPConnection], Awaitable[Grant]]:
    """A dependency that lets keys with a capability pass, and access tokens with this grant."""

    async def authorize(connection: HTTPConnection) -> Grant:
        services, credential = services_of(connection), credential_of(connection)
        if not is_token(credential):
            return await services.authorizer.authorize(credential, capability)
        claims = services.tokens.read(credential)
        if not tokens_with:
            raise Forbidden("Access tokens are not taken here; send an API key.")
        if tokens_with not in claims.grants:
            raise Forbidden(
                f"The access token was made without the grant {tokens_with!r}, which is needed here."
            )
        return await services.authorizer.recall(claims.key_id, capability)

    return authorize


TTSGrant = Annotated[Grant, Depends(_needs("tts", tokens_with="tts"))]
"""Parameter of a route that speaks: the grant of its caller, or 401 or 403 (on a socket: of the upgrade)."""

STTGrant = Annotated[Grant, Depends(_needs("stt", tokens_with="stt"))]
"""Parameter of a route that hears."""

EditingGrant = Annotated[Grant, Depends(_needs("tts"))]
"""Parameter of a route that speaks into audio of the client's (infill, voice changer): keys alone."""

CatalogGrant = Annotated[Grant, Depends(_needs("catalog"))]
"""Parameter of a route about voices and the like: keys alone."""
