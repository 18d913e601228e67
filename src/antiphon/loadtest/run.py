"""One load of one seed, from its beginning to its end or to a stop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from antiphon.loadtest.effort import Effort, Meter

R = TypeVar("R")


@dataclass(frozen=True)
class Run(Generic[R]):
    """What a load measured.

    Attributes:
        requests: in the order in which they ended.
        window_s: seconds in which requests were due; what came later is not part of the throughput.
        effort: what the generator itself cost.
    """

    requests: list[R]
    window_s: float
    effort: Effort


async def conduct(
    drive: Callable[[list[R], float], Awaitable[None]], duration_s: float, stop: asyncio.Event | None
) -> Run[R]:
    """Conduct a load.

    Args:
        drive: makes the requests; called with the list that takes what was measured, and the clock time
            (`time.perf_counter`) of the beginning.
        duration_s: seconds in which it makes new ones.
        stop: when it is set, the load ends at once; requests under way are given up and not counted.
    """
    requests: list[R] = []
    meter, began = Meter(), time.perf_counter()
    driving = asyncio.ensure_future(drive(requests, began))
    stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
    try:
        await asyncio.wait({driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        window_s = min(duration_s, time.perf_counter() - began)
        given_up = driving.cancel()
        stopping.cancel()
        effort = meter.effort()
    await asyncio.wait({driving})
    if not given_up:
        driving.result()
    return Run(requests, window_s, effort)
