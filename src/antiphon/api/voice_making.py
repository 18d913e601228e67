"""Making voices: from a clip, from another voice, and, for older clients, from embeddings."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.accents import target_accent
from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import as_form, json_response, read_as
from antiphon.api.forms import Form, receive_form
from antiphon.api.ignored import ignored_header
from antiphon.api.services import Services, ServicesDep
from antiphon.api.stt.files import decode
from antiphon.api.versions import version_of
from antiphon.api.voice_fields import metadata_fields, voice_fields
from antiphon.api.voices import Description, Name
from antiphon.catalog import embeddings
from antiphon.catalog.accents import Accent, accent_for, accent_of_dialect
from antiphon.catalog.custom import CustomVoice
from antiphon.errors import BadRequest

router = APIRouter()

_MOST = 1e6
Number = Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]
Embedding = Annotated[
    tuple[Number, ...], msgspec.Meta(min_length=embeddings.SIZE, max_length=embeddings.SIZE)
]


class CloneForm(msgspec.Struct, frozen=True):
    """The fields beside the clip."""

    name: Name
    language: str = "en"
    description: Description = ""
    tagline: Description = ""
    accent: str | None = None
    base_voice_id: str | None = None


class Localization(msgspec.Struct, frozen=True):
    """The body of a localization; the oldest clients give an embedding and get one back."""

    voice_id: str | None = None
    name: Name | None = None
    accent: str | None = None
    language: str | None = None
    dialect: str | None = None
    description: Description | None = None
    tagline: Description | None = None
    embedding: Embedding | None = None


class NewVoice(msgspec.Struct, frozen=True):
    """The body of a request for a voice of an embedding."""

    name: Name
    embedding: Embedding
    description: Description = ""
    language: str | None = None
    base_voice_id: str | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of a mixture: a voice or an embedding."""

    weight: Number
    id: str | None = None
    embedding: Embedding | None = None


class Mixture(msgspec.Struct, frozen=True):
    """The body of a request to mix."""

    voices: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=100)]


@router.post("/voices/clone")
async def clone_voice(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make a voice of a clip. The clip is kept; its base voice speaks, as no model here can learn from it."""
    form, clip = await _receive_clip(request, services)
    given = {name: value for name, value in form.fields if value}
    asked = as_form(given, CloneForm)
    voices = services.voices
    base = voices.resolve(asked.base_voice_id) if asked.base_voice_id else voices.default
    accent = accent_for(_primary(asked.language), asked.accent)
    made = CustomVoice(
        base=voices.base_of(base).id,
        name=asked.name,
        description=asked.description,
        tagline=asked.tagline,
        language=accent.language,
        accent=accent.id,
        gender=base.gender,
        owner=grant.key_id,
        has_clip=True,
    )
    await voices.custom.add(made, clip)
    ignored = {"clip", *({"mode", "enhance", "transcript"} & given.keys())}
    return _made(made, request, services, ignored_header(ignored))


@router.post("/voices/clone/clip")
async def embed_clip(request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Answer an embedding that stands for a clip; the clip is not kept."""
    _, clip = await _receive_clip(request, services)
    response = json_response({"embedding": embeddings.embedding_of(clip)})
    response.headers.update(ignored_header(["clip"]))
    return response


@router.post("/voices/localize")
async def localize_voice(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make a voice of another one, with another accent; it is spoken as the other one is."""
    asked = await read_as(request, services.settings.max_message_bytes, Localization)
    accent = _target(asked)
    if asked.voice_id is None:
        if asked.embedding is None:
            raise BadRequest("voice_id is missing; it must be the id of a voice.")
        return json_response({"embedding": asked.embedding})
    if asked.name is None:
        raise BadRequest("name is missing; it must be the name of the new voice.")
    source = services.voices.resolve(asked.voice_id)
    made = CustomVoice(
        base=services.voices.base_of(source).id,
        name=asked.name,
        description=source.description if asked.description is None else asked.description,
        tagline=source.tagline if asked.tagline is None else asked.tagline,
        language=accent.language,
        accent=accent.id,
        gender=source.gender,
        owner=grant.key_id,
    )
    await services.voices.custom.add(made)
    return _made(made, request, services, ignored_header(["accent"]))


@router.post("/voices")
async def create_voice(request: Request, services: ServicesDep, grant: CatalogGrant) -> Response:
    """Make a voice of an embedding. The local voice with the nearest one speaks."""
    asked = await read_as(request, services.settings.max_message_bytes, NewVoice)
    voices = services.voices
    base = voices.resolve(asked.base_voice_id) if asked.base_voice_id else voices.nearest(asked.embedding)
    accent = accent_for(_primary(asked.language or base.language), None)
    made = CustomVoice(
        base=voices.base_of(base).id,
        name=asked.name,
        description=asked.description,
        language=accent.language,
        accent=accent.id,
        gender=base.gender,
        owner=grant.key_id,
        embedding=asked.embedding,
    )
    await voices.custom.add(made)
    return json_response(voice_fields(voices.of(made), version_of(request), {"embedding"}))


@router.post("/voices/mix")
async def mix_voices(request: Request, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Mix voices and embeddings into an embedding."""
    asked = await read_as(request, services.settings.max_message_bytes, Mixture)
    parts = [(_embedding(part, services), part.weight) for part in asked.voices]
    return json_response({"embedding": embeddings.mix(parts)})


async def _receive_clip(request: Request, services: Services) -> tuple[Form, bytes]:
    """A form with a clip in it, which is known to be audio, and the clip's bytes.

    Raises:
        BadRequest: there is no such form, or no clip in it.
        FileTooLarge, UnsupportedAudio: the clip is too long, or no audio.
    """
    settings = services.settings
    form = await receive_form(request, ["clip"], settings.max_clip_bytes)
    with form.open() as files:
        if "clip" not in files:
            raise BadRequest("clip is missing; send the audio as a file part of that name.")
        async for _ in decode(files["clip"], None, settings.max_clip_s):
            pass
        files["clip"].seek(0)
        return form, await asyncio.to_thread(files["clip"].read)


def _made(made: CustomVoice, request: Request, services: Services, headers: dict[str, str]) -> Response:
    response = json_response(metadata_fields(services.voices.of(made), version_of(request)))
    response.headers.update(headers)
    return response


def _target(asked: Localization) -> Accent:
    """The accent that a voice is to be brought to, by the newest of the fields that name one."""
    language = _primary(asked.language) if asked.language else None
    if asked.accent is not None:
        accent = target_accent(asked.accent)
        return accent_for(language or accent.language, accent.id)
    if language is None:
        raise BadRequest("accent is missing; it must be one of GET /accents.")
    return accent_of_dialect(language, asked.dialect) if asked.dialect else accent_for(language, None)


def _embedding(part: Part, services: Services) -> Sequence[float]:
    if part.embedding is not None:
        return part.embedding
    if part.id is None:
        raise BadRequest("voices: each must have an id or an embedding.")
    return services.voices.resolve(part.id).embedding


def _primary(language: str) -> str:
    """``en`` for ``en-GB`` (RFC 5646: the primary subtag comes first)."""
    return language.replace("_", "-").partition("-")[0].lower()
