"""A voice as the versions of the wire have it."""

from collections.abc import Collection
from typing import Any

from antiphon.api import versions
from antiphon.catalog.accents import find_accent
from antiphon.catalog.voices import Voice

NOBODY = "local"
"""``user_id`` of the voices that came with the models; clients want a text."""


def voice_fields(voice: Voice, version: str, expand: Collection[str] = ()) -> dict[str, Any]:
    """A voice with the keys of every version; only ``access`` differs in form between them.

    Args:
        voice: what to tell of.
        version: of the wire.
        expand: further keys that the client wants: ``embedding``, which the oldest version always has.
    """
    accents = [(voice.accent, True), *((accent, False) for accent in voice.accents)]
    located = [(accent, find_accent(accent).locale, native) for accent, native in accents]
    # Two accents may be at home in one place.
    locales = {locale: native for _, locale, native in reversed(located)}
    fields = metadata_fields(voice, version) | {
        "locales": [
            {"locale": locale, "is_native": native} for locale, native in reversed(list(locales.items()))
        ],
        "accents": [
            {"accent": accent, "locale": locale, "is_native": native} for accent, locale, native in located
        ],
        "is_owner": voice.owner is not None,
        "is_public": voice.owner is None,
        "is_pro": False,
        "is_starred": False,
        "status": "active",
        "accent": voice.accent,
        "gender": voice.gender,
        "country": voice.locale.partition("-")[2] or None,
        "preview_file_url": None,
    }
    if "embedding" in expand or version == versions.BARE_VOICE_LIST:
        fields["embedding"] = voice.embedding
    return fields


def metadata_fields(voice: Voice, version: str) -> dict[str, Any]:
    """What is answered to a client that made a voice: exactly the keys that its version knows."""
    access, visibility = ("public", "all") if voice.owner is None else ("private", "owner")
    fields: dict[str, Any] = {
        "id": voice.id,
        "name": voice.name,
        "description": voice.description,
        "tagline": voice.tagline,
        "language": voice.language,
        "access": access,
        "visibility": visibility,
        "user_id": voice.owner or NOBODY,
        "created_at": voice.created_at.isoformat(),
    }
    if version < versions.STRICT_VOICES:
        fields["access"] = {"type": access, "visibility": visibility}
        fields["is_public"] = voice.owner is None
    if version == versions.BARE_VOICE_LIST:
        fields["embedding"] = voice.embedding
    return fields
