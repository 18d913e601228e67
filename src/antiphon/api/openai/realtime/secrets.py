"""``POST /v1/realtime/client_secrets``: a key for a browser, which may hear and nothing else, for a while.

Source: https://platform.openai.com/docs/api-reference/realtime-sessions/create-realtime-client-secret.
"""

import time
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response, read_as
from antiphon.api.openai.realtime.config import SessionConfig
from antiphon.api.services import ServicesDep

router = APIRouter()


class Expiry(msgspec.Struct, frozen=True):
    """How long the secret lasts, from when it is made."""

    seconds: Annotated[int, msgspec.Meta(ge=10, le=7200)] = 600


class SecretRequest(msgspec.Struct, frozen=True):
    """The body of the request."""

    expires_after: Expiry | None = None
    session: dict[str, Any] | None = None


@router.post("/v1/realtime/client_secrets")
async def create_secret(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make an access token for ``stt``; the session's settings are told back, and not kept."""
    asked = await read_as(request, services.settings.max_message_bytes, SecretRequest)
    config = SessionConfig(services.settings.stt_model).updated(asked.session or {})
    lifetime_s = (asked.expires_after or Expiry()).seconds
    return json_response(
        {
            "value": services.tokens.issue(grant.key_id, ["stt"], lifetime_s),
            "expires_at": int(time.time()) + lifetime_s,
            "session": config.fields(f"sess_{uuid4().hex[:21]}"),
        }
    )
