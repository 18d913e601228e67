"""``GET /voices`` and ``GET /voices/{id}``."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import versions
from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response
from antiphon.api.services import ServicesDep
from antiphon.catalog.voices import Gender, Voice

router = APIRouter()

LEGACY_EMBEDDING_SIZE = 192


@router.get("/voices")
async def list_voices(
    request: Request,
    services: ServicesDep,
    _grant: CatalogGrant,
    *,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    starting_after: str | None = None,
    ending_before: str | None = None,
    q: str | None = None,
    gender: Gender | None = None,
    language: str | None = None,
    is_owner: bool | None = None,
) -> Response:
    """List the voices: a bare array for the oldest version, pages for the others.

    Clients page until a page is empty, so what follows an unknown cursor is nothing.
    """
    version = versions.version_of(request)
    found = [
        voice
        for voice in services.voices.list()
        if (q is None or q.casefold() in f"{voice.name} {voice.description}".casefold())
        and (gender is None or voice.gender == gender)
        and (language is None or voice.language == language)
        # The voices that come with the models belong to no client.
        and not is_owner
    ]
    if versions.UNKNOWN < version <= versions.BARE_VOICE_LIST:
        return json_response([_legacy_fields(voice) for voice in found])
    ids = [voice.id for voice in found]
    first, last = 0, len(found)
    if starting_after is not None:
        first = ids.index(starting_after) + 1 if starting_after in ids else last
    if ending_before is not None:
        last = ids.index(ending_before) if ending_before in ids else first
        first = max(first, last - limit)
    page = found[first:last][:limit]
    has_more = first + len(page) < last if ending_before is None else first > 0
    return json_response(
        {
            "data": [_fields(voice, version) for voice in page],
            "has_more": has_more,
            "next_page": page[-1].id if page and has_more else None,
        }
    )


@router.get("/voices/{name}")
async def get_voice(name: str, request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Tell about the voice that an id, name or alias stands for."""
    return json_response(_fields(services.voices.resolve(name), versions.version_of(request)))


def _fields(voice: Voice, version: str) -> dict[str, Any]:
    """A voice with the keys of every version; only ``access`` differs in form between them."""
    access = "public" if version >= versions.STRICT_VOICES else {"type": "public", "visibility": "all"}
    return {
        "id": voice.id,
        "name": voice.name,
        "description": voice.description,
        "tagline": voice.tagline,
        "language": voice.language,
        "locales": [{"locale": voice.locale, "is_native": True}],
        "access": access,
        "visibility": "all",
        "is_owner": False,
        "is_public": True,
        "is_pro": False,
        "is_starred": False,
        "user_id": "local",
        "created_at": voice.created_at.isoformat(),
        "accent": None,
        "gender": voice.gender,
        "country": voice.locale.partition("-")[2] or None,
        "preview_file_url": None,
    }


def _legacy_fields(voice: Voice) -> dict[str, Any]:
    """A voice as the oldest version has it; its clients index the embedding, so there is one, of zeros."""
    return {**_fields(voice, versions.BARE_VOICE_LIST), "embedding": [0.0] * LEGACY_EMBEDDING_SIZE}
