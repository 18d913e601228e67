"""``/pronunciation-dicts``: what clients want certain texts to be spoken as."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import versions
from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response, read_as
from antiphon.api.pages import PageDep, page
from antiphon.api.services import ServicesDep
from antiphon.catalog.dictionaries import Changes, Dictionary, Item
from antiphon.errors import BadRequest

router = APIRouter()

MAX_ITEMS = 5000
MAX_TEXT_CHARS = 256
MAX_ALIAS_CHARS = 1024

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_CHARS)]
Alias = Annotated[str, msgspec.Meta(max_length=MAX_ALIAS_CHARS)]


class NewItem(msgspec.Struct, frozen=True):
    """An entry; ``pronunciation`` is the newer name of ``alias``."""

    text: Name
    alias: Alias | None = None
    pronunciation: Alias | None = None
    case_sensitive: bool | None = None


Items = Annotated[tuple[NewItem, ...], msgspec.Meta(max_length=MAX_ITEMS)]


class NewDictionary(msgspec.Struct, frozen=True):
    """The body of a request for a dictionary."""

    name: Name
    items: Items | None = None
    description: Alias | None = None


class DictionaryChanges(msgspec.Struct, frozen=True):
    """The body of a change; what is absent or null stays as it is."""

    name: Name | None = None
    items: Items | None = None
    description: Alias | None = None
    pinned: bool | None = None


@router.get("/pronunciation-dicts")
async def list_dictionaries(services: ServicesDep, _grant: CatalogGrant, asked: PageDep) -> Response:
    """List the dictionaries, the newest first."""
    return json_response(page(await services.dictionaries.list(), asked, _fields))


@router.post("/pronunciation-dicts")
async def create_dictionary(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make a dictionary."""
    asked = await read_as(request, services.settings.max_message_bytes, NewDictionary)
    made = await services.dictionaries.create(
        name=asked.name,
        items=_items(asked.items or (), versions.version_of(request)),
        owner=grant.key_id,
        description=asked.description or "",
    )
    return json_response(_fields(made))


@router.get("/pronunciation-dicts/{name}")
async def get_dictionary(name: str, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Tell about a dictionary."""
    return json_response(_fields(services.dictionaries.get(name)))


@router.patch("/pronunciation-dicts/{name}")
async def change_dictionary(
    name: str, request: Request, services: ServicesDep, _grant: CatalogGrant
) -> Response:
    """Change a dictionary; items are replaced as a whole."""
    asked = await read_as(request, services.settings.max_message_bytes, DictionaryChanges)
    changes = Changes(
        name=asked.name,
        items=None if asked.items is None else _items(asked.items, versions.version_of(request)),
        description=asked.description,
        pinned=asked.pinned,
    )
    return json_response(_fields(await services.dictionaries.change(name, changes)))


@router.delete("/pronunciation-dicts/{name}")
async def delete_dictionary(name: str, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Forget a dictionary."""
    await services.dictionaries.delete(name)
    return Response(status_code=204)


def _items(asked: tuple[NewItem, ...], version: str) -> tuple[Item, ...]:
    """Entries as they are kept; older clients know no ``case_sensitive``, and mean that capitals count."""
    capitals_count = version < versions.STRICT_VOICES
    return tuple(
        Item(
            text=item.text,
            alias=_spoken(item),
            case_sensitive=capitals_count if item.case_sensitive is None else item.case_sensitive,
        )
        for item in asked
    )


def _spoken(item: NewItem) -> str:
    spoken = item.alias if item.pronunciation is None else item.pronunciation
    if spoken is None:
        raise BadRequest("items: each must have an alias, which is spoken in place of its text.")
    return spoken


def _fields(dictionary: Dictionary) -> dict[str, Any]:
    return {
        "id": dictionary.id,
        "name": dictionary.name,
        "description": dictionary.description,
        "items": [
            {
                "text": item.text,
                "alias": item.alias,
                "pronunciation": item.alias,
                "case_sensitive": item.case_sensitive,
            }
            for item in dictionary.items
        ],
        "owner_id": dictionary.owner,
        "pinned": dictionary.pinned,
        "created_at": dictionary.created_at.isoformat(),
    }
