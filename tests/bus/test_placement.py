import asyncio
import time
from collections.abc import Callable
from typing import Any, Self
from uuid import uuid4

import pytest

from antiphon.bus.connection import Publisher, connect, disconnect, subscribe
from antiphon.bus.dispatcher import Dispatcher
from antiphon.bus.placement import OtherVersionOnly, Placement
from antiphon.contract.jobs import Accepted, Refused, SynthesisJob
from antiphon.contract.presence import Presence
from antiphon.contract.wire import decode_job, encode
from antiphon.errors import ModelNotFound, NoWorker, Overloaded
from antiphon.telemetry import metrics
from support.nats import counting_worker, dispatcher, until


def job(**more: Any) -> SynthesisJob:
    values = {"model": "counting", "voice": "one", "language": "en", "text": "one two three"} | more
    return SynthesisJob(job=uuid4().hex, api="", **values)


async def present(api: Dispatcher, count: int = 1) -> None:
    await until(lambda: len(api.offerings("tts")) == count)


class Bench:
    """A placement, and workers that answer as they are told to."""

    def __init__(self, nats_url: str) -> None:
        self._url = nats_url
        self.offers: list[tuple[str, int]] = []

    async def __aenter__(self) -> Self:
        self.client = await connect(self._url, "placement-test")
        self.publisher = Publisher(self.client)
        self.placement = Placement(
            self.client, self.publisher, queue_size=4, queue_timeout_s=0.4, worker_timeout_s=0.4
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.publisher.aclose()
        await disconnect(self.client)

    async def worker(self, name: str, reply: Callable[[], object], **more: object) -> None:
        async def answer(message: Any) -> None:
            offered = decode_job(message.data)
            self.offers.append((name, offered.attempt))
            if answer := reply():
                await message.respond(encode(answer))

        await subscribe(self.client, f"antiphon.v1.job.tts.{name}", answer)
        await self.client.flush()
        self.tells(name, **more)

    def tells(self, name: str, **more: Any) -> None:
        values = {
            "kind": "tts",
            "model": "counting",
            "languages": ("en",),
            "capacity": 4,
            "digest": "d",
        } | more
        self.placement.heard(Presence(worker=name, **values), asyncio.get_running_loop().time())


async def test_every_offer_is_an_attempt_of_its_own(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        await bench.worker("full", lambda: Refused("full", "full"))
        await bench.worker("free", lambda: Accepted("free"), wait_s=1.0)
        placed = await bench.placement.place(job(attempt=3), prefer="full")
        assert bench.offers == [("full", 3), ("free", 4)]
        assert (placed.worker, placed.attempt, placed.digest) == ("free", 4, "d")


async def test_an_offer_that_nobody_answers_is_taken_back_under_its_own_number(
    nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.bus.placement.OFFER_TIMEOUT_S", 0.05)
    async with Bench(nats_url) as bench:
        await bench.worker("stopped", lambda: None)
        await bench.worker("free", lambda: Accepted("free"), wait_s=1.0)
        taken_back: list[bytes] = []

        async def note(message: Any) -> None:
            taken_back.append(message.data)

        await subscribe(bench.client, "antiphon.v1.in.tts.stopped.*", note)
        placed = await bench.placement.place(job(), prefer="stopped")
        assert (placed.worker, placed.attempt) == ("free", 1)
        await until(lambda: taken_back)
        assert taken_back[0] == encode(["cancel", 0])


async def test_only_the_same_model_files_will_do_where_a_digest_is_asked_for(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        await bench.worker("other", lambda: Accepted("other"), digest="other")
        with pytest.raises(OtherVersionOnly):
            await bench.placement.place(job(), digest="d")
        await bench.worker("same", lambda: Accepted("same"))
        for _ in range(4):
            assert (await bench.placement.place(job(), digest="d", prefer="other")).worker == "same"
        bench.tells("same", load=4)  # it is full, so the job waits, and nobody else gets it
        with pytest.raises(Overloaded):
            await bench.placement.place(job(), digest="d")
        assert all(worker == "same" for worker, _ in bench.offers)


async def test_whoever_waits_for_model_files_that_vanish_is_told_at_once(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        await bench.worker("other", lambda: Accepted("other"), digest="other")
        bench.tells("same", load=4)
        waiting = asyncio.create_task(bench.placement.place(job(), digest="d"))
        await asyncio.sleep(0.01)
        bench.tells("same", leaving=True)
        # The worker that left serves nothing now; the other speaks up again within 250 ms.
        bench.tells("other", digest="other")
        with pytest.raises(OtherVersionOnly):
            await waiting


async def test_a_model_is_waited_for_once_it_was_there(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        bench.tells("another", model="another")
        with pytest.raises(ModelNotFound):
            await bench.placement.place(job())
        bench.tells("gone")
        bench.tells("gone", leaving=True)
        with pytest.raises(NoWorker):
            await bench.placement.place(job())


async def test_models_do_not_wait_for_each_other(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        bench.tells("full", load=4)
        await bench.worker("b", lambda: Accepted("b"), model="another")
        waiting = asyncio.create_task(bench.placement.place(job()))
        await asyncio.sleep(0.01)
        assert (await bench.placement.place(job(model="another"))).worker == "b"
        assert not waiting.done()
        with pytest.raises(Overloaded):
            await waiting


async def test_a_line_that_moves_lets_more_wait(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        await bench.worker("w", lambda: Accepted("w"), load=4)
        for _ in range(12):
            waiting = asyncio.create_task(bench.placement.place(job()))
            await asyncio.sleep(0.04)
            bench.tells("w", load=3)
            await waiting
            bench.tells("w", load=4)
        tasks = [asyncio.create_task(bench.placement.place(job())) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in tasks)
        bench.tells("w", load=1)
        await asyncio.gather(*tasks)


async def test_speech_that_goes_on_takes_the_room_that_is_kept_for_it(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        await bench.worker("w", lambda: Accepted("w"), load=4)
        waiting = asyncio.create_task(bench.placement.place(job()))
        await asyncio.sleep(0.01)
        assert (await bench.placement.place(job(lead_s=0.3))).worker == "w"
        assert not waiting.done()
        with pytest.raises(Overloaded):
            await waiting


async def test_a_full_platform_refuses_at_once(nats_url: str) -> None:
    async with Bench(nats_url) as bench:
        bench.tells("full", load=4)
        waiting = [asyncio.create_task(bench.placement.place(job(), tenant=str(n))) for n in range(4)]
        await asyncio.sleep(0)
        refused = bench.placement.place(job(), tenant="one more")
        with pytest.raises(Overloaded, match="4 requests wait"):
            refused.send(None)  # it does not even wait for the event loop
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_places_go_round_between_keys(nats_url: str) -> None:
    order: list[str] = []
    async with (
        dispatcher(nats_url, queue_size=20, timeout_s=10) as api,
        counting_worker(nats_url, capacity=1),
    ):
        await present(api)
        held = await api.synthesize(job(credit_s=0.1))

        async def one(tenant: str) -> None:
            stream = await api.synthesize(job(), tenant=tenant)
            order.append(tenant)
            async for _ in stream:
                pass

        tasks = [asyncio.create_task(one("many")) for _ in range(6)]
        await asyncio.sleep(0.05)
        tasks += [asyncio.create_task(one("few")) for _ in range(2)]
        await asyncio.sleep(0.05)
        await held.aclose()
        await asyncio.gather(*tasks)
    assert "few" not in order[-3:]  # it came last, and is long done


async def test_waits_are_measured(nats_url: str) -> None:
    wait = metrics.API_QUEUE_WAIT.labels(offering="tts")
    async with Bench(nats_url) as bench:
        before = wait._sum.get()
        await bench.worker("w", lambda: Accepted("w"), load=4)
        started = time.monotonic()
        waiting = asyncio.create_task(bench.placement.place(job()))
        await asyncio.sleep(0.05)
        assert metrics.API_QUEUE_SIZE.labels(offering="tts")._value.get() == 1
        bench.tells("w", load=3)
        await waiting
        assert 0.05 <= wait._sum.get() - before <= time.monotonic() - started
        assert metrics.API_QUEUE_SIZE.labels(offering="tts")._value.get() == 0
