"""``POST /access-token``: a key gives out a part of what it may do, for a while."""

from typing import Annotated

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response, read_as
from antiphon.api.services import ServicesDep
from antiphon.api.tokens import LONGEST_S

router = APIRouter()


class Grants(msgspec.Struct, frozen=True):
    """What a token is to allow; ``agent`` is taken, though there are no agents here."""

    tts: bool | None = None
    stt: bool | None = None
    agent: bool | None = None


class TokenRequest(msgspec.Struct, frozen=True):
    """The body of the request."""

    expires_in: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_S)] | None = None
    grants: Grants | None = None


@router.post("/access-token")
async def make_access_token(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make a token; it lasts an hour if the request does not say less, and allows what is asked for alone."""
    asked = await read_as(request, services.settings.max_message_bytes, TokenRequest)
    granted = [name for name, given in msgspec.structs.asdict(asked.grants or Grants()).items() if given]
    return json_response(
        {"token": services.tokens.issue(grant.key_id, granted, asked.expires_in or LONGEST_S)}
    )
