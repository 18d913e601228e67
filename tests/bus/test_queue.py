import asyncio

import pytest

from antiphon.bus.queue import WaitingQueue
from antiphon.errors import Overloaded


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def wait_in_line(queue: WaitingQueue, order: list[str], name: str, *, again: bool = False) -> None:
    await queue.wait(soon(), again=again)
    order.append(name)


async def test_first_come_first_served_and_whoever_tries_again_keeps_the_head() -> None:
    queue, order = WaitingQueue(3, 5), list[str]()
    tasks = [asyncio.create_task(wait_in_line(queue, order, name)) for name in "ab"]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(wait_in_line(queue, order, "first", again=True)))
    await asyncio.sleep(0)
    for _ in range(3):
        queue.wake_next()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["first", "a", "b"]


async def test_a_full_queue_refuses_at_once_but_not_whoever_waited() -> None:
    queue = WaitingQueue(1, 5)
    waiting = asyncio.create_task(queue.wait(soon(), again=False))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await queue.wait(soon(), again=False)
    back = asyncio.create_task(queue.wait(soon(), again=True))
    await asyncio.sleep(0)
    assert len(queue) == 2
    for task in (waiting, back):
        task.cancel()
    await asyncio.gather(waiting, back, return_exceptions=True)
    assert len(queue) == 0


async def test_the_deadline_ends_the_wait() -> None:
    queue = WaitingQueue(1, 5)
    with pytest.raises(Overloaded):
        await queue.wait(soon(0.01), again=False)
    assert len(queue) == 0


async def test_a_turn_that_comes_too_late_is_handed_on() -> None:
    queue, order = WaitingQueue(3, 5), list[str]()
    gone = asyncio.create_task(queue.wait(soon(), again=False))
    await asyncio.sleep(0)
    next_one = asyncio.create_task(wait_in_line(queue, order, "next"))
    await asyncio.sleep(0)
    queue.wake_next()  # the turn of the first, who leaves in the same moment
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await asyncio.wait_for(next_one, 1)
    assert order == ["next"]
