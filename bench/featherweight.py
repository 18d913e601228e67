"""``python bench/featherweight.py NATS_URL``: a voice worker whose model costs next to nothing.

What is left to measure is the platform around a model. Its voice counts; a word takes an eighth of a second.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import uvloop

from antiphon.telemetry.logs import configure_logging
from antiphon.workers.main import LOCK_WAIT_S
from support.counting import CountingModel
from support.nats import counting_worker

WORD_S = 0.125
CAPACITY = 4096


class Featherweight(CountingModel):
    """Passes for the default voice."""

    name = "hibari"
    voices = ("heart",)

    def __init__(self) -> None:
        super().__init__(silence=0)


@contextmanager
def featherweight(url: str) -> Iterator[int]:
    """Run one while the block does; gives its process id."""
    process = subprocess.Popen([sys.executable, __file__, url], env=os.environ)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


async def _serve(url: str) -> None:
    async with counting_worker(url, capacity=CAPACITY, model=Featherweight()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    configure_logging("error", "console")
    sys.setswitchinterval(LOCK_WAIT_S)
    uvloop.run(_serve(sys.argv[1]))
