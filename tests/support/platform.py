"""A whole platform with the real models: NATS, API server, workers, each a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from support.nats import free_port, nats_server

KEY = "ak_test_0123456789abcdef"


@dataclass
class Platform:
    """A running platform and what its processes wrote.

    Attributes:
        url, ws_url: of the API.
        nats_url: of the bus.
        processes: by name: ``api``, ``tts-0``, ``stt-0`` …
    """

    folder: Path
    url: str
    nats_url: str
    metrics_port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def ws_url(self) -> str:
        return self.url.replace("http://", "ws://")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {KEY}"}

    def start(self, name: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ANTIPHON_")}
        environment |= {f"ANTIPHON_{k.upper()}": v for k, v in settings.items()}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "antiphon", *arguments],
                env=environment | {"ANTIPHON_NATS_URL": self.nats_url},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes[name] = process
        return process

    def start_worker(self, kind: str, name: str, **settings: str) -> subprocess.Popen[bytes]:
        return self.start(name, "worker", kind, **({"metrics_port": "0"} | settings))

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def workers(self, kind: str) -> int:
        """How many workers of this kind the API knows."""
        try:
            status = httpx.get(f"{self.url}/status", timeout=2).json()
        except httpx.TransportError:
            return -1
        return int(status["offerings"][kind]["workers"])

    def wait(self, *, tts: int = 1, stt: int = 1, timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while (self.workers("tts"), self.workers("stt")) != (tts, stt):
            assert time.monotonic() < deadline, "\n".join(f"{n}:\n{self.log(n)}" for n in self.processes)
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def platform(folder: Path, **settings: str) -> Iterator[Platform]:
    """NATS, one API server, one worker of each kind."""
    with ExitStack() as stack:
        nats_url = stack.enter_context(nats_server(folder / "nats"))
        port, metrics_port = free_port(), free_port()
        running = Platform(folder, f"http://127.0.0.1:{port}", nats_url, metrics_port)
        stack.callback(running.stop)
        running.start(
            "api", "api", api_port=str(port), metrics_port=str(metrics_port), api_key=KEY, **settings
        )
        running.start_worker("tts", "tts-0", **settings)
        running.start_worker("stt", "stt-0", **settings)
        running.wait()
        yield running
