"""What a job's stream decides by itself, with a host that places every attempt at once."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from antiphon.bus.placement import Placed
from antiphon.bus.recognition import RecognitionStream
from antiphon.bus.streams import MAX_ATTEMPTS, STALL_S, TAIL_AFTER_S, JobStream, OtherVersionOnly
from antiphon.bus.synthesis import SynthesisStream
from antiphon.contract.events import AudioOut, Done, Failed, Final, Heard, Partial, Timestamps, Word
from antiphon.contract.jobs import (
    AudioIn,
    Credit,
    Finalize,
    JobInput,
    RecognitionJob,
    Resend,
    SynthesisJob,
)
from antiphon.errors import JobLost

RATE = 24_000


class Host:
    """Places every attempt at once; ``clock`` is the time that its streams see."""

    def __init__(self) -> None:
        self.told: list[JobInput] = []
        self.causes: list[str] = []
        self.clock = 100.0
        self.digest = "old"

    async def place(self, stream: JobStream) -> Placed:
        if stream.needs_digest not in ("", self.digest):
            raise OtherVersionOnly
        return Placed(f"worker-{stream.job.attempt}", stream.job.attempt, self.digest)

    def tell(self, stream: JobStream, message: JobInput) -> None:
        self.told.append(message)

    def moved(self, stream: JobStream, cause: str) -> None:
        self.causes.append(cause)

    def closed(self, stream: JobStream) -> None:
        pass

    def take(self, stream: JobStream) -> None:
        stream._now = lambda: self.clock
        stream.goes_to(Placed("worker-0", 0, self.digest))
        self.told.clear()

    def pass_time(self, stream: JobStream, seconds: float) -> None:
        """Look after the job as the watch does."""
        for _ in range(round(seconds * 10)):
            self.clock += 0.1
            stream.look_after()

    def of(self, kind: type) -> list[JobInput]:
        return [message for message in self.told if isinstance(message, kind)]


def speaking(host: Host, credit_s: float = 1.0) -> SynthesisStream:
    job = SynthesisJob(job="j", api="a", model="m", voice="v", language="en", text="t", credit_s=credit_s)
    stream = SynthesisStream(job, host)
    host.take(stream)
    return stream


def hearing(host: Host) -> RecognitionStream:
    stream = RecognitionStream(RecognitionJob(job="j", api="a", model="m", language="en"), host)
    host.take(stream)
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


def done(stream: JobStream, seq: int) -> Done:
    return Done(job="j", attempt=stream.job.attempt, seq=seq, audio_s=0.5, processing_s=0.0)


def final(stream: JobStream, seq: int, text: str, end_s: float) -> Final:
    return Final(job="j", attempt=stream.job.attempt, seq=seq, text=text, start_s=0.0, end_s=end_s)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_worker_that_owes_audio_and_brings_none_loses_the_job() -> None:
    host = Host()
    stream = speaking(host)
    host.pass_time(stream, STALL_S + 0.5)
    await settle()
    assert host.causes == ["stalled"]


async def test_who_has_audio_left_can_wait_longer_for_a_worker_that_is_there() -> None:
    host = Host()
    stream = speaking(host, credit_s=10.0)
    stream.deliver(audio(stream, 0, 0, seconds=3.0))
    host.pass_time(stream, STALL_S + 1.0)
    await settle()
    assert host.causes == ["stalled"]  # as the lead shrinks meanwhile
    stream.deliver(audio(stream, 0, 3 * RATE, seconds=6.0))
    host.pass_time(stream, 3.0)
    await settle()
    assert host.causes == ["stalled"]


async def test_a_reader_who_takes_nothing_is_no_fault_of_the_worker() -> None:
    host = Host()
    stream = speaking(host)
    stream.deliver(audio(stream, 0, 0))
    stream.deliver(audio(stream, 1, RATE // 2))
    host.pass_time(stream, STALL_S + 0.5)
    await settle()
    assert host.causes == []


async def test_a_worker_has_its_time_from_when_it_gets_credit() -> None:
    host = Host()
    stream = speaking(host, credit_s=0.5)
    stream.deliver(audio(stream, 0, 0))
    host.pass_time(stream, STALL_S + 0.5)
    stream.grant(10.0)
    host.pass_time(stream, 0.2)
    await settle()
    assert host.causes == []


async def test_a_worker_has_its_time_from_when_it_gets_audio() -> None:
    host = Host()
    stream = hearing(host)
    host.pass_time(stream, STALL_S + 0.5)
    await stream.send(np.zeros(2 * 16_000, np.float32))
    host.pass_time(stream, 0.2)
    await settle()
    assert host.causes == []


@pytest.mark.parametrize("request_name", ["finalize", "end"])
async def test_a_question_that_is_never_answered_moves_the_job(request_name: str) -> None:
    host = Host()
    stream = hearing(host)
    await (stream.finalize(1) if request_name == "finalize" else stream.end())
    host.pass_time(stream, STALL_S + 0.5)
    await settle()
    assert host.causes == ["stalled"]


async def test_a_step_that_takes_longer_than_a_worker_is_given_gets_its_time_at_a_further_try() -> None:
    host = Host()
    stream = hearing(host)
    await stream.end()
    for tries, patience_s in enumerate((STALL_S, 2 * STALL_S, 4 * STALL_S)):
        host.pass_time(stream, patience_s - 0.5)
        await settle()
        assert host.causes == ["stalled"] * tries
        host.pass_time(stream, 1.0)
        await settle()
    assert host.causes == ["stalled"] * 3


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
        await asyncio.wait_for(reading, 30)


async def test_a_long_job_may_outlive_any_number_of_workers() -> None:
    host = Host()
    stream = speaking(host, credit_s=100.0)
    for turn in range(2 * MAX_ATTEMPTS):
        stream.deliver(audio(stream, 0, turn * RATE // 2))
        stream.move("worker_gone")
        await settle()
    assert host.causes == 2 * MAX_ATTEMPTS * ["worker_gone"]
    for _ in range(2 * MAX_ATTEMPTS):
        assert isinstance(await anext(stream), AudioOut)


async def test_leaving_workers_that_say_so_are_no_failures() -> None:
    host = Host()
    stream = speaking(host)
    for _ in range(2 * MAX_ATTEMPTS):
        stream.move("draining")
        await settle()
    assert stream.running


async def test_closing_wakes_whoever_reads() -> None:
    stream = speaking(Host())
    reading = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(reading, 30)


async def test_closing_while_a_place_is_sought_gives_up_the_search() -> None:
    class Full(Host):
        sought = False

        async def place(self, stream: JobStream) -> Placed:
            self.sought = True
            try:
                await asyncio.Event().wait()
            finally:
                self.sought = False

    host = Full()
    stream = speaking(host)
    stream.move("worker_gone")
    await settle()
    assert host.sought
    await stream.aclose()
    assert not host.sought
    assert stream.over


async def test_a_lost_job_wakes_whoever_sends() -> None:
    stream = hearing(Host())
    sending = asyncio.create_task(stream.send(np.zeros(100 * 16_000, np.float32)))
    await asyncio.sleep(0)
    stream.deliver(Failed(job="j", attempt=0, seq=0, message="no", retryable=False))
    with pytest.raises(Exception, match="no"):
        await anext(stream)
    await asyncio.wait_for(sending, 30)


async def test_heard_audio_is_not_replayed() -> None:
    host = Host()
    stream = hearing(host)
    await stream.send(np.zeros(3 * 16_000, np.float32))
    stream.deliver(Heard(job="j", attempt=0, seq=0, audio_s=3.0, settled_s=2.5))
    stream.move("worker_gone")
    await settle()
    assert stream.job.start_s == 2.5
    replayed = b"".join(m.samples for m in host.of(AudioIn) if m.attempt == 1)
    assert len(replayed) == 4 * 16_000 // 2


async def test_a_moved_job_goes_on_behind_what_arrived_though_nobody_has_read_it() -> None:
    host = Host()
    stream = speaking(host)
    words = Timestamps(job="j", attempt=0, seq=1, words=(Word("a", 0.5, 0.6),), phonemes=())
    stream.deliver(audio(stream, 0, 0))
    stream.deliver(words)  # its audio never comes
    stream.move("worker_gone")
    await settle()
    assert stream.job.resume_at_sample == RATE // 2
    assert stream.job.lead_s == pytest.approx(0.5)
    stream.deliver(replace(words, attempt=1, seq=0))
    stream.deliver(audio(stream, 1, RATE // 2))
    stream.deliver(done(stream, 2))
    outputs = [type(output) async for output in stream]
    assert outputs == [AudioOut, Timestamps, AudioOut, Done]


async def test_what_came_right_before_a_failure_is_read_at_once() -> None:
    class Full(Host):
        async def place(self, stream: JobStream) -> Placed:
            await asyncio.Event().wait()
            raise AssertionError

    stream = speaking(Full())
    reading = asyncio.create_task(anext(stream))
    await settle()
    stream.deliver(failed(stream, seq=1))
    stream.deliver(audio(stream, 0, 0))
    assert isinstance(await asyncio.wait_for(reading, 30), AudioOut)
    await stream.aclose()


async def test_what_an_older_attempt_still_says_is_dropped() -> None:
    host = Host()
    stream = speaking(host)
    stale = audio(stream, 0, 0)
    stream.move("no_answer")
    stream.deliver(stale)
    await settle()
    stream.deliver(stale)
    assert stream.job.resume_at_sample == 0
    stream.deliver(audio(stream, 0, 0))
    stream.deliver(done(stream, 1))
    assert [type(output) async for output in stream] == [AudioOut, Done]


async def test_events_that_overtake_the_acceptance_of_their_offer_are_kept() -> None:
    host = Host()
    job = SynthesisJob(job="j", api="a", model="m", voice="v", language="en", text="t", credit_s=1.0)
    stream = SynthesisStream(job, host)
    stream.deliver(audio(stream, 0, 0))  # of an offer that was not answered in time
    early = replace(audio(stream, 0, 0), attempt=2)
    stream.deliver(early)
    stream.goes_to(Placed("w", 2, ""))
    stream.deliver(done(stream, 1))
    assert [type(output) async for output in stream] == [AudioOut, Done]


async def test_a_lost_tail_is_asked_for_and_ever_less_often() -> None:
    host = Host()
    stream = speaking(host)
    stream.deliver(audio(stream, 0, 0))
    host.told.clear()
    host.pass_time(stream, TAIL_AFTER_S + 0.1)
    assert host.of(Resend) == [Resend(0, 1, "a")]
    assert host.of(Credit)  # maybe it was that which got lost
    host.pass_time(stream, 3.5)
    assert 2 <= len(host.of(Resend)) <= 5


async def test_a_job_that_owes_nothing_is_not_asked() -> None:
    host = Host()
    stream = speaking(host, credit_s=0.5)
    stream.deliver(audio(stream, 0, 0))
    host.told.clear()
    host.pass_time(stream, 10.0)
    assert host.told == []


async def test_a_question_that_may_be_lost_is_asked_again_under_its_number() -> None:
    host = Host()
    stream = hearing(host)
    await stream.send(np.zeros(1600, np.float32))
    await stream.finalize(7)
    host.told.clear()
    host.pass_time(stream, TAIL_AFTER_S + 0.2)
    assert host.of(Finalize) == [Finalize(0, 1, 7)]


async def test_what_arrived_is_acknowledged() -> None:
    host = Host()
    stream = speaking(host, credit_s=10.0)
    for turn in range(8):
        stream.deliver(audio(stream, turn, turn * RATE // 2))
    assert [credit.next_seq for credit in host.of(Credit)] == [2, 4, 6, 8]


async def test_credit_given_while_a_place_is_sought_reaches_the_new_worker() -> None:
    host = Host()
    stream = speaking(host, credit_s=1.0)
    stream.move("worker_gone")
    stream.grant(5.0)
    await settle()
    assert stream.job.credit_s == 1.0
    assert host.of(Credit)[-1].total_s == 5.0


async def test_other_samples_never_follow_those_that_were_heard() -> None:
    host = Host()
    stream = speaking(host)
    stream.deliver(audio(stream, 0, 0))
    host.digest = "new"
    stream.move("worker_gone")
    await settle()
    assert [type(output) async for output in stream] == [AudioOut, Done]
    assert host.causes == ["other_version"]


async def test_a_segment_of_which_nothing_was_heard_is_spoken_by_any_version() -> None:
    host = Host()
    stream = speaking(host)
    host.digest = "new"
    stream.move("worker_gone")
    await settle()
    assert stream.digest == "new"


async def test_a_reader_who_is_slow_finds_only_the_newest_partial() -> None:
    stream = hearing(Host())
    for seq in range(100):
        stream.deliver(Partial(job="j", attempt=0, seq=seq, text=f"{seq}", audio_s=0.1))
    assert (await anext(stream)).text == "99"


class Worker:
    """The worker's side of a stream in a story: what it makes, and what of it gets through."""

    def __init__(self) -> None:
        self.host = Host()
        self.stream = speaking(self.host, credit_s=1000.0)
        self.sent: list[AudioOut] = []
        self.made = 0
        self._seq = 0

    def lose(self) -> None:
        self.sent.append(audio(self.stream, self._seq, self.made, seconds=0.1))
        self.made, self._seq = self.made + RATE // 10, self._seq + 1

    def bring(self) -> None:
        self.lose()
        self.stream.deliver(self.sent[-1])

    def double(self) -> None:
        for piece in self.sent[-3:]:
            self.stream.deliver(piece)

    async def move(self) -> None:
        self.stream._failures = 0
        self.stream.move("no_answer")
        await settle()
        self.made, self._seq = self.stream.job.resume_at_sample, 0

    def finish(self) -> None:
        for piece in self.sent:
            self.stream.deliver(piece)
        self.stream.deliver(done(self.stream, self._seq))


async def samples_read(story: list[str], worker: Worker) -> int:
    """Tell the story; how many samples were read, which are all one after another."""
    read = 0

    def count(output: object) -> None:
        nonlocal read
        if isinstance(output, AudioOut):
            assert output.start_sample == read
            read += RATE // 10

    for event in story:
        match event:
            case "read":
                while worker.stream._inbox:
                    count(await anext(worker.stream))
            case "move":
                await worker.move()
            case _:
                getattr(worker, event)()
    worker.finish()
    async for output in worker.stream:
        count(output)
    return read


@given(st.lists(st.sampled_from(["bring", "bring", "lose", "move", "double", "read"]), max_size=40))
def test_whatever_is_lost_doubled_or_moved_samples_are_read_once_and_in_order(story: list[str]) -> None:
    async def tell() -> None:
        worker = Worker()
        assert await samples_read(story, worker) == worker.made

    asyncio.run(tell())
