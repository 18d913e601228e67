"""What ``antiphon up`` starts: processes, their settings and ports, laid out before any of it runs."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from antiphon.bus.server import HOST as NATS_HOST
from antiphon.bus.server import NatsServer
from antiphon.cli.ports import Port, free_ports
from antiphon.cli.supervisor import Service
from antiphon.errors import SettingsError
from antiphon.settings import ENV_PREFIX, Settings, as_environment

_LAST_PORT = 65535
_KILL_MARGIN_S = 3.0
"""A process that keeps its own grace period must have ended this much later."""


@dataclass(frozen=True, slots=True)
class Process:
    """One of our own processes.

    Attributes:
        name: for people, and of its log file.
        what: its role, for people.
        command: arguments of ``antiphon`` that start it.
        settings: all it is told.
    """

    name: str
    what: str
    command: tuple[str, ...]
    settings: Settings

    @property
    def metrics_url(self) -> str:
        """Where it serves ``/metrics``, ``/healthz`` and ``/readyz``."""
        return http_url(self.settings.metrics_host, self.settings.metrics_port)

    def service(self, api_key: str | None = None) -> Service:
        """The child process to keep running; ``api_key`` is for the one that checks keys alone."""
        settings = self.settings.model_copy(update={"api_key": api_key and SecretStr(api_key)})
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(ENV_PREFIX)  # all it is told is in its own settings
        }
        return Service(
            name=self.name,
            argv=(sys.executable, "-m", "antiphon", *self.command),
            environment=inherited | as_environment(settings),
            ready_url=f"{self.metrics_url}/readyz",
            grace_s=self.settings.shutdown_grace_s + _KILL_MARGIN_S,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A platform on one host."""

    nats: NatsServer
    api: Process
    workers: tuple[Process, ...]
    ports: tuple[Port, ...]

    def listeners(self) -> Iterator[tuple[str, str, str]]:
        """What listens where: process, purpose, address."""
        settings = self.api.settings
        yield "api", self.api.what, self.url
        if settings.tls_cert:
            secure = http_url(settings.api_host, settings.api_tls_port)
            yield "api", f"{self.api.what} with TLS", secure.replace("http", "https", 1)
        yield "api", "metrics", f"{self.api.metrics_url}/metrics"
        yield "nats", "messages", self.nats.url
        yield "nats", "monitoring", self.nats.monitoring_url
        for worker in self.workers:
            yield worker.name, worker.what, f"{worker.metrics_url}/metrics"

    def nats_service(self) -> Service:
        """The NATS server as a child process.

        Raises:
            OperatorError: its configuration can't be written, or there is no binary.
        """
        return Service(
            name="nats",
            argv=self.nats.prepare(),
            environment=os.environ,
            ready_url=self.nats.health_url,
            grace_s=_KILL_MARGIN_S,
        )

    @property
    def url(self) -> str:
        """Where the API serves, as seen from this host."""
        return http_url(self.api.settings.api_host, self.api.settings.api_port)


def make_plan(settings: Settings) -> Plan:
    """Lay a platform out. A port given as 0 becomes one that is free now.

    Raises:
        SettingsError: there are not enough ports above ``metrics_port``.
    """
    nats = NatsServer(settings.state_dir / "nats", settings.nats_port, settings.nats_monitoring_port)
    count = 1 + settings.tts_workers + len(models_that_hear(settings))
    metrics_ports = _metrics_ports(settings, count)
    plain, secure = free_ports(settings.api_host, 2)
    common = settings.model_copy(
        update={
            "nats_url": nats.url,
            "api_key": None,
            "api_port": settings.api_port or plain,
            "api_tls_port": settings.api_tls_port or secure,
        }
    )
    api, *workers = (
        Process(name, what, command, common.model_copy(update={"metrics_port": port}))
        for (name, what, command), port in zip(_roles(common), metrics_ports, strict=True)
    )
    return Plan(nats, api, tuple(workers), tuple(_ports(nats, api, workers)))


def _roles(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield "api", "HTTP and WebSocket API", ("api",)
    for number in range(1, settings.tts_workers + 1):
        yield f"tts-{number}", f"speaks ({settings.tts_model})", ("worker", "tts")
    for number, model in enumerate(models_that_hear(settings), start=1):
        yield f"stt-{number}", f"hears ({model})", ("worker", "stt", "--model", model)


def models_that_hear(settings: Settings) -> list[str]:
    """The model of each STT worker."""
    more = filter(None, map(str.strip, settings.extra_stt_models.split(",")))
    return [settings.stt_model] * settings.stt_workers + list(more)


def _metrics_ports(settings: Settings, count: int) -> Sequence[int]:
    if settings.metrics_port == 0:
        return free_ports(settings.metrics_host, count)
    last = settings.metrics_port + count - 1
    if last > _LAST_PORT:
        raise SettingsError(
            f"metrics_port is {settings.metrics_port}: the last of {count} processes would want port {last} "
            f"for its own. Choose one of at most {_LAST_PORT - count + 1}."
        )
    return range(settings.metrics_port, last + 1)


def _ports(nats: NatsServer, api: Process, workers: Sequence[Process]) -> Iterator[Port]:
    yield Port(nats.port, NATS_HOST, "NATS", "--nats-port")
    yield Port(nats.monitoring_port, NATS_HOST, "the monitoring of NATS", "--nats-monitoring-port")
    yield Port(api.settings.api_port, api.settings.api_host, "the API", "--api-port")
    if api.settings.tls_cert:
        yield Port(api.settings.api_tls_port, api.settings.api_host, "the API with TLS", "--api-tls-port")
    for process in (api, *workers):
        host, port = process.settings.metrics_host, process.settings.metrics_port
        yield Port(port, host, f"the metrics of {process.name}", "--metrics-port")


def http_url(host: str, port: int) -> str:
    """The URL by which this host reaches what listens on an address, be it all addresses."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
