"""When requests are due."""

import asyncio
import random
import time
from collections.abc import Iterator

_TIMER_S = 0.005
"""An event loop's timer is exact to a millisecond or two; a thread's sleep to a twentieth of one."""


def seeded(seed: int) -> random.Random:
    """Random numbers that the same seed gives again."""
    return random.Random(seed)  # noqa: S311 - nothing here is secret


def poisson(rps: float, duration_s: float, seed: int) -> Iterator[float]:
    """Seconds from the start at which requests are due, each independent of the others.

    Args:
        rps: mean requests a second.
        duration_s: none is due later.
        seed: the same one gives the same times.
    """
    rng = seeded(seed)
    due_s = rng.expovariate(rps)
    while due_s < duration_s:
        yield due_s
        due_s += rng.expovariate(rps)


async def until(due: float) -> None:
    """Wait up to a time of `time.perf_counter`, to a tenth of a millisecond and without spinning."""
    if (left := due - time.perf_counter()) > _TIMER_S:
        await asyncio.sleep(left - _TIMER_S)
    if (left := due - time.perf_counter()) > 0:
        await asyncio.to_thread(time.sleep, left)
