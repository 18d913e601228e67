"""Worker processes are struck while they speak and hear: nothing is lost or doubled, and it goes on soon."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from antiphon.bus.dispatcher import Dispatcher
from antiphon.bus.recognition import RecognitionStream
from antiphon.bus.synthesis import SynthesisStream
from antiphon.contract.events import AudioOut, Final, Timestamps
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from antiphon.contract.subjects import Kind
from support.counting import FRAME, CountingModel
from support.hearing import RATE, say
from support.nats import dispatcher, until
from support.small import SmallWorker, small_worker

pytestmark = pytest.mark.slow

WORDS = [f"w{i}" for i in range(1, 81)]
WHOLE = CountingModel().whole(0, (25 + 10 * len(WORDS)) * FRAME)
SAID = range(1, 31)


class Fleet:
    """Small workers."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self._url = url
        self._folder = folder
        self._stack = stack
        self._workers: list[SmallWorker] = []

    def start(self, kind: Kind, **more: Any) -> SmallWorker:
        worker = self._stack.enter_context(small_worker(kind, self._url, self._folder, **more))
        self._workers.append(worker)
        return worker

    def named(self, name: str) -> SmallWorker:
        return next(worker for worker in self._workers if worker.name == name)

    async def known_to(self, api: Dispatcher) -> None:
        def known() -> set[str]:
            return {p.worker for kind in ("tts", "stt") for p in api.offerings(kind)}

        names = {worker.name for worker in self._workers}
        await until(lambda: known() >= names, 10)


@pytest.fixture
def fleet(nats_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(nats_url, tmp_path, stack)


def speech() -> SynthesisJob:
    return SynthesisJob(
        job=uuid4().hex,
        api="",
        model="counting",
        voice="one",
        language="en",
        text=" ".join(WORDS),
        credit_s=100.0,
    )


async def speak(stream: SynthesisStream) -> tuple[np.ndarray, list[str]]:
    audio, words = [], []
    async for event in stream:
        if isinstance(event, AudioOut):
            audio.append(event.samples)
        if isinstance(event, Timestamps):
            words += [word.text for word in event.words]
    return np.frombuffer(b"".join(audio), np.float32), words


async def hear(stream: RecognitionStream) -> str:
    return "".join([event.text async for event in stream if isinstance(event, Final)])


async def talk(stream: RecognitionStream) -> None:
    """Say thirty words in three seconds."""
    audio = say(*SAID, word_s=0.2, pause_s=0.3)
    for start in range(0, len(audio), RATE // 2):
        await stream.send(audio[start : start + RATE // 2])
        await asyncio.sleep(0.1)
    await stream.finalize(1)
    await stream.end()


@pytest.mark.parametrize("blow", ["kill", "stop", "hang", "drain"])
async def test_what_a_worker_was_doing_goes_on_elsewhere(nats_url: str, fleet: Fleet, blow: str) -> None:
    async with dispatcher(nats_url, timeout_s=5) as api:
        for kind in ("tts", "tts", "stt", "stt"):
            fleet.start(kind)
        await fleet.known_to(api)
        spoken = [await api.synthesize(speech()) for _ in range(3)]
        heard = await api.recognize(RecognitionJob(job=uuid4().hex, api="", model="levels", language="en"))
        # On a crowded machine they may be on the move already.
        await until(lambda: spoken[0].running and heard.running)
        struck = [fleet.named(spoken[0].worker), fleet.named(heard.worker)]
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            speaking = [group.create_task(speak(stream)) for stream in spoken]
            hearing = group.create_task(hear(heard))
            talking = group.create_task(talk(heard))
            await asyncio.sleep(0.4)
            for worker in struck:
                getattr(worker, blow)()
            if blow == "stop":
                await asyncio.sleep(1.5)
                for worker in struck:
                    worker.wake()
        assert talking.done()
        for samples, words in (task.result() for task in speaking):
            assert np.array_equal(samples, WHOLE)
            assert words == WORDS
        assert hearing.result() == " ".join(f"w{n}" for n in SAID)
        assert heard.job.attempt > 0
        if blow == "drain":
            assert [await asyncio.to_thread(worker.wait) for worker in struck] == [0, 0]
        else:
            assert spoken[0].job.attempt > 0


async def test_a_worker_that_hangs_for_good_ends_itself(nats_url: str, fleet: Fleet) -> None:
    async with dispatcher(nats_url, timeout_s=30) as api:
        worker = fleet.start("tts", hung_s=1.0)
        await fleet.known_to(api)
        stream = await api.synthesize(speech())
        await anext(stream)
        worker.hang()
        assert await asyncio.to_thread(worker.wait) == 1
        await stream.aclose()
