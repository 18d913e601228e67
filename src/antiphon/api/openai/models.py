"""``GET /v1/models`` and ``GET /v1/audio/voices``: the names that can be asked for."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response
from antiphon.api.openai.voices import OPENAI_VOICES
from antiphon.api.services import Services, ServicesDep
from antiphon.contract.subjects import Kind
from antiphon.errors import ModelNotFound

_KNOWN: dict[Kind, tuple[str, ...]] = {
    "tts": ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"),
    "stt": ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
}
"""Names that clients have built in; ``model_aliases`` says which of them stand for something."""

_KINDS: tuple[Kind, ...] = ("tts", "stt")

_CREATED = 1_767_225_600
"""The start of 2026: when a model was made is not known."""

router = APIRouter()


@router.get("/v1/models")
async def list_models(services: ServicesDep, _grant: CatalogGrant) -> Response:
    """List the models that are served, and the well-known names that stand for them."""
    data = [_fields(name, kind) for kind in _KINDS for name in _names(kind, services)]
    return json_response({"object": "list", "data": data, "has_more": False, "next_page": None})


@router.get("/v1/models/{name:path}")
async def get_model(name: str, services: ServicesDep, _grant: CatalogGrant) -> Response:
    """Tell about a model, by its own name or any that stands for it."""
    for kind in _KINDS:
        if _resolves(name, kind, services):
            return json_response(_fields(name, kind))
    raise ModelNotFound(f"{name[:64]!r} is not a model that is served here; GET /v1/models lists them.")


@router.get("/v1/audio/voices")
async def list_voices(services: ServicesDep, _grant: CatalogGrant) -> Response:
    """List the local voices, and OpenAI's names that stand for the default voice (as Kokoro-FastAPI does)."""
    own = [{"id": voice.key, "name": voice.name} for voice in services.voices.list()]
    theirs = [{"id": name, "name": name} for name in OPENAI_VOICES]
    return json_response({"voices": [*own, *theirs]})


def _names(kind: Kind, services: Services) -> list[str]:
    default = services.settings.tts_model if kind == "tts" else services.settings.stt_model
    served = (presence.model for presence in services.dispatcher.offerings(kind))
    known = (name for name in _KNOWN[kind] if _resolves(name, kind, services))
    return list(dict.fromkeys((default, *served, *known)))


def _resolves(name: str, kind: Kind, services: Services) -> bool:
    try:
        services.models.resolve(name, kind, services.dispatcher.offerings(kind))
    except ModelNotFound:
        return False
    return True


def _fields(name: str, kind: Kind) -> dict[str, Any]:
    """A model as OpenAI has it; ``capability`` is for Cartesia's clients, who ask at this path too."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "antiphon", "capability": kind}
