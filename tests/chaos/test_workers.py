"""Whatever happens to a worker or to the bus: the same samples and the same words, each once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from support.crowd import Crowd, Everything
from support.pair import Pair

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]

LATER_S = 1.5
"""How long what comes back stays away: longer than anybody waits for it, shorter than the streams last."""

Blow = Callable[[Pair, str], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed(pair: Pair, name: str) -> AsyncIterator[None]:
    """``kill -9``; another worker comes when all is over."""
    pair.platform.kill(name)
    yield
    pair.start_worker(name)


@asynccontextmanager
async def stopped(pair: Pair, name: str) -> AsyncIterator[None]:
    """SIGSTOP; it wakes again, and goes on with what others have done since."""
    async with for_a_while(lambda: pair.platform.pause(name), lambda: pair.platform.resume(name)):
        yield


@asynccontextmanager
async def hanging(pair: Pair, name: str) -> AsyncIterator[None]:
    """The model hangs until all is over; the worker's bus side answers as ever."""
    pair.platform.hold(name)
    try:
        yield
    finally:
        pair.platform.release(name)


@asynccontextmanager
async def cut_off(pair: Pair, name: str) -> AsyncIterator[None]:
    """Its connections to NATS are reset, and new ones for a while."""
    async with for_a_while(pair.proxies[name].cut, pair.proxies[name].heal):
        yield


@asynccontextmanager
async def frozen_out(pair: Pair, name: str) -> AsyncIterator[None]:
    """Nothing passes between it and NATS for a while; then all that was said meanwhile does."""
    async with for_a_while(pair.proxies[name].freeze, pair.proxies[name].heal):
        yield


@asynccontextmanager
async def slowed(pair: Pair, name: str) -> AsyncIterator[None]:
    """Everything to and from it takes far longer than usual."""
    pair.proxies[name].slow(0.05)
    try:
        yield
    finally:
        pair.proxies[name].heal()


@asynccontextmanager
async def told_to_leave(pair: Pair, name: str) -> AsyncIterator[None]:
    """SIGTERM."""
    process = pair.platform.processes.pop(name)
    process.terminate()
    yield
    assert await asyncio.to_thread(process.wait, 20) == 0
    pair.start_worker(name)


@asynccontextmanager
async def for_a_while(harm: Callable[[], None], mend: Callable[[], None]) -> AsyncIterator[None]:
    """Do harm, and mend it `LATER_S` after."""

    async def later() -> None:
        await asyncio.sleep(LATER_S)
        mend()

    harm()
    mending = asyncio.create_task(later())
    try:
        yield
    finally:
        await mending


slow = pytest.mark.slow


@pytest.mark.parametrize(
    "blow",
    [
        killed,
        stopped,
        hanging,
        cut_off,
        pytest.param(frozen_out, marks=slow),
        pytest.param(slowed, marks=slow),
        pytest.param(told_to_leave, marks=slow),
    ],
)
async def test_a_blow_to_a_worker_of_each_kind(pair: Pair, undisturbed: Everything, blow: Blow) -> None:
    crowd = Crowd(pair.platform.url)
    await crowd.begun()
    moved = pair.moved()
    names = [await asyncio.to_thread(pair.busiest, kind) for kind in ("stt", "tts")]
    async with blow(pair, names[0]), blow(pair, names[1]):
        assert await crowd.all_of_it() == undisturbed
    assert pair.moved() > moved or blow in (slowed, told_to_leave), "nobody was struck"
    await asyncio.to_thread(pair.wait)
    await asyncio.to_thread(pair.platform.wait_idle)


async def test_nats_is_killed_and_comes_back(pair: Pair, undisturbed: Everything) -> None:
    crowd = Crowd(pair.platform.url)
    await crowd.begun()
    pair.platform.nats.kill()
    await asyncio.sleep(0.5)
    await asyncio.to_thread(pair.platform.nats.start)
    assert await crowd.all_of_it() == undisturbed
    await asyncio.to_thread(pair.wait)
    await asyncio.to_thread(pair.platform.wait_idle)
