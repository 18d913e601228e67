"""NATS stops and comes back while jobs run: nothing is lost, and what comes after is served."""

import asyncio
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from antiphon.bus.server import NatsServer, wait_until_healthy
from antiphon.contract.events import AudioOut, Final
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from support.counting import FRAME, CountingModel
from support.hearing import say
from support.nats import counting_worker, dispatcher, free_port, level_worker, until


def speech(**more: object) -> SynthesisJob:
    text = "one two three four five six seven eight nine ten"
    return SynthesisJob(
        job=uuid4().hex, api="", model="counting", voice="one", language="en", text=text, **more
    )


async def start(server: NatsServer) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(*server.prepare(), stderr=asyncio.subprocess.DEVNULL)
    await wait_until_healthy(server)
    return process


async def stop(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def test_running_and_new_jobs_survive_a_restart_of_nats(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, free_port(), free_port())
    process = await start(server)
    try:
        async with (
            dispatcher(server.url, timeout_s=10) as api,
            counting_worker(server.url),
            level_worker(server.url),
        ):
            await until(lambda: api.offerings("tts") and api.offerings("stt"))
            speaking = await api.synthesize(speech(credit_s=0.5))
            hearing = await api.recognize(
                RecognitionJob(job=uuid4().hex, api="", model="levels", language="en")
            )
            audio = [await anext(speaking) for _ in range(2)]
            await hearing.send(say(1, 2))

            await stop(process)
            await hearing.send(say(3))
            speaking.grant(60.0)
            await asyncio.sleep(1.5)
            process = await start(server)

            await hearing.send(say(4))
            await hearing.end()
            async with asyncio.timeout(30):
                audio += [event async for event in speaking]
                heard = [event async for event in hearing]
                again = [event async for event in await api.synthesize(speech())]
    finally:
        await stop(process)
    assert speaking.job.attempt == 0  # nobody failed
    whole = CountingModel().whole(0, 125 * FRAME)
    assert np.array_equal(samples(audio), whole)
    assert np.array_equal(samples(again), whole)
    assert "".join(e.text for e in heard if isinstance(e, Final)) == "w1 w2 w3 w4"


@pytest.mark.parametrize("away_s", [0.0, 0.5])
async def test_everybody_can_leave_while_nats_is_away(tmp_path: Path, away_s: float) -> None:
    server = NatsServer(tmp_path, free_port(), free_port())
    process = await start(server)
    async with asyncio.timeout(30):
        async with dispatcher(server.url), counting_worker(server.url) as worker:
            await stop(process)
            await asyncio.sleep(away_s)
        assert not worker._engine_loop._thread.is_alive()


def samples(events: list[object]) -> np.ndarray:
    return np.frombuffer(b"".join(e.samples for e in events if isinstance(e, AudioOut)), np.float32)
