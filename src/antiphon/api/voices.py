"""``/voices``: list, look at, change and delete voices."""

from typing import Annotated

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import versions
from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response, read_as
from antiphon.api.pages import PageDep, page
from antiphon.api.services import ServicesDep
from antiphon.api.voice_fields import voice_fields
from antiphon.catalog.accents import accent_for
from antiphon.catalog.custom import Gender

router = APIRouter()

MAX_NAME_CHARS = 256
MAX_DESCRIPTION_CHARS = 5000

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
Description = Annotated[str, msgspec.Meta(max_length=MAX_DESCRIPTION_CHARS)]


class VoiceChanges(msgspec.Struct, frozen=True):
    """The body of a change; what is absent stays as it is."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    tagline: Description | msgspec.UnsetType = msgspec.UNSET
    gender: Gender | msgspec.UnsetType | None = msgspec.UNSET
    accent: str | msgspec.UnsetType | None = msgspec.UNSET


@router.get("/voices")
async def list_voices(
    request: Request,
    services: ServicesDep,
    _grant: CatalogGrant,
    asked: PageDep,
    *,
    q: str | None = None,
    gender: Gender | None = None,
    language: str | None = None,
    is_owner: bool | None = None,
) -> Response:
    """List the voices: a bare array for the oldest version, pages for the others."""
    version, expand = versions.version_of(request), expanded(request)
    found = [
        voice
        for voice in await services.voices.list_all()
        if (q is None or q == voice.id or q.casefold() in f"{voice.name}\n{voice.description}".casefold())
        and (gender is None or voice.gender == gender)
        and (language is None or voice.language == language)
        and (not is_owner or voice.owner is not None)
    ]
    if versions.UNKNOWN < version <= versions.BARE_VOICE_LIST:
        return json_response([voice_fields(voice, versions.BARE_VOICE_LIST) for voice in found])
    return json_response(page(found, asked, lambda voice: voice_fields(voice, version, expand)))


@router.get("/voices/{name}")
async def get_voice(name: str, request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Tell about the voice that an id, name or alias stands for."""
    voice = services.voices.resolve(name)
    return json_response(voice_fields(voice, versions.version_of(request), expanded(request)))


@router.patch("/voices/{name}")
async def change_voice(name: str, request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Change what is told about a voice that a client made."""
    asked = await read_as(request, services.settings.max_message_bytes, VoiceChanges)
    voice = services.voices.resolve_custom(name)
    changes = {
        field: value for field, value in msgspec.structs.asdict(asked).items() if value is not msgspec.UNSET
    }
    if "accent" in changes:
        changes["accent"] = accent_for(voice.language, changes["accent"]).id
    changed = await services.voices.custom.change(voice.id, **changes)
    return json_response(voice_fields(services.voices.of(changed), versions.version_of(request)))


@router.delete("/voices/{name}")
async def delete_voice(name: str, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Forget a voice that a client made."""
    await services.voices.custom.delete(services.voices.resolve_custom(name).id)
    return Response(status_code=204)


def expanded(request: Request) -> frozenset[str]:
    """The further keys that a client wants of voices."""
    return frozenset(request.query_params.getlist("expand[]") + request.query_params.getlist("expand"))
