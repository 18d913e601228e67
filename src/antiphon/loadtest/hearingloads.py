"""The loads of recognition: streams that come whatever the server does, and so many streams at a time."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

from antiphon.loadtest.arrivals import poisson, seeded, until
from antiphon.loadtest.hearing import HearingClient, Stream
from antiphon.loadtest.loads import PAUSE_S, STAGGER_S, each
from antiphon.loadtest.recordings import Recording
from antiphon.loadtest.run import Run, conduct

UTTERANCES = 3
"""Of a stream that comes by chance."""


async def open_streams(
    client: HearingClient,
    *,
    rps: float,
    duration_s: float,
    recordings: Sequence[Recording],
    seed: int = 1,
    stop: asyncio.Event | None = None,
) -> Run[Stream]:
    """Streams of `UTTERANCES` utterances at Poisson times, whatever the server does.

    Args:
        client: who speaks.
        rps: mean streams a second.
        duration_s: none is due later; those under way are waited for.
        recordings: to be said, in an order that the seed gives.
        seed: of the times and the order.
        stop: when it is set, the load ends at once; streams under way are given up and not counted.
    """

    async def drive(streams: list[Stream], began: float) -> None:
        rng = seeded(seed)

        async def listen(due: float) -> None:
            script = [rng.choice(recordings) for _ in range(UTTERANCES)]
            streams.append(await client.listen(script, due, began))

        async with asyncio.TaskGroup() as group:
            for due_s in poisson(rps, duration_s, seed):
                await until(began + due_s)
                group.create_task(listen(began + due_s))

    return await conduct(drive, duration_s, stop)


async def steady_streams(
    client: HearingClient,
    *,
    concurrency: int,
    duration_s: float,
    recordings: Sequence[Recording],
    seed: int = 1,
    stop: asyncio.Event | None = None,
) -> Run[Stream]:
    """So many streams, each of which speaks in real time until the end. See `open_streams`.

    They begin at random within the first five seconds, and end with the utterance during which the time is
    up. One that fails begins anew.
    """

    async def drive(streams: list[Stream], began: float) -> None:
        end = began + duration_s

        def script(rng: random.Random) -> Iterator[Recording]:
            while time.perf_counter() < end:
                yield rng.choice(recordings)

        async def speak(rng: random.Random) -> None:
            due = began + rng.uniform(0.0, min(STAGGER_S, duration_s / 2))
            await until(due)
            while due < end:
                stream = await client.listen(script(rng), due, began)
                streams.append(stream)
                await asyncio.sleep(PAUSE_S if stream.error else 0.0)
                due = time.perf_counter()

        await each(concurrency, seed, speak)

    return await conduct(drive, duration_s, stop)
