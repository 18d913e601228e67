"""``/accents``, and the accents of a voice."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response, read_as
from antiphon.api.ignored import HEADER
from antiphon.api.services import ServicesDep
from antiphon.api.versions import version_of
from antiphon.api.voice_fields import voice_fields
from antiphon.catalog.accents import ACCENTS, Accent, find_accent
from antiphon.catalog.custom import MAX_ACCENTS
from antiphon.errors import BadRequest, NotFound

router = APIRouter()


class AccentsToAdd(msgspec.Struct, frozen=True):
    """The body of a request that adds accents."""

    accents: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MAX_ACCENTS)]


@router.get("/accents")
async def list_accents(_grant: CatalogGrant, language: str | None = None) -> Response:
    """List the accents, or those of one language."""
    chosen = [_fields(accent) for accent in ACCENTS if language is None or accent.language == language]
    return json_response({"accents": chosen})


@router.patch("/voices/{name}/accents")
@router.post("/voices/{name}/accents")
async def add_accents(name: str, request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Add accents to a voice that a client made."""
    asked = await read_as(request, services.settings.max_message_bytes, AccentsToAdd)
    voice = services.voices.resolve_custom(name)
    added = tuple(target_accent(accent).id for accent in asked.accents)
    changed = await services.voices.custom.change_accents(voice.id, add=added)
    response = json_response(voice_fields(services.voices.of(changed), version_of(request)))
    # The local voice that speaks keeps its own accent.
    response.headers[HEADER] = "accents"
    return response


@router.delete("/voices/{name}/accents/{accent}")
async def remove_accent(
    name: str, accent: str, request: Request, services: ServicesDep, _grant: CatalogGrant
) -> Response:
    """Take an accent away that was added to a voice."""
    voice = services.voices.resolve_custom(name)
    if accent == voice.accent:
        raise BadRequest(f"{accent} is the voice's own accent; change it with PATCH /voices/{{id}}.")
    if accent not in voice.accents:
        raise NotFound(f"The voice has no accent {accent[:64]!r} that was added to it.")
    changed = await services.voices.custom.change_accents(voice.id, remove=accent)
    return json_response(voice_fields(services.voices.of(changed), version_of(request)))


def target_accent(name: str) -> Accent:
    """The accent that a voice is to get.

    Raises:
        BadRequest: there is no such accent, or voices can't be brought to it.
    """
    accent = find_accent(name)
    if not accent.is_target:
        raise BadRequest(f"accent: {accent.id} is none that a voice can be given (is_localizable is false).")
    return accent


def _fields(accent: Accent) -> dict[str, Any]:
    return {
        "id": accent.id,
        "name": accent.name,
        "language": accent.language,
        "locale": accent.locale,
        "is_locale_default": accent.is_locale_default,
        "is_localizable": accent.is_target,
    }
