"""``python -m support.small tts URL``: a worker with a model for unit tests, in a process that can be struck.

Its voice model takes a tenth of a second for a second of audio, asleep. While the file that HOLD names
exists, models do not come back from their step; HUNG_S is how long until the worker gives up on them.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from antiphon.telemetry.logs import configure_logging
from antiphon.workers import worker as worker_module
from support.counting import RATE, CountingModel, CountingState
from support.hearing import LevelRecogniser
from support.nats import counting_worker, level_worker

PACE = 0.1
TESTS = Path(__file__).parents[1]


def wait_for_release() -> None:
    while Path(os.environ["HOLD"]).exists():
        time.sleep(0.01)


class PacedModel(CountingModel):
    def step(self, states: Sequence[CountingState], frames: Sequence[int]) -> list[Any]:
        wait_for_release()
        chunks = super().step(states, frames)
        time.sleep(PACE * max(map(len, chunks)) / RATE)
        return chunks


class HeldRecogniser(LevelRecogniser):
    def step(self, *arguments: Any, **named: Any) -> Any:
        wait_for_release()
        return super().step(*arguments, **named)


class SmallWorker:
    """The process, seen from the test."""

    def __init__(self, kind: str, url: str, hold: Path, **environment: str) -> None:
        self._hold = hold
        environment |= {"PYTHONPATH": str(TESTS), "HOLD": str(hold)}
        command = [sys.executable, "-m", "support.small", kind, url]
        self._process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE)

    @cached_property
    def name(self) -> str:
        """Its id on the bus; waits until it is there."""
        assert self._process.stdout
        return self._process.stdout.readline().decode().strip()

    def kill(self) -> None:
        self._process.kill()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def hang(self) -> None:
        self._hold.touch()

    def drain(self) -> None:
        self._process.terminate()

    def wait(self) -> int:
        return self._process.wait(15)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()
        self._hold.unlink(missing_ok=True)


@contextmanager
def small_worker(kind: str, url: str, folder: Path, *, hung_s: float = 10.0) -> Iterator[SmallWorker]:
    worker = SmallWorker(kind, url, folder / f"hold-{time.monotonic_ns()}", HUNG_S=str(hung_s))
    try:
        yield worker
    finally:
        worker.close()


async def serve(kind: str, url: str) -> int:
    """Serve until SIGTERM, or until the engine dies."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    worker_of = (
        counting_worker(url, model=PacedModel())
        if kind == "tts"
        else level_worker(url, model=HeldRecogniser())
    )
    async with worker_of as worker:
        print(worker._offering.worker, flush=True)  # noqa: T201
        waiting = [asyncio.create_task(stopped.wait()), asyncio.create_task(worker.wait_died())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stopped.is_set():
            await worker.stop(5.0)
    return 0 if stopped.is_set() else 1


if __name__ == "__main__":
    # The first line says who this is; the test reads no more.
    configure_logging("error", "console")
    worker_module.HUNG_S = float(os.environ["HUNG_S"])
    sys.exit(asyncio.run(serve(*sys.argv[1:])))
