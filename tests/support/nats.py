"""A real NATS server and a real worker with a small model, for tests of the bus."""

import asyncio
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

from antiphon.bus.connection import connect
from antiphon.bus.dispatcher import Dispatcher
from antiphon.bus.server import NatsServer
from antiphon.contract.presence import Presence
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.engine.speaking import SpeakingEngine
from antiphon.workers.worker import Worker
from support.counting import CountingModel
from support.hearing import LevelRecogniser, LevelVAD


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NatsProcess:
    """A NATS server that can be killed and started again where it was."""

    def __init__(self, folder: Path) -> None:
        self.server = NatsServer(folder, free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.server.url

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._process = subprocess.Popen(
            self.server.prepare(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 15
        while True:
            try:
                with urllib.request.urlopen(self.server.health_url, timeout=1):
                    return
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline, "nats-server did not start"
                time.sleep(0.05)

    def kill(self) -> None:
        """End it without warning."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def nats_process(folder: Path) -> Iterator[NatsProcess]:
    server = NatsProcess(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def nats_server(folder: Path) -> Iterator[str]:
    with nats_process(folder) as server:
        yield server.url


@asynccontextmanager
async def dispatcher(url: str, *, queue_size: int = 8, timeout_s: float = 2.0) -> AsyncIterator[Dispatcher]:
    client = await connect(url, "api-test")
    api = Dispatcher(client, queue_size=queue_size, queue_timeout_s=timeout_s, worker_timeout_s=timeout_s)
    await api.start()
    try:
        yield api
    finally:
        await api.aclose()


@asynccontextmanager
async def counting_worker(
    url: str, *, capacity: int = 8, model: CountingModel | None = None
) -> AsyncIterator[Worker]:
    model = model or CountingModel()
    client = await connect(url, "worker-test")
    offering = Presence(
        worker=uuid4().hex,
        kind="tts",
        model=model.name,
        languages=model.languages,
        voices=model.voices,
        digest=model.digest,
    )
    worker = Worker(
        client,
        offering,
        lambda emit, released: SpeakingEngine(
            model, limits=Limits(4, capacity), emit=emit, released=released
        ),
    )
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop(0)


@asynccontextmanager
async def level_worker(
    url: str, *, capacity: int = 8, model: LevelRecogniser | None = None
) -> AsyncIterator[Worker]:
    """A worker that hears `support.hearing.say`."""
    model = model or LevelRecogniser()
    client = await connect(url, "worker-test")
    offering = Presence(worker=uuid4().hex, kind="stt", model=model.name, languages=model.languages)
    worker = Worker(
        client,
        offering,
        lambda emit, released: HearingEngine(
            model, LevelVAD(), limits=Limits(4, capacity), emit=emit, released=released
        ),
    )
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop(0)


async def until(condition: object, timeout_s: float = 30.0) -> None:
    """Wait until ``condition()`` holds."""
    assert callable(condition)
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
