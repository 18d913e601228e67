"""Pronunciation dictionaries: what clients want certain texts to be spoken as."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from antiphon.catalog.ids import new_id
from antiphon.catalog.store import Store
from antiphon.errors import NotFound

_COLLECTION = "dictionaries"


class Item(msgspec.Struct, frozen=True):
    """One entry.

    Attributes:
        text: what it applies to, as it stands in a transcript.
        alias: what is spoken instead: words, or phonemes as ``<<k|æ|t>>``.
        case_sensitive: whether ``text`` must have its capitals as written; an entry all in lower case then
            also applies where its first letter is a capital because it begins a sentence.
    """

    text: str
    alias: str
    case_sensitive: bool = False


class Dictionary(msgspec.Struct, frozen=True):
    """A dictionary.

    Attributes:
        owner: id of the key that made it.
        pinned: kept for clients; nothing here goes by it.
    """

    id: str
    name: str
    items: tuple[Item, ...]
    created_at: datetime
    owner: str
    description: str = ""
    pinned: bool = False


class Changes(msgspec.Struct, frozen=True):
    """What to change of a dictionary; None leaves as it is."""

    name: str | None = None
    items: tuple[Item, ...] | None = None
    description: str | None = None
    pinned: bool | None = None


class Dictionaries:
    """The dictionaries of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, dictionary_id: str) -> Dictionary:
        """The dictionary as it is now.

        Raises:
            NotFound: there is none.
        """
        body = self._store.get(_COLLECTION, dictionary_id)
        if body is None:
            raise _missing(dictionary_id)
        return _read(body)

    async def list(self) -> tuple[Dictionary, ...]:
        """Every dictionary, the newest first."""
        return tuple(_read(body) for _, body in reversed(await self._store.list(_COLLECTION)))

    async def create(
        self, *, name: str, items: Sequence[Item], owner: str, description: str = ""
    ) -> Dictionary:
        """Make a dictionary and keep it."""
        made = Dictionary(
            id=new_id(),
            name=name,
            items=tuple(items),
            created_at=datetime.now(UTC),
            owner=owner,
            description=description,
        )
        await self._store.put(_COLLECTION, made.id, msgspec.json.encode(made))
        return made

    async def change(self, dictionary_id: str, changes: Changes) -> Dictionary:
        """Change a dictionary; items are replaced as a whole.

        Raises:
            NotFound: there is none.
        """
        given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}

        def apply(body: bytes) -> bytes:
            return msgspec.json.encode(msgspec.structs.replace(_read(body), **given))

        body = await self._store.update(_COLLECTION, dictionary_id, apply)
        if body is None:
            raise _missing(dictionary_id)
        return _read(body)

    async def delete(self, dictionary_id: str) -> None:
        """Forget a dictionary.

        Raises:
            NotFound: there is none.
        """
        if not await self._store.delete(_COLLECTION, dictionary_id):
            raise _missing(dictionary_id)


@lru_cache(maxsize=64)
def _read(body: bytes) -> Dictionary:
    """Decode; contexts ask for the same few again and again."""
    return msgspec.json.decode(body, type=Dictionary)


def _missing(dictionary_id: str) -> NotFound:
    return NotFound(f"There is no pronunciation dictionary with the id {dictionary_id[:64]!r}.")
