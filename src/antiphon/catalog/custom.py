"""Voices that clients made. Each is spoken by a local voice, as no model here can learn a new one."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec

from antiphon.catalog.ids import new_id
from antiphon.catalog.store import Store
from antiphon.errors import BadRequest, VoiceNotFound

Gender = Literal["masculine", "feminine", "gender_neutral"]

MAX_ACCENTS = 10

_COLLECTION = "voices"


class CustomVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice as it is kept.

    Attributes:
        base: id of the local voice that speaks it.
        accent, accents: ids of its own accent, and of those added to it.
        owner: id of the key that made it.
        embedding: what it was made from; None for one made from a clip or another voice.
        has_clip: its clip lies in the store under its id.
    """

    id: str = msgspec.field(default_factory=new_id)
    base: str
    name: str
    description: str = ""
    tagline: str = ""
    language: str
    accent: str
    accents: tuple[str, ...] = ()
    gender: Gender | None = None
    owner: str
    created_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    embedding: tuple[float, ...] | None = None
    has_clip: bool = False


class CustomVoices:
    """The voices of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, voice_id: str) -> CustomVoice | None:
        """The voice of this id as it is now."""
        body = self._store.get(_COLLECTION, voice_id)
        return None if body is None else _read(body)

    async def list(self) -> tuple[CustomVoice, ...]:
        """Every voice, the newest first."""
        return tuple(_read(body) for _, body in reversed(await self._store.list(_COLLECTION)))

    async def add(self, voice: CustomVoice, clip: bytes | None = None) -> None:
        """Keep a new voice, with its clip if it has one."""
        if clip is not None:
            # First: a voice that says it has a clip has one.
            await self._store.put_file(voice.id, clip)
        await self._store.put(_COLLECTION, voice.id, msgspec.json.encode(voice))

    async def clip(self, voice_id: str) -> bytes | None:
        """The clip that a voice was made from, as it was uploaded."""
        return await self._store.get_file(voice_id)

    async def change(self, voice_id: str, **changes: Any) -> CustomVoice:
        """Change fields of a voice.

        Raises:
            VoiceNotFound: there is none.
        """
        body = await self._store.update(
            _COLLECTION,
            voice_id,
            lambda body: msgspec.json.encode(msgspec.structs.replace(_read(body), **changes)),
        )
        return _read(_there(body, voice_id))

    async def change_accents(
        self, voice_id: str, *, add: tuple[str, ...] = (), remove: str = ""
    ) -> CustomVoice:
        """Add accents to those a voice has, or take one away.

        Raises:
            VoiceNotFound: there is no such voice.
            BadRequest: it would have more than `MAX_ACCENTS`.
        """

        def apply(body: bytes) -> bytes:
            voice = _read(body)
            kept = [accent for accent in voice.accents if accent != remove]
            accents = dict.fromkeys([*kept, *add])
            accents.pop(voice.accent, None)
            if len(accents) >= MAX_ACCENTS:
                raise BadRequest(f"accents: a voice may have {MAX_ACCENTS}, its own among them.")
            return msgspec.json.encode(msgspec.structs.replace(voice, accents=tuple(accents)))

        body = await self._store.update(_COLLECTION, voice_id, apply)
        return _read(_there(body, voice_id))

    async def delete(self, voice_id: str) -> None:
        """Forget a voice and its clip.

        Raises:
            VoiceNotFound: there is none.
        """
        if not await self._store.delete(_COLLECTION, voice_id):
            raise VoiceNotFound(f"No voice has the id {voice_id[:64]!r}.")
        await self._store.delete_file(voice_id)


@lru_cache(maxsize=256)
def _read(body: bytes) -> CustomVoice:
    return msgspec.json.decode(body, type=CustomVoice)


def _there(body: bytes | None, voice_id: str) -> bytes:
    if body is None:
        raise VoiceNotFound(f"No voice has the id {voice_id[:64]!r}.")
    return body
