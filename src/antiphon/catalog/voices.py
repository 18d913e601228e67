"""The voices that clients can name, and which local voice a name stands for."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from antiphon.catalog.accents import find_accent
from antiphon.catalog.custom import CustomVoice, CustomVoices, Gender
from antiphon.catalog.embeddings import embedding_of, likeness
from antiphon.catalog.store import Store
from antiphon.errors import Forbidden, SettingsError, VoiceNotFound

_NAMESPACE = uuid.UUID("7b0e1d54-6a3c-5f7e-9c39-0c8b7a2d41e6")
"""Ids of local voices are UUIDs of model and voice name in this namespace: the same on every server."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that clients can name.

    Attributes:
        id: the stable UUID that clients use.
        key: what the local model calls the voice that speaks it.
        model: canonical name of that model.
        name: for people.
        language: the code it speaks natively.
        gender: None where nobody said.
        tagline: a few words.
        accent: id of its own accent; ``accents`` are those that were added to it.
        owner: id of the key that made it; None for one that came with the model.
        own_embedding: what it was made from, if that was an embedding.
    """

    id: str
    key: str
    model: str
    name: str
    language: str
    gender: Gender | None
    tagline: str
    description: str
    created_at: datetime
    accent: str
    accents: tuple[str, ...] = ()
    owner: str | None = None
    own_embedding: tuple[float, ...] | None = None

    @property
    def locale(self) -> str:
        """The region it is at home in, as a BCP 47 tag."""
        return find_accent(self.accent).locale

    @property
    def embedding(self) -> Sequence[float]:
        """The numbers that stand for it, for the oldest clients."""
        return self.own_embedding or embedding_of(self.id.encode())


def local_voice(
    *, key: str, model: str, name: str, gender: Gender, accent: str, tagline: str, description: str
) -> Voice:
    """A voice of a local model."""
    return Voice(
        id=str(uuid.uuid5(_NAMESPACE, f"{model}/{key}")),
        key=key,
        model=model,
        name=name,
        language=find_accent(accent).language,
        gender=gender,
        tagline=tagline,
        description=description,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        accent=accent,
    )


LOCAL_VOICES: tuple[Voice, ...] = (
    local_voice(
        key="heart",
        model="hibari",
        name="Heart",
        gender="feminine",
        accent="general-american",
        tagline="Warm and clear",
        description="A warm, clear American English voice for assistants and narration.",
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
    """The local voices, those that clients made, and the names that stand for them.

    Args:
        aliases: ids of clients to local voices (id or name).
        default: the local voice (id or name) that `HOSTED_VOICES` stand for.
        store: keeps what clients make.
        local: the local voices.

    Attributes:
        custom: the voices that clients made, as they are kept.

    Raises:
        SettingsError: an alias or the default names no local voice.
    """

    def __init__(
        self,
        *,
        aliases: Mapping[str, str],
        default: str,
        store: Store,
        local: Sequence[Voice] = LOCAL_VOICES,
    ) -> None:
        self.custom = CustomVoices(store)
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

    async def list_all(self) -> tuple[Voice, ...]:
        """Every voice: those that clients made, the newest first, then the local ones."""
        return (*map(self.of, await self.custom.list()), *self._local)

    def resolve(self, name: str) -> Voice:
        """Find the voice of an id or name: local ones first, then aliases, hosted ids, and what clients made.

        Raises:
            VoiceNotFound: the name stands for no voice.
        """
        voice = self._by_name.get(name.casefold())
        if voice is not None:
            return voice
        custom = self.custom.find(name.lower())
        if custom is None:
            raise VoiceNotFound(f"No voice has the id {name[:64]!r}; GET /voices lists those that there are.")
        return self.of(custom)

    def resolve_custom(self, name: str) -> Voice:
        """Find a voice that may be changed.

        Raises:
            VoiceNotFound: the name stands for no voice.
            Forbidden: it stands for a local one.
        """
        voice = self.resolve(name)
        if voice.owner is None:
            raise Forbidden(
                f"The voice {voice.name!r} came with the model and can't be changed; "
                "make one of your own from it with POST /voices/localize or POST /voices/clone."
            )
        return voice

    def base_of(self, voice: Voice) -> Voice:
        """The local voice that speaks a voice."""
        return next(local for local in self._local if (local.model, local.key) == (voice.model, voice.key))

    def nearest(self, embedding: Sequence[float]) -> Voice:
        """The local voice whose embedding is most like this one."""
        return max(self._local, key=lambda voice: likeness(voice.embedding, embedding))

    def of(self, custom: CustomVoice) -> Voice:
        """A voice that a client made, as one that can be spoken with."""
        # The model that had its base may have been replaced since.
        base = self._by_name.get(custom.base, self._default)
        return Voice(
            id=custom.id,
            key=base.key,
            model=base.model,
            name=custom.name,
            language=custom.language,
            gender=custom.gender,
            tagline=custom.tagline,
            description=custom.description,
            created_at=custom.created_at,
            accent=custom.accent,
            accents=tuple(accent for accent in custom.accents if accent != custom.accent),
            owner=custom.owner,
            own_embedding=custom.embedding,
        )
