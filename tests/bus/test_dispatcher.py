import asyncio
import time
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from antiphon.bus.dispatcher import Dispatcher
from antiphon.bus.synthesis import SynthesisStream
from antiphon.contract.events import AudioOut, Done, Timestamps
from antiphon.contract.jobs import Cancel, SynthesisJob
from antiphon.contract.wire import MAX_PAYLOAD_BYTES, decode_offer_reply, encode
from antiphon.errors import (
    JobLost,
    LanguageNotSupported,
    ModelNotFound,
    NoWorker,
    Overloaded,
    VoiceNotFound,
)
from support.counting import FRAME, CountingModel
from support.nats import counting_worker, dispatcher, until

TEXT = "one two three four five six seven eight nine ten"


def job(**more: Any) -> SynthesisJob:
    values = {"model": "counting", "voice": "one", "language": "en", "text": TEXT} | more
    return SynthesisJob(job=uuid4().hex, api="", **values)


async def present(api: Dispatcher, count: int = 1) -> None:
    await until(lambda: len(api.offerings("tts")) == count)


async def collect(stream: SynthesisStream) -> np.ndarray:
    pieces: list[bytes] = []
    position = 0
    async for event in stream:
        if isinstance(event, AudioOut):
            assert event.start_sample == position
            position += len(event.samples) // 4
            pieces.append(event.samples)
    return np.frombuffer(b"".join(pieces), np.float32)


async def collect_from(stream: SynthesisStream, position: int) -> None:
    """Read to the end; the pieces join, from the first one on."""
    async for event in stream:
        if isinstance(event, AudioOut):
            position = position or event.start_sample
            assert event.start_sample == position
            position += len(event.samples) // 4
    assert position == 125 * FRAME


async def test_a_job_is_spoken_over_the_bus(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url):
        await present(api)
        stream = await api.synthesize(job())
        events = [event async for event in stream]
        assert isinstance(events[-1], Done)
        words = [w.text for e in events if isinstance(e, Timestamps) for w in e.words]
        assert words == TEXT.split()
        samples = np.concatenate(
            [np.frombuffer(e.samples, np.float32) for e in events if isinstance(e, AudioOut)]
        )
        assert np.array_equal(samples, CountingModel().whole(0, 125 * FRAME))
        assert max(len(e.samples) for e in events if isinstance(e, AudioOut)) <= MAX_PAYLOAD_BYTES


async def test_many_jobs_at_once(nats_url: str) -> None:
    async with (
        dispatcher(nats_url, queue_size=30, timeout_s=20) as api,
        counting_worker(nats_url, capacity=4),
        counting_worker(nats_url),
    ):
        await present(api, 2)
        expected = CountingModel().whole(0, 125 * FRAME)

        async def one() -> None:
            assert np.array_equal(await collect(await api.synthesize(job())), expected)

        await asyncio.gather(*(one() for _ in range(30)))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model": "other"}, ModelNotFound),
        ({"voice": "nobody"}, VoiceNotFound),
        ({"language": "xx"}, LanguageNotSupported),
    ],
)
async def test_what_no_worker_can_do_is_refused_with_the_reason(
    nats_url: str, change: dict[str, str], error: type[Exception]
) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url):
        await present(api)
        with pytest.raises(error):
            await api.synthesize(job(**change))
        assert len(await collect(await api.synthesize(job()))) > 0


async def test_no_worker_at_all(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=0.2) as api:
        with pytest.raises(NoWorker):
            await api.synthesize(job())


async def test_a_queue_full_of_requests_that_nobody_could_serve_is_no_overload(nats_url: str) -> None:
    async with dispatcher(nats_url, queue_size=0) as api:
        with pytest.raises(NoWorker):
            await api.synthesize(job())


async def test_a_worker_that_leaves_while_a_request_waits_for_it_is_missed(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=1) as api:
        async with counting_worker(nats_url, capacity=1):
            await present(api)
            held = await api.synthesize(job(credit_s=0.1))
            waiting = asyncio.create_task(api.synthesize(job()))
            await asyncio.sleep(0.1)
        with pytest.raises(NoWorker):
            await waiting
        await held.aclose()


