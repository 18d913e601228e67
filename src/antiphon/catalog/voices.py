"""The voices that clients can name, and which local voice a name stands for."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from antiphon.errors import SettingsError, VoiceNotFound

Gender = Literal["masculine", "feminine", "gender_neutral"]

_NAMESPACE = uuid.UUID("7b0e1d54-6a3c-5f7e-9c39-0c8b7a2d41e6")
"""Ids of local voices are UUIDs of model and voice name in this namespace: the same on every server."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a local model.

    Attributes:
        key: what the model calls it.
        model: canonical name of the model that speaks it.
        name: for people.
        language: the code it speaks natively; ``locale`` is its regional form.
        tagline: at most 32 characters.
    """

    key: str
    model: str
    name: str
    language: str
    locale: str
    gender: Gender
    tagline: str
    description: str
    created_at: datetime

    @property
    def id(self) -> str:
        """The stable UUID that clients use."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.model}/{self.key}"))


LOCAL_VOICES: tuple[Voice, ...] = (
    Voice(
        key="heart",
        model="hibari",
        name="Heart",
        language="en",
        locale="en-US",
        gender="feminine",
        tagline="Warm and clear",
        description="A warm, clear American English voice for assistants and narration.",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    ),
)

HOSTED_VOICES: frozenset[str] = frozenset(
    {
        "f786b574-daa5-4673-aa0c-cbe3e8534c02",
        "6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
        "db6b0ed5-d5d3-463d-ae85-518a07d3c2b4",
        "a5136bf9-224c-4d76-b823-52bd5efcffcc",
        "ef191366-f52f-447a-a398-ed8c0f2943a1",
        "47c38ca4-5f35-497b-b1a3-415245fb35e1",
        "a0e99841-438c-4a64-b679-ae501e7d6091",
        "694f9389-aac1-45b6-b726-9d9369183238",
        "f9836c6e-a0bd-460e-9d3c-f7299fa60f94",
    }
)
"""Ids of the hosted service that clients and examples have built in; they stand for the default voice."""


class Voices:
    """The local voices and the names that stand for them.

    Args:
        aliases: ids of clients to local voices (id or name).
        default: the local voice (id or name) that `HOSTED_VOICES` and embeddings stand for.

    Raises:
        SettingsError: an alias or the default names no local voice.
    """

    def __init__(
        self, *, aliases: Mapping[str, str], default: str, local: Sequence[Voice] = LOCAL_VOICES
    ) -> None:
        self._local = tuple(local)
        own = {name.casefold(): voice for voice in local for name in (voice.key, voice.name, voice.id)}

        def find(setting: str, name: str) -> Voice:
            voice = own.get(name.casefold())
            if voice is None:
                known = ", ".join(voice.key for voice in local)
                raise SettingsError(f"{setting} names the voice {name!r}; the local voices are: {known}.")
            return voice

        self._default = find("default_voice", default)
        hosted = dict.fromkeys(HOSTED_VOICES, self._default)
        aliased = {alias.casefold(): find("voice_aliases", name) for alias, name in aliases.items()}
        self._by_name = hosted | aliased | own

    @property
    def default(self) -> Voice:
        """What stands for every voice of the hosted service."""
        return self._default

    def list(self) -> tuple[Voice, ...]:
        """Every local voice, in a fixed order."""
        return self._local

    def resolve(self, name: str) -> Voice:
        """Find the local voice for an id or name: local ones first, then aliases, then hosted ids.

        Raises:
            VoiceNotFound: the name stands for no local voice.
        """
        voice = self._by_name.get(name.casefold())
        if voice is None:
            raise VoiceNotFound(f"No voice has the id {name[:64]!r}; GET /voices lists those that there are.")
        return voice
