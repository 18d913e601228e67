import asyncio
from dataclasses import dataclass

from antiphon.loadtest.effort import Effort
from antiphon.loadtest.run import Run
from antiphon.loadtest.slo import parse_slo
from antiphon.loadtest.sweep import Sweep


@dataclass
class Found:
    load: float
    seeds: int


def sweep(stop_after: int = 1000) -> tuple[Sweep, list[tuple[float, int]]]:
    """A sweep over a server that bears a load of 100; stopped within a run."""
    stop, measured = asyncio.Event(), []

    async def measure(load: float, seed: int) -> Run[float]:
        measured.append((load, seed))
        if len(measured) == stop_after:
            stop.set()
        return Run([load], 1.0, Effort(0.0, 1.0, 0.0))

    def summarise(*runs: Run[float]) -> Found:
        return Found(max(request for run in runs for request in run.requests), len(runs))

    return Sweep(measure, summarise, parse_slo("load<=100", {"load": 0.0}), (1, 2), stop), measured


async def test_each_load_is_measured_with_each_seed() -> None:
    it, measured = sweep()
    await it.over([50, 200])
    assert measured == [(50, 1), (50, 2), (200, 1), (200, 2)]
    assert [(point.load, point.summary.seeds, point.missed) for point in it.points] == [
        (50, 2, ()),
        (200, 2, ("load<=100",)),
    ]


async def test_the_most_is_searched_for_and_every_try_is_kept() -> None:
    it, measured = sweep()
    found = await it.most(4, 4096)
    assert 95 <= found <= 100
    assert [point.load for point in it.points] == sorted({load for load, _ in measured})


async def test_a_stop_keeps_what_was_measured() -> None:
    it, measured = sweep(stop_after=3)
    await it.over([10, 20, 30])
    assert measured == [(10, 1), (10, 2), (20, 1)]
    assert [(point.load, point.summary.seeds) for point in it.points] == [(10, 2), (20, 1)]


async def test_a_stopped_search_holds_what_held_before() -> None:
    it, measured = sweep(stop_after=4)
    assert await it.most(4, 4096) == 4
    assert [load for load, _ in measured] == [4, 4, 8, 8]
