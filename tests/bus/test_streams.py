"""What a job's stream decides by itself, with a host that places every attempt at once."""

import asyncio

import numpy as np
import pytest

from antiphon.bus.placement import Placed
from antiphon.bus.recognition import RecognitionStream
from antiphon.bus.streams import MAX_ATTEMPTS, STALL_S, JobStream
from antiphon.bus.synthesis import SynthesisStream
from antiphon.contract.events import AudioOut, Failed, Heard
from antiphon.contract.jobs import JobInput, RecognitionJob, SynthesisJob
from antiphon.errors import JobLost

RATE = 24_000


class Host:
    def __init__(self) -> None:
        self.told: list[JobInput] = []
        self.causes: list[str] = []

    async def place(self, stream: JobStream) -> Placed:
        return Placed(f"worker-{stream.job.attempt}", stream.job.attempt, "")

    def tell(self, stream: JobStream, message: JobInput) -> None:
        self.told.append(message)

    def moved(self, stream: JobStream, cause: str) -> None:
        self.causes.append(cause)

    def closed(self, stream: JobStream) -> None:
        pass


def speaking(host: Host, credit_s: float = 1.0) -> SynthesisStream:
    job = SynthesisJob(job="j", api="a", model="m", voice="v", language="en", text="t", credit_s=credit_s)
    stream = SynthesisStream(job, host)
    stream.worker = "worker-0"
    return stream


def hearing(host: Host) -> RecognitionStream:
    stream = RecognitionStream(RecognitionJob(job="j", api="a", model="m", language="en"), host)
    stream.worker = "worker-0"
    return stream


def audio(stream: SynthesisStream, seq: int, start: int, seconds: float = 0.5) -> AudioOut:
    samples = np.zeros(round(seconds * RATE), np.float32).tobytes()
    return AudioOut(
        job="j",
        attempt=stream.job.attempt,
        seq=seq,
        start_sample=start,
        sample_rate=RATE,
        samples=samples,
        step_s=0,
    )


def failed(stream: JobStream, seq: int = 0) -> Failed:
    return Failed(job="j", attempt=stream.job.attempt, seq=seq, message="no", retryable=True)


async def look_after(stream: JobStream, until_s: float) -> None:
    """Check the job as the dispatcher does, but with a clock that runs faster."""
    now = asyncio.get_running_loop().time()
    for tenth in range(round(until_s * 10)):
        stream.check(now + tenth / 10, worker_is_live=True)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def moves(stream: JobStream, host: Host) -> bool:
    """Whether the stream goes on elsewhere instead of waiting for its worker."""
    reading = asyncio.create_task(anext(stream))
    await settle()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return bool(host.causes)


async def test_a_worker_that_owes_audio_and_brings_none_loses_the_job() -> None:
    host = Host()
    stream = speaking(host)
    await look_after(stream, STALL_S + 0.5)
    assert await moves(stream, host)
    assert host.causes == ["stalled"]


async def test_a_reader_who_takes_nothing_is_no_fault_of_the_worker() -> None:
    host = Host()
    stream = speaking(host)
    stream.deliver(audio(stream, 0, 0))
    stream.deliver(audio(stream, 1, RATE // 2))
    await look_after(stream, STALL_S + 0.5)
    for _ in range(2):
        await anext(stream)
    assert not await moves(stream, host)


async def test_a_worker_has_its_time_from_when_it_gets_credit() -> None:
    host = Host()
    stream = speaking(host, credit_s=0.5)
    stream.deliver(audio(stream, 0, 0))
    await anext(stream)
    await look_after(stream, STALL_S + 0.5)
    stream.grant(10.0)
    stream.check(asyncio.get_running_loop().time() + STALL_S + 0.6, worker_is_live=True)
    assert not await moves(stream, host)


async def test_a_worker_has_its_time_from_when_it_gets_audio() -> None:
    host = Host()
    stream = hearing(host)
    await look_after(stream, STALL_S + 0.5)
    await stream.send(np.zeros(2 * 16_000, np.float32))
    stream.check(asyncio.get_running_loop().time() + STALL_S + 0.6, worker_is_live=True)
    assert not await moves(stream, host)


@pytest.mark.parametrize("request_name", ["finalize", "end"])
async def test_a_request_that_is_never_answered_is_a_stall(request_name: str) -> None:
    host = Host()
    stream = hearing(host)
    await (stream.finalize(1) if request_name == "finalize" else stream.end())
    await look_after(stream, STALL_S + 0.5)
    assert await moves(stream, host)


async def test_failing_again_at_the_same_place_loses_the_job() -> None:
    stream = speaking(Host())
    stream.deliver(audio(stream, 0, 0))
    await anext(stream)
    stream.deliver(failed(stream, seq=1))
    reading = asyncio.create_task(anext(stream))
    for _ in range(MAX_ATTEMPTS - 1):
        await settle()
        assert not reading.done()
        stream.deliver(failed(stream))
    with pytest.raises(JobLost):
        await asyncio.wait_for(reading, 1)


async def test_a_long_job_may_outlive_any_number_of_workers() -> None:
    host = Host()
    stream = speaking(host, credit_s=100.0)
    for turn in range(2 * MAX_ATTEMPTS):
        reading = asyncio.create_task(anext(stream))
        await settle()
        stream.deliver(audio(stream, 0, turn * RATE // 2))
        assert isinstance(await asyncio.wait_for(reading, 1), AudioOut)
        stream.check(0.0, worker_is_live=False)
    assert len(host.causes) == 2 * MAX_ATTEMPTS - 1


async def test_closing_wakes_whoever_reads() -> None:
    stream = speaking(Host())
    reading = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(reading, 1)


async def test_a_lost_job_wakes_whoever_sends() -> None:
    stream = hearing(Host())
    sending = asyncio.create_task(stream.send(np.zeros(100 * 16_000, np.float32)))
    await asyncio.sleep(0)
    stream.deliver(Failed(job="j", attempt=0, seq=0, message="no", retryable=False))
    with pytest.raises(Exception, match="no"):
        await anext(stream)
    await asyncio.wait_for(sending, 1)


async def test_heard_audio_is_not_replayed() -> None:
    host = Host()
    stream = hearing(host)
    await stream.send(np.zeros(3 * 16_000, np.float32))
    stream.deliver(Heard(job="j", attempt=0, seq=0, audio_s=3.0, settled_s=2.5))
    stream.check(0.0, worker_is_live=False)
    assert await moves(stream, host)
    assert stream.job.start_s == 2.5
