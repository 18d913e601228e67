"""``GET /models``: the models that can be asked for by name."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from antiphon.api.auth import CatalogGrant
from antiphon.api.bodies import json_response
from antiphon.api.services import Services, ServicesDep
from antiphon.contract.subjects import Kind

router = APIRouter()

KINDS: tuple[Kind, ...] = ("tts", "stt")


@router.get("/models")
async def list_models(
    services: ServicesDep, _grant: CatalogGrant, capability: Kind | None = None
) -> Response:
    """List the models, or those that speak (``tts``) or hear (``stt``)."""
    data = [model for kind in KINDS if capability in (None, kind) for model in served_models(kind, services)]
    return json_response({"data": data, "has_more": False, "next_page": None})


def served_models(kind: Kind, services: Services) -> Sequence[dict[str, Any]]:
    """The models of a kind as clients are told of them, the default first."""
    settings, offerings = services.settings, services.dispatcher.offerings(kind)
    default = settings.tts_model if kind == "tts" else settings.stt_model
    aliases = settings.model_aliases
    return [
        {
            "id": model,
            "name": model,
            "capability": kind,
            "is_default": model == default,
            "languages": sorted(
                {code for each in offerings if each.model == model for code in each.languages}
            ),
            "aliases": [
                alias
                for alias, target in aliases.items()
                if target == model or (target == kind and model == default)
            ],
        }
        for model in dict.fromkeys([default, *(presence.model for presence in offerings)])
    ]
