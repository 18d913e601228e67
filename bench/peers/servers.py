"""The servers to compare, and how each is started and stopped."""

import asyncio
import contextlib
import ctypes
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from antiphon.loadtest.failures import Failure
from antiphon.loadtest.loads import closed_loop
from antiphon.loadtest.request import Listener
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import SseClient
from antiphon.loadtest.target import Target

CORES = len(os.sched_getaffinity(0))
HERE = Path(__file__).resolve().parent
ANTIPHON = "antiphon"

_READY_S = 120.0
_SETTLE_S, _WARM_S = 1.0, 3.0
_STOP_S = 15.0
_PR_SET_PDEATHSIG = 1  # man 2 prctl
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started.

    Attributes:
        name: of the table's row.
        what: how it is set up, for people.
        argv: its command line, given the folder for its files and its first port; those after it are free.
        ramp: a peer's chunks, as `speech.Ramp` reads them.
    """

    name: str
    what: str
    argv: Callable[[Path, int], list[str]]
    ramp: str = "6:2:80"


def _peer(name: str, what: str, script: str, *options: object) -> Server:
    def argv(_: Path, port: int) -> list[str]:
        return [sys.executable, str(HERE / script), "--port", str(port), *map(str, options)]

    return Server(name, what, argv)


def _antiphon(state: Path, port: int) -> list[str]:
    options = {
        "--state-dir": state,
        "--api-port": port,
        "--nats-port": port + 1,
        "--nats-monitoring-port": port + 2,
        "--metrics-port": port + 3,  # and those after it for the workers
        "--tts-workers": CORES,
        "--stt-workers": 0,
        "--log-level": "warning",
    }
    return [sys.executable, "-m", "antiphon", "up", *(str(part) for pair in options.items() for part in pair)]


SERVERS = {
    server.name: server
    for server in (
        Server(ANTIPHON, f"antiphon up, {CORES} TTS workers", _antiphon),
        _peer("litserve", f"LitServe, continuous batching, {CORES} processes", "litserve_continuous.py"),
        _peer(
            "litserve-rows4",
            f"LitServe, up to 4 rows a step, {CORES} processes",
            "litserve_continuous.py",
            "--rows",
            4,
        ),
        _peer("mosec", f"mosec, batches of up to 8, {CORES} processes", "mosec_batching.py"),
        _peer("mosec-single", f"mosec, no batches, {CORES} processes", "mosec_batching.py", "--rows", 1),
        _peer("lock", f"FastAPI, a lock, chunks at once, {CORES} processes", "fastapi_lock.py"),
        _peer(
            "lock-one", "FastAPI, a lock, chunks at once, one process", "fastapi_lock.py", "--processes", 1
        ),
        _peer(
            "lock-whole", f"FastAPI, a lock, whole sentences, {CORES} processes", "fastapi_lock.py", "--whole"
        ),
        _peer("stepper", f"FastAPI, one process, {CORES} threads step streams in turn", "fastapi_stepper.py"),
        _peer(
            "stepper-processes",
            f"FastAPI, {CORES} processes of one thread step streams in turn",
            "fastapi_stepper.py",
            *("--processes", CORES, "--threads", 1),
        ),
    )
}

DEFAULT = (ANTIPHON, "litserve", "mosec", "lock", "lock-whole", "stepper", "stepper-processes")
"""What is compared unless other names are given."""


def find(name: str) -> Server:
    """A server by its name, which may end in a ramp: ``stepper@6:3:320``.

    Raises:
        LookupError: there is none of this name.
    """
    name, at, ramp = name.partition("@")
    if name not in SERVERS:
        raise LookupError(f"no server {name}; there are {', '.join(SERVERS)}")
    server = SERVERS[name]
    return replace(server, name=f"{name}@{ramp}", ramp=ramp) if at else server


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[SseClient]:
    """A server that has started and is warm; it and its processes are gone afterwards.

    Raises:
        SystemExit: it does not answer.
    """
    port = _free_ports(4 + CORES)
    key = secrets.token_hex(16)
    with (
        tempfile.TemporaryDirectory(prefix="antiphon-peers-") as folder,
        _running(
            server.argv(Path(folder), port),
            Path(folder) / "log",
            {"ANTIPHON_API_KEY": key, "PEER_RAMP": server.ramp},
        ) as process,
    ):
        client = SseClient(Target(f"http://127.0.0.1:{port}", key))
        try:
            await _ready(client, server, process, Path(folder) / "log")
            await asyncio.sleep(_SETTLE_S)
            await closed_loop(client, concurrency=2 * CORES, duration_s=_WARM_S)
            yield client
        finally:
            await client.aclose()


def _free_ports(count: int) -> int:
    """The first of some ports in a row that are free, below those that outgoing connections get."""
    while True:
        first = random.randrange(20_000, 32_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


async def _ready(client: SseClient, server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it speaks."""
    give_up = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(Failure, TimeoutError):
            listener = Listener(time.perf_counter(), client.target.encoding, client.target.sample_rate)
            async with asyncio.timeout(10):
                await client.speak(SENTENCES[0], listener)
            return
        await asyncio.sleep(0.25)
    said = log.read_text()[-3000:]  # noqa: ASYNC240 - nothing else runs
    sys.exit(f"{server.name} does not answer. It said:\n{said}")


@contextlib.contextmanager
def _running(argv: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, which ends as a whole."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 - one thread
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
