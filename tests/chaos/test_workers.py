"""Whatever happens to a worker or to the bus: the same samples and the same words, each once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from support.clients import Heard, fetch, hear, recording, speak
from support.pair import Pair
from support.words import normalise

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]

LATER_S = 1.5
"""How long what comes back stays away: longer than anybody waits for it, shorter than the streams last."""

SPOKEN = [
    " ".join(
        f"This is sentence number {i} of listener {who}, and it takes a moment to say." for i in range(8)
    )
    for who in ("one", "two", "three", "four")
]
RECORDED = {"011_jfk": 2.5, "002_ps-librivox": 1.25}
"""How much faster than in real time each recording is sent: they last as long as the speech."""

Everything = list[tuple[bytes, list[str]]]
Blow = Callable[[Pair, str], AbstractAsyncContextManager[None]]


class Crowd:
    """Three listeners and two talkers, all at once."""

    def __init__(self, url: str) -> None:
        self.heard = [Heard() for _ in (*SPOKEN, *RECORDED)]
        heard = iter(self.heard)
        work = [
            client(url, text, next(heard)) for client, text in zip((fetch, speak, speak), SPOKEN, strict=True)
        ]
        work += [hear(url, recording(name), next(heard), speed=speed) for name, speed in RECORDED.items()]
        self.tasks = [asyncio.create_task(each) for each in work]

    async def begun(self) -> None:
        """Return once all are in the middle of their stream."""
        await asyncio.gather(*(each.begun.wait() for each in self.heard))
        assert not any(task.done() for task in self.tasks), "over too early to be disturbed"

    async def all_of_it(self) -> Everything:
        results = await asyncio.gather(*self.tasks)
        return [(audio, normalise(" ".join(words)).split()) for audio, words in results]


@pytest.fixture(scope="session")
def undisturbed(pair: Pair) -> Everything:
    async def run() -> Everything:
        return await Crowd(pair.platform.url).all_of_it()

    everything = asyncio.run(run())
    assert all(len(audio) > 10 * 24_000 * 4 for audio, _ in everything[: len(SPOKEN)])
    assert "your country can do for you" in " ".join(everything[len(SPOKEN)][1])
    return everything


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
        pytest.param(
            hanging, marks=pytest.mark.xfail(reason="nobody avoids a worker that hangs", strict=False)
        ),
        cut_off,
        pytest.param(frozen_out, marks=slow),
        pytest.param(slowed, marks=slow),
        pytest.param(told_to_leave, marks=slow),
    ],
)
async def test_a_blow_to_a_worker_of_each_kind(pair: Pair, undisturbed: Everything, blow: Blow) -> None:
    crowd = Crowd(pair.platform.url)
    await crowd.begun()
    async with blow(pair, pair.busiest("tts")), blow(pair, pair.busiest("stt")):
        assert await crowd.all_of_it() == undisturbed
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
