"""The loads: requests that come whatever the server does, clients that wait, listeners in real time."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from antiphon.loadtest.arrivals import poisson, seeded, until
from antiphon.loadtest.effort import Effort, Meter
from antiphon.loadtest.failures import Failure
from antiphon.loadtest.request import Listener, Request
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import SpeechClient

PATIENCE_S = 60.0
"""A request that is not answered within this time has failed."""

PAUSE_S = 0.5
"""Who gets an error waits this long before the next request."""

_STAGGER_S = 5.0
"""Listeners begin at times spread over about a sentence's length, as callers do."""


@dataclass(frozen=True, slots=True)
class Run:
    """One load of one seed.

    Attributes:
        requests: in the order in which they ended.
        window_s: seconds in which requests were due; what came later is not part of the throughput.
        effort: what the generator itself cost.
    """

    requests: list[Request]
    window_s: float
    effort: Effort


async def open_loop(
    client: SpeechClient,
    *,
    rps: float,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run:
    """Requests at Poisson times, whatever the server does; a stalled server can't hide.

    Args:
        client: who makes them.
        rps: mean requests a second.
        duration_s: none is due later; those under way are waited for.
        seed: of the times and of the order of the texts.
        texts: to be spoken.
        stop: when it is set, the load ends at once; requests under way are given up and not counted.
    """

    async def drive(load: _Load) -> None:
        rng = seeded(seed)
        async with asyncio.TaskGroup() as requests:
            for due_s in poisson(rps, duration_s, seed):
                await until(load.began + due_s)
                requests.create_task(load.request(rng.choice(texts), load.began + due_s))

    return await _run(client, duration_s, stop, drive)


async def closed_loop(
    client: SpeechClient,
    *,
    concurrency: int,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run:
    """So many clients, each of which asks again the moment it has been answered. See `open_loop`."""

    async def drive(load: _Load) -> None:
        async def ask(rng: random.Random) -> None:
            while (now := time.perf_counter()) < load.began + duration_s:
                if (await load.request(rng.choice(texts), now)).error:
                    await asyncio.sleep(PAUSE_S)

        await _each(concurrency, seed, ask)

    return await _run(client, duration_s, stop, drive)


async def listening_loop(
    client: SpeechClient,
    *,
    listeners: int,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run:
    """So many listeners, each of whom asks for the next sentence when the last one has been played.

    Each hears a second of audio every second. They begin at random within the first five. See `open_loop`.
    """

    async def drive(load: _Load) -> None:
        async def listen(rng: random.Random) -> None:
            due = load.began + rng.uniform(0.0, min(_STAGGER_S, duration_s / 2))
            while due < load.began + duration_s:
                await until(due)
                request = await load.request(rng.choice(texts), due)
                due += PAUSE_S if request.error or request.played_s is None else request.played_s

        await _each(listeners, seed, listen)

    return await _run(client, duration_s, stop, drive)


class _Load:
    """The requests of a run."""

    def __init__(self, client: SpeechClient) -> None:
        self.began = time.perf_counter()
        self.requests: list[Request] = []
        self._client = client

    async def request(self, text: str, due: float) -> Request:
        """Make one request and keep what became of it."""
        target = self._client.target
        listener = Listener(due, target.encoding, target.sample_rate)
        error: str | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._client.speak(text, listener)
        except Failure as failure:
            error = failure.kind
        except TimeoutError:
            error = "timeout"
        request = listener.request(self.began, text, error)
        self.requests.append(request)
        return request


async def _run(
    client: SpeechClient,
    duration_s: float,
    stop: asyncio.Event | None,
    drive: Callable[[_Load], Awaitable[None]],
) -> Run:
    """Drive a load to its end, or to the stop."""
    meter, load = Meter(), _Load(client)
    driving = asyncio.ensure_future(drive(load))
    stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
    try:
        await asyncio.wait({driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        window_s = min(duration_s, time.perf_counter() - load.began) if stopping.done() else duration_s
    finally:
        stopping.cancel()
        if not driving.done():
            driving.cancel()
        effort = meter.effort()
    await asyncio.wait({driving})
    if not driving.cancelled():
        driving.result()
    return Run(load.requests, window_s, effort)


async def _each(clients: int, seed: int, act: Callable[[random.Random], Awaitable[None]]) -> None:
    """Run clients side by side, each with random numbers of its own."""
    async with asyncio.TaskGroup() as group:
        for index in range(clients):
            group.create_task(_awaited(act(seeded(seed * 100_003 + index))))


async def _awaited(act: Awaitable[None]) -> None:
    await act