async def test_a_job_waits_for_a_worker_that_joins(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=5) as api:
        waiting = asyncio.create_task(api.synthesize(job()))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        async with counting_worker(nats_url):
            assert len(await collect(await waiting)) > 0


async def test_a_full_worker_lets_others_wait_and_a_full_queue_refuses(nats_url: str) -> None:
    async with dispatcher(nats_url, queue_size=1, timeout_s=5) as api, counting_worker(nats_url, capacity=1):
        await present(api)
        held = await api.synthesize(job(credit_s=0.1))
        waiting = asyncio.create_task(api.synthesize(job()))
        await asyncio.sleep(0.1)
        with pytest.raises(Overloaded) as refusal:
            await api.synthesize(job())
        assert refusal.value.retry_after_s >= 1
        await held.aclose()
        assert len(await collect(await waiting)) > 0


async def test_the_queue_has_a_deadline(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=0.3) as api, counting_worker(nats_url, capacity=1):
        await present(api)
        held = await api.synthesize(job(credit_s=0.1))
        with pytest.raises(Overloaded):
            await api.synthesize(job())
        await held.aclose()


async def test_closing_a_stream_frees_its_place(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url, capacity=1):
        await present(api)
        for _ in range(5):
            stream = await api.synthesize(job(credit_s=0.1))
            await anext(stream)
            await stream.aclose()
        assert len(await collect(await api.synthesize(job()))) > 0


async def test_a_vanished_api_server_leaves_no_place_taken(nats_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("antiphon.workers.places.API_SILENT_S", 0.5)
    async with counting_worker(nats_url, capacity=1):
        async with dispatcher(nats_url) as gone:
            await present(gone)
            await gone.synthesize(job(credit_s=0.1))
            gone._streams.clear()  # as if it were killed: nothing is cancelled
        async with dispatcher(nats_url, timeout_s=5) as api:
            await present(api)
            assert len(await collect(await api.synthesize(job()))) > 0


async def test_a_job_goes_on_when_its_worker_vanishes(nats_url: str) -> None:
    expected = CountingModel().whole(0, 125 * FRAME)
    async with dispatcher(nats_url, timeout_s=5) as api, counting_worker(nats_url) as first:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.5))
        pieces = [await anext(stream) for _ in range(3)]
        async with counting_worker(nats_url):
            await present(api, 2)
            first._publisher.send = lambda *_: None  # silent from now on, as if it were stopped
            stream.grant(60.0)
            rest = [event async for event in stream]
    audio = [e for e in [*pieces, *rest] if isinstance(e, AudioOut)]
    position = 0
    for piece in audio:
        assert piece.start_sample == position
        position += len(piece.samples) // 4
    assert np.array_equal(np.frombuffer(b"".join(a.samples for a in audio), np.float32), expected)
    words = [w.text for e in [*pieces, *rest] if isinstance(e, Timestamps) for w in e.words]
    assert words == TEXT.split()


async def test_a_worker_slow_to_answer_one_offer_keeps_its_other_jobs(
    nats_url: str, monkeypatch: Any
) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url) as worker:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.1))
        await anext(stream)
        monkeypatch.setattr("antiphon.bus.placement.OFFER_TIMEOUT_S", 0.0)
        assert not await api._placement._offer("tts", job(), worker._offering.worker)
        assert api._placement._table.is_live(stream.worker)
        assert api._placement._table.candidates("tts", job()) == []  # but no job until it speaks up
        await until(lambda: api._placement._table.candidates("tts", job()))
        await stream.aclose()


async def test_an_api_server_that_was_away_itself_moves_no_job(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url):
        await present(api)
        stream = await api.synthesize(job(credit_s=0.1))
        await anext(stream)
        time.sleep(1.5)  # nothing is read from the bus meanwhile  # noqa: ASYNC251
        await asyncio.sleep(0.3)
        stream.grant(60.0)
        assert isinstance([event async for event in stream][-1], Done)
        assert stream.job.attempt == 0


