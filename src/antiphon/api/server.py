"""The API server's process: listeners, bus and metrics, and their gentle end."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress

import uvicorn
import uvloop
from fastapi import FastAPI

from antiphon.api.app import create_app
from antiphon.api.certificate import keep_current
from antiphon.api.lifetime import Lifetime
from antiphon.api.limits import Limits
from antiphon.api.models import ModelNames
from antiphon.api.services import Services
from antiphon.api.sockets import CLOSE_WITHIN_S, SocketProtocol
from antiphon.api.tokens import Tokens, shared_secret
from antiphon.bus.connection import connect
from antiphon.bus.dispatcher import Dispatcher
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.store import Store, local_store
from antiphon.catalog.voices import Voices
from antiphon.errors import PortInUse, SettingsError
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings
from antiphon.telemetry.health import Readiness, serve_health
from antiphon.telemetry.logs import get_logger

BACKLOG = 2048
KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection, so that they never send into one that is being closed."""

WS_TOLERANCE = 4
"""A message over the limit is answered with an error; only one this many times over it costs the socket."""

PING_EVERY_S = 20.0
PONG_WITHIN_S = 120.0
"""A client that plays as it reads answers a ping only when it has played all that was sent before it."""

TLS_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption alone. Those of TLS 1.3 are all of that kind."""

log = get_logger("api")


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then let what runs finish.

    Raises:
        OperatorError: a port is taken, a setting is wrong, or NATS does not answer.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_until_signal(settings))


async def _run_until_signal(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then for up to ``shutdown_grace_s`` what runs.

    Raises:
        OperatorError: as for `run`.
    """
    if settings.api_key is None:
        raise SettingsError("api_key is not set: give the key that clients send (ANTIPHON_API_KEY).")
    authorizer = LocalKeys([settings.api_key.get_secret_value()])
    readiness = Readiness("connecting to NATS")
    async with AsyncExitStack() as stack:
        store = stack.enter_context(local_store(settings.catalog_dir or settings.state_dir / "catalog"))
        voices = Voices(aliases=settings.voice_aliases, default=settings.default_voice, store=store)
        await stack.enter_async_context(serve_health(readiness, settings.metrics_host, settings.metrics_port))
        client = await connect(settings.nats_url, "api")
        dispatcher = Dispatcher(
            client,
            queue_size=settings.queue_size,
            queue_timeout_s=settings.queue_timeout_s,
            worker_timeout_s=settings.worker_timeout_s,
        )
        await dispatcher.start()
        try:
            if settings.transport == "direct":
                await dispatcher.listen(settings.direct_host, settings.direct_port)
            services = Services(
                settings=settings,
                dispatcher=dispatcher,
                authorizer=authorizer,
                voices=voices,
                models=ModelNames(settings),
                dictionaries=Dictionaries(store),
                tokens=Tokens(await _token_secret(settings, store)),
                limits=Limits.of(settings),
            )
            async with listening(create_app(services), settings, services.lifetime):
                # What is loaded by now stays: without this, the collector walks through all of it every few
                # hundred requests, and everyone waits (75 ms were measured).
                gc.collect()
                gc.freeze()
                readiness.set_ready()
                log.info("serving", host=settings.api_host, port=settings.api_port)
                await stop.wait()
                readiness.set_unready("stopping")
        finally:
            await dispatcher.aclose()


async def _token_secret(settings: Settings, store: Store) -> bytes:
    given = settings.token_secret
    return given.get_secret_value().encode() if given else await shared_secret(store)


@asynccontextmanager
async def listening(app: FastAPI, settings: Settings, lifetime: Lifetime) -> AsyncGenerator[list[int]]:
    """Serve an app while the block runs; afterwards nothing new, but what runs for ``shutdown_grace_s``.

    Yields:
        The ports that are open: plain, then TLS where there is a certificate.

    Raises:
        PortInUse: a port is taken or may not be used.
        SettingsError: the certificate or its key can't be read.
    """
    ports = [(settings.api_port, "api_port", _configure(app, settings))]
    if settings.tls_cert:
        files = {"ssl_certfile": settings.tls_cert, "ssl_keyfile": settings.tls_key}
        secure = _configure(app, settings, **files, ssl_ciphers=TLS_CIPHERS)
        ports.append((settings.api_tls_port, "api_tls_port", secure))
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(_listen(settings.api_host, port, setting)) for port, setting, _ in ports
        ]
        servers = [_Server(config) for _, _, config in ports]
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, listeners, strict=True)
        ]
        for server in servers:
            await server.accepting.wait()
        stack.enter_context(_current_certificate(settings, servers[-1].config.ssl))
        try:
            yield [listener.getsockname()[1] for listener in listeners]
        finally:
            for server in servers:
                server.stop_accepting()
            await lifetime.drain(settings.shutdown_grace_s)
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*tasks)


class _Server(uvicorn.Server):
    """A server that leaves signals to the process, and can stop accepting before it stops serving."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        self.accepting.set()

    def stop_accepting(self) -> None:
        """Close the listeners; connections stay."""
        for listener in self.servers:
            listener.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and cut the sockets whose peers don't answer the close frame (or have stopped reading)."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                while self._open_sockets():  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
        for connection in self._open_sockets():
            connection.transport.abort()
        await super().shutdown(sockets)

    def _open_sockets(self) -> list[SocketProtocol]:
        connections = self.server_state.connections
        return [each for each in connections if isinstance(each, SocketProtocol)]


@contextmanager
def _current_certificate(settings: Settings, context: ssl.SSLContext | None) -> Generator[None]:
    if context is None or settings.tls_cert is None or settings.tls_key is None:
        yield
        return
    keeping = asyncio.create_task(keep_current(context, settings.tls_cert, settings.tls_key))
    try:
        yield
    finally:
        keeping.cancel()


def _configure(app: FastAPI, settings: Settings, **tls: object) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http="httptools",
        ws=SocketProtocol,
        ws_max_size=settings.max_message_bytes * WS_TOLERANCE,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PONG_WITHIN_S,
        # Compressing speech costs time and gains nothing.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        # What outlived the grace period is cut.
        timeout_graceful_shutdown=1,
        **tls,  # pyright: ignore[reportArgumentType]
    )
    try:
        config.load()
    except OSError as error:
        files = f"tls_cert ({settings.tls_cert}) and tls_key ({settings.tls_key})"
        if isinstance(error, ssl.SSLError):
            raise SettingsError(
                f"{files} are not a certificate and its key in PEM: {error.reason}."
            ) from None
        raise SettingsError(f"{files} can't be read: {error.strerror}.") from None
    return config


def _listen(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise PortInUse(
            f"Can't serve the API on {host} port {port}: {error.strerror}. Choose another {setting} "
            f"(ANTIPHON_{setting.upper()})."
        ) from None
