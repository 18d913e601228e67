"""``GET /`` and ``GET /status``: is it there, and what can it serve now. Neither asks for a key."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from antiphon import __version__
from antiphon.api.bodies import json_response
from antiphon.api.services import ServicesDep
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind

router = APIRouter()


@router.get("/")
async def root() -> Response:
    """Say that this is a speech API, and which version."""
    return json_response({"ok": True, "version": __version__})


@router.get("/status")
async def status(services: ServicesDep, offering: Kind | None = None) -> Response:
    """Tell what is servable.

    200 while requests can be taken at all: that must not need a worker, or a platform scaled to zero would
    never get the request that scales it up. With ``offering`` 503 when no worker of that kind is there.
    """
    connected = services.dispatcher.connected
    offerings = {kind: services.dispatcher.offerings(kind) for kind in ("tts", "stt")}
    servable = connected and not services.lifetime.draining
    if offering is not None:
        servable = servable and bool(offerings[offering])
    body = {
        "ok": servable,
        "version": __version__,
        "bus": "connected" if connected else "disconnected",
        "draining": services.lifetime.draining,
        "offerings": {kind: _summary(workers) for kind, workers in offerings.items()},
    }
    return json_response(body, 200 if servable else 503)


def _summary(workers: Sequence[Presence]) -> dict[str, Any]:
    return {
        "workers": len(workers),
        "load": sum(worker.load for worker in workers),
        "capacity": sum(worker.capacity for worker in workers),
        "models": sorted({worker.model for worker in workers}),
        "languages": sorted({code for worker in workers for code in worker.languages}),
    }
