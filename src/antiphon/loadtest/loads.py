"""The loads: requests that come whatever the server does, clients that wait, listeners in real time."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from antiphon.loadtest.arrivals import poisson, seeded, until
from antiphon.loadtest.failures import Failure
from antiphon.loadtest.request import Listener, Request
from antiphon.loadtest.run import Run, conduct
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import SpeechClient

PATIENCE_S = 60.0
"""A request that is not answered within this time has failed."""

PAUSE_S = 0.5
"""Who gets an error waits this long before the next request."""

STAGGER_S = 5.0
"""Listeners begin at times spread over about a sentence's length, as callers do."""

_SEEDS_APART = 100_003
"""More than there are clients: no two clients of any seeds draw the same numbers."""


async def open_loop(
    client: SpeechClient,
    *,
    rps: float,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run[Request]:
    """Requests at Poisson times, whatever the server does; a stalled server can't hide.

    Args:
        client: who makes them.
        rps: mean requests a second.
        duration_s: none is due later; those under way are waited for.
        seed: of the times and of the order of the texts.
        texts: to be spoken.
        stop: when it is set, the load ends at once; requests under way are given up and not counted.
    """

    async def drive(requests: list[Request], began: float) -> None:
        load = _Load(client, requests, began)
        rng = seeded(seed)
        async with asyncio.TaskGroup() as group:
            for due_s in poisson(rps, duration_s, seed):
                await until(began + due_s)
                group.create_task(load.request(rng.choice(texts), began + due_s))

    return await conduct(drive, duration_s, stop)


async def closed_loop(
    client: SpeechClient,
    *,
    concurrency: int,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run[Request]:
    """So many clients, each of which asks again the moment it has been answered. See `open_loop`."""

    async def drive(requests: list[Request], began: float) -> None:
        load = _Load(client, requests, began)

        async def ask(rng: random.Random) -> None:
            while (now := time.perf_counter()) < began + duration_s:
                if (await load.request(rng.choice(texts), now)).error:
                    await asyncio.sleep(PAUSE_S)

        await each(concurrency, seed, ask)

    return await conduct(drive, duration_s, stop)


async def listening_loop(
    client: SpeechClient,
    *,
    listeners: int,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
    stop: asyncio.Event | None = None,
) -> Run[Request]:
    """So many listeners, each of whom asks for the next sentence when the last one has been played.

    Each hears a second of audio every second. They begin at random within the first five. See `open_loop`.
    """

    async def drive(requests: list[Request], began: float) -> None:
        load = _Load(client, requests, began)

        async def listen(rng: random.Random) -> None:
            due = began + rng.uniform(0.0, min(STAGGER_S, duration_s / 2))
            while due < began + duration_s:
                await until(due)
                request = await load.request(rng.choice(texts), due)
                due += PAUSE_S if request.error or request.played_s is None else request.played_s

        await each(listeners, seed, listen)

    return await conduct(drive, duration_s, stop)


class _Load:
    """The requests of a run."""

    def __init__(self, client: SpeechClient, requests: list[Request], began: float) -> None:
        self.began = began
        self._client = client
        self._requests = requests

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
        self._requests.append(request)
        return request


async def each(clients: int, seed: int, act: Callable[[random.Random], Awaitable[None]]) -> None:
    """Run clients side by side, each with random numbers of its own."""
    async with asyncio.TaskGroup() as group:
        for index in range(clients):
            group.create_task(_awaited(act(seeded(seed * _SEEDS_APART + index))))


async def _awaited(act: Awaitable[None]) -> None:
    await act
