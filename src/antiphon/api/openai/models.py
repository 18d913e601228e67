"""``GET /v1/models`` and ``GET /v1/audio/voices``: the names that can be asked for."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response
from antiphon.api.offerings import KINDS, served_models
from antiphon.api.openai.voices import OPENAI_VOICES
from antiphon.api.services import Services, ServicesDep
from antiphon.contract.subjects import Kind
from antiphon.errors import ModelNotFound

_KNOWN: dict[Kind, tuple[str, ...]] = {
    "tts": ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"),
    "stt": ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
}
"""Names that clients have built in; ``model_aliases`` says which of them stand for something."""

_CREATED = 1_767_225_600
"""The start of 2026: when a model was made is not known."""

router = APIRouter()


@router.get("/v1/models")
async def list_models(
    services: ServicesDep, _grant: CatalogGrant, capability: Kind | None = None
) -> Response:
    """List the models that are served, and the well-known names that stand for them.

    Each has the keys of ``GET /models`` too, whose clients ask at this path as well.
    """
    data = [model for kind in KINDS if capability in (None, kind) for model in _models(kind, services)]
    return json_response({"object": "list", "data": data, "has_more": False, "next_page": None})


@router.get("/v1/models/{name:path}")
async def get_model(name: str, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Tell about a model, by its own name or any that stands for it."""
    for kind in KINDS:
        with suppress(ModelNotFound):
            return json_response(_named(name, kind, services))
    raise ModelNotFound(f"{name[:64]!r} is not a model that is served here; GET /v1/models lists them.")


@router.get("/v1/audio/voices")
async def list_voices(services: ServicesDep, _grant: CatalogGrant) -> Response:
    """List the local voices, and OpenAI's names that stand for the default voice (as Kokoro-FastAPI does)."""
    own = [{"id": voice.key, "name": voice.name} for voice in services.voices.list()]
    theirs = [{"id": name, "name": name} for name in OPENAI_VOICES]
    return json_response({"voices": [*own, *theirs]})


def _models(kind: Kind, services: Services) -> Iterator[dict[str, Any]]:
    served = [model["id"] for model in served_models(kind, services)]
    for name in (*served, *_KNOWN[kind]):
        with suppress(ModelNotFound):
            yield _named(name, kind, services)


def _named(name: str, kind: Kind, services: Services) -> dict[str, Any]:
    """The model that a name stands for, under this name.

    Raises:
        ModelNotFound: it stands for none.
    """
    resolved = services.models.resolve(name, kind, services.dispatcher.offerings(kind))
    model = next(model for model in served_models(kind, services) if model["id"] == resolved)
    own: dict[str, Any] = (
        {} if name == resolved else {"id": name, "name": name, "is_default": False, "aliases": []}
    )
    return {**model, **own, "object": "model", "created": _CREATED, "owned_by": "antiphon"}
