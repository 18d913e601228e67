import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from antiphon.bus.line import Waiter
from antiphon.bus.queue import WaitingQueue
from antiphon.errors import Overloaded
from antiphon.telemetry import metrics

Queue = WaitingQueue[Waiter]


def queue(size: int = 3, timeout_s: float = 5.0) -> Queue:
    return WaitingQueue("tts", size, timeout_s, lambda _: True)


def waiter(tenant: str = "a", *, timeout_s: float = 5.0) -> Waiter:
    return Waiter(tenant=tenant, deadline=asyncio.get_running_loop().time() + timeout_s)


def refusals(reason: str) -> float:
    return metrics.API_REFUSALS.labels(offering="tts", reason=reason)._value.get()


async def stand(made: Queue, who: Waiter, *, fails: int = 0) -> Waiter:
    """Wait until it is placed; ``fails`` of its turns bring nothing."""
    made.join(who, foresee=True)
    try:
        await made.turn(who)
        for _ in range(fails):
            made.missed(who)
            await made.turn(who)
        made.placed(who)
    finally:
        made.leave(who)
    return who


@asynccontextmanager
async def standing(made: Queue, *waiters: Waiter) -> AsyncGenerator[list[asyncio.Task[Waiter]]]:
    tasks = [asyncio.create_task(stand(made, who)) for who in waiters]
    await asyncio.sleep(0)
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_place_that_comes_free_serves_all_that_find_one() -> None:
    made = queue()
    async with standing(made, waiter(), waiter(), waiter()) as tasks:
        made.wake()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def test_a_try_that_fails_ends_the_round_and_keeps_the_head() -> None:
    made, first = queue(), waiter()
    task = asyncio.create_task(stand(made, first, fails=1))
    await asyncio.sleep(0)
    async with standing(made, waiter()) as (second,):
        made.wake()
        await asyncio.sleep(0.01)
        assert not task.done()
        assert not second.done()
        made.wake()
        assert await asyncio.wait_for(task, 30) is first
        await asyncio.wait_for(second, 30)


async def test_a_full_queue_refuses_within_the_call() -> None:
    made = queue(size=2)
    before = refusals("full")
    async with standing(made, waiter(), waiter()):
        with pytest.raises(Overloaded) as refusal:
            made.join(waiter(), foresee=True)
        assert refusal.value.retry_after_s >= 1
        assert refusals("full") == before + 1


async def test_a_key_with_fewer_requests_takes_the_place_of_the_newest_of_another() -> None:
    made = queue(size=2)
    before = refusals("evicted")
    async with standing(made, waiter("heavy"), waiter("heavy")) as tasks, standing(made, waiter("light")):
        with pytest.raises(Overloaded, match="fewer"):
            await asyncio.wait_for(tasks[1], 30)
        assert not tasks[0].done()
        assert refusals("evicted") == before + 1


async def test_the_deadline_ends_the_wait() -> None:
    made, before = queue(timeout_s=0.01), refusals("deadline")
    with pytest.raises(Overloaded, match="came free"):
        await stand(made, waiter(timeout_s=0.01))
    assert len(made) == 0
    assert refusals("deadline") == before + 1


async def test_a_turn_that_comes_too_late_is_handed_on() -> None:
    made = queue()
    async with standing(made, waiter(), waiter()) as (gone, next_one):
        made.wake()  # the turn of the first, who leaves in the same moment
        gone.cancel()
        await asyncio.wait_for(next_one, 30)
        assert gone.cancelled()
    assert len(made) == 0


async def test_a_turn_given_to_one_who_is_leaving_is_handed_on() -> None:
    made = queue()
    async with standing(made, waiter(), waiter()) as (gone, next_one):
        gone.cancel()
        made.wake()
        await asyncio.wait_for(next_one, 30)
        assert gone.cancelled()
    assert len(made) == 0
