"""A whole platform with the real models: NATS, API servers, workers, each a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from antiphon.contract.subjects import Kind
from support.nats import NatsProcess, free_port, nats_process
from support.proxy import Proxy

KEY = "ak_test_0123456789abcdef"

TESTS = Path(__file__).parents[1]


@dataclass
class Platform:
    """A running platform and what its processes wrote.

    Attributes:
        folder: logs, NATS data and whatever tests put there.
        nats: the bus; it can be killed and started again.
        url, ws_url: of the first API server.
        processes: by name: ``api``, ``tts-0``, ``stt-0`` …
    """

    folder: Path
    nats: NatsProcess
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.url_of("api")

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://")

    @property
    def metrics_port(self) -> int:
        """Of the first API server."""
        return self.ports["api"][1]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}"}

    def url_of(self, api: str) -> str:
        return f"http://127.0.0.1:{self.ports[api][0]}"

    # -- processes

    def start_api(self, name: str = "api", **settings: str) -> subprocess.Popen[bytes]:
        return self._start(name, "antiphon", "api", api_key=KEY, **settings)

    def start_worker(self, kind: Kind, name: str, **settings: str) -> subprocess.Popen[bytes]:
        return self._start(name, "antiphon", "worker", kind, **settings)

    def start_frail_worker(
        self, kind: Kind, name: str, *, pace: float = 0.0, **settings: str
    ) -> subprocess.Popen[bytes]:
        """Start a worker whose model can be held (`hold`) and takes ``pace`` seconds a second of audio."""
        self.release(name)
        chaos = {"CHAOS_HOLD": str(self._hold(name)), "CHAOS_PACE": str(pace)}
        return self._start(name, "support.frail", kind, chaos=chaos, **settings)

    def kill(self, name: str) -> None:
        """``kill -9``."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def pause(self, name: str) -> None:
        """SIGSTOP."""
        self.processes[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.processes[name].send_signal(signal.SIGCONT)

    def hold(self, name: str) -> None:
        """Let the model of a frail worker hang in its next step."""
        self._hold(name).touch()

    def release(self, name: str) -> None:
        self._hold(name).unlink(missing_ok=True)

    def stop(self) -> None:
        for name, process in self.processes.items():
            self.release(name)
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # -- what they tell

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def metric(self, process: str, name: str) -> float:
        """The sum of a gauge or counter over its labels."""
        page = httpx.get(f"http://127.0.0.1:{self.ports[process][1]}/metrics", timeout=5).text
        families = text_string_to_metric_families(page)
        return sum(sample.value for each in families for sample in each.samples if sample.name == name)

    def load(self, worker: str) -> int:
        """The places taken on a worker, as it sees them."""
        return round(self.metric(worker, "antiphon_worker_load"))

    def names(self, kind: Kind) -> list[str]:
        """The workers of a kind that this platform runs."""
        return [name for name in self.processes if name.startswith(kind)]

    def workers(self, kind: Kind) -> int:
        """How many workers of this kind the first API server knows."""
        try:
            status = httpx.get(f"{self.url}/status", timeout=2).json()
        except httpx.TransportError:
            return -1
        return int(status["offerings"][kind]["workers"])

    def wait_ready(self, name: str, timeout_s: float = 60.0) -> None:
        """Wait until a process says that it can do its work."""
        deadline = time.monotonic() + timeout_s
        while not self._ready(name):
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.05)

    def wait(self, *, tts: int = 1, stt: int = 1, timeout_s: float = 60.0) -> None:
        """Wait until the first API server knows so many workers."""
        deadline = time.monotonic() + timeout_s
        while (self.workers("tts"), self.workers("stt")) != (tts, stt):
            assert time.monotonic() < deadline, "\n".join(f"{n}:\n{self.log(n)}" for n in self.processes)
            time.sleep(0.05)

    def wait_idle(self, timeout_s: float = 15.0) -> None:
        """Wait until every place of every worker is free."""
        workers = self.names("tts") + self.names("stt")
        deadline = time.monotonic() + timeout_s
        while loads := {name: load for name in workers if (load := self.load(name))}:
            assert time.monotonic() < deadline, f"places still taken: {loads}"
            time.sleep(0.05)

    def _ready(self, name: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[name][1]}/readyz", timeout=2).is_success
        except httpx.TransportError:
            return False

    def _hold(self, name: str) -> Path:
        return self.folder / f"{name}.hold"

    def _start(
        self, name: str, module: str, *arguments: str, chaos: dict[str, str] | None = None, **settings: str
    ) -> subprocess.Popen[bytes]:
        self.ports.setdefault(name, (free_port(), free_port()))
        api_port, metrics_port = self.ports[name]
        defaults = {"nats_url": self.nats.url, "metrics_port": str(metrics_port)}
        if arguments == ("api",):
            defaults |= {"api_port": str(api_port), "catalog_dir": str(self.folder / "catalog")}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ANTIPHON_")}
        environment |= {f"ANTIPHON_{k.upper()}": v for k, v in (defaults | settings).items()}
        path = os.pathsep.join(filter(None, (str(TESTS), environment.get("PYTHONPATH"))))
        environment |= {"PYTHONPATH": path} | (chaos or {})
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes[name] = process
        return process


@contextmanager
def empty_platform(folder: Path) -> Iterator[Platform]:
    """NATS alone: the caller starts the rest."""
    with nats_process(folder / "nats") as nats:
        running = Platform(folder, nats)
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def platform(folder: Path, **settings: str) -> Iterator[Platform]:
    """NATS, one API server, one worker of each kind."""
    with empty_platform(folder) as running:
        running.start_api(**settings)
        running.start_worker("tts", "tts-0", **settings)
        running.start_worker("stt", "stt-0", **settings)
        running.wait()
        yield running


@contextmanager
def proxied(running: Platform, names: list[str]) -> Iterator[dict[str, Proxy]]:
    """A proxy to the bus for each of these workers."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Proxy(running.nats.server.port)) for name in names}