async def test_lost_events_are_sent_again(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url) as worker:
        await present(api)
        send, seen = worker._publisher.send, 0

        def lossy(subject: str, payload: bytes) -> None:
            nonlocal seen
            if subject.startswith("antiphon.v1.out."):
                seen += 1
                if seen in {2, 3, 5}:
                    return
            send(subject, payload)

        worker._publisher.send = lossy
        stream = await api.synthesize(job())
        assert np.array_equal(await collect(stream), CountingModel().whole(0, 125 * FRAME))
        assert stream.job.attempt == 0


async def test_a_job_that_fails_everywhere_is_lost(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url):
        await present(api)
        stream = await api.synthesize(job(text="unplannable"))
        with pytest.raises(JobLost):
            await collect(stream)
        assert len(await collect(await api.synthesize(job()))) > 0


async def test_a_draining_worker_finishes_what_it_has_and_takes_nothing_new(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=0.5) as api, counting_worker(nats_url) as worker:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.1))
        leaving = asyncio.create_task(worker.stop(5.0))
        await until(lambda: not api.offerings("tts"))
        with pytest.raises(NoWorker):
            await api.synthesize(job())
        stream.grant(60.0)
        assert len(await collect(stream)) == 125 * FRAME
        await leaving


async def test_messages_that_can_not_be_read_disturb_nobody(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url) as worker:
        await present(api)
        me = worker._offering
        for subject in (
            f"antiphon.v1.job.tts.{me.worker}",
            f"antiphon.v1.in.tts.{me.worker}.nobody",
            f"antiphon.v1.out.{api.api}",
            f"antiphon.v1.presence.tts.{me.worker}",
            "antiphon.v1.alive.someone",
        ):
            await worker._client.publish(subject, b"\xc1 not msgpack")
        assert len(await collect(await api.synthesize(job()))) == 125 * FRAME


class NewVersion(CountingModel):
    digest = "9" * 64


async def test_a_new_version_goes_on_with_the_next_segment(nats_url: str) -> None:
    async with dispatcher(nats_url, timeout_s=5) as api, counting_worker(nats_url) as old:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.5))
        pieces = [await anext(stream)]
        async with counting_worker(nats_url, model=NewVersion()):
            await present(api, 2)
            await old.stop(0)
            stream.grant(60.0)
            pieces += [event async for event in stream]
            heard = sum(len(piece.samples) // 4 for piece in pieces if isinstance(piece, AudioOut))
            assert 0 < heard < 125 * FRAME
            assert isinstance(pieces[-1], Done)
            assert len(await collect(await api.synthesize(job()))) == 125 * FRAME


async def test_a_worker_that_leaves_hands_over_what_waits(nats_url: str) -> None:
    """Nobody waits for the listener who takes nothing."""
    async with dispatcher(nats_url) as api, counting_worker(nats_url) as leaving:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.5))
        await anext(stream)
        async with counting_worker(nats_url):
            await present(api, 2)
            async with asyncio.timeout(30):
                await leaving.stop(60.0)
            stream.grant(60.0)
            await collect_from(stream, 0)
            assert stream.job.attempt == 1


async def test_an_offer_that_comes_after_its_cancellation_takes_no_place(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url, capacity=1) as worker:
        await present(api)
        late = job()
        me = worker._offering
        subject = f"antiphon.v1.in.tts.{me.worker}.{late.job}"
        await worker._client.publish(subject, encode(Cancel(late.attempt)))
        await until(lambda: worker._places._cancelled)
        reply = await worker._client.request(f"antiphon.v1.job.tts.{me.worker}", encode(late))
        assert decode_offer_reply(reply.data).reason == "cancelled"
        assert len(await collect(await api.synthesize(job()))) == 125 * FRAME


async def test_a_worker_that_knows_nothing_of_a_job_says_so(nats_url: str) -> None:
    async with dispatcher(nats_url) as api, counting_worker(nats_url) as worker:
        await present(api)
        stream = await api.synthesize(job(credit_s=0.5))
        await anext(stream)
        worker._outboxes.clear()
        worker._places._held.clear()  # as if it had been away for long
        stream.grant(60.0)
        await collect_from(stream, 0)
        assert stream.job.attempt == 1
