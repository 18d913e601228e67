"""A process's metrics port: ``/metrics``, ``/healthz`` (alive) and ``/readyz`` (fit for work, or why not)."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from antiphon.errors import PortInUse
from antiphon.telemetry.metrics import REGISTRY


class Readiness:
    """Whether the process can do its work: set by the process, asked by probes.

    A new one is not ready. Ready means fit for work (model loaded, bus connected), not "has a free place".

    Args:
        reason: why it is not ready yet, for a person.
    """

    def __init__(self, reason: str = "starting") -> None:
        self._reason: str | None = reason

    @property
    def reason(self) -> str | None:
        """Why the process is not ready; None when it is."""
        return self._reason

    def set_ready(self) -> None:
        """From now on the process can do its work."""
        self._reason = None

    def set_unready(self, reason: str) -> None:
        """From now on it can't, because of ``reason``."""
        self._reason = reason


def health_app(readiness: Readiness) -> Starlette:
    """The routes of the metrics port."""

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        if readiness.reason is None:
            return PlainTextResponse("ready\n")
        return PlainTextResponse(f"{readiness.reason}\n", status_code=503)

    return Starlette(
        routes=[Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)],
    )


@asynccontextmanager
async def serve_health(readiness: Readiness, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serve `health_app` while the block runs.

    Args:
        readiness: what ``/readyz`` tells.
        host: address to listen on (``metrics_host``).
        port: ``metrics_port``; 0 takes any free one.

    Yields:
        The port that was bound; it accepts connections from here on.

    Raises:
        PortInUse: the port is taken or may not be used.
    """
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(
            health_app(readiness),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Leaves signals to the process: it owns SIGTERM and decides what stops first."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=64)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise PortInUse(
            f"Can't serve metrics on {host} port {port}: {reason}. "
            "Choose another with --metrics-port or ANTIPHON_METRICS_PORT."
        ) from None
