"""Load points one after the other, each with every seed, and whether they keep the objective."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from antiphon.loadtest.figures import figures
from antiphon.loadtest.run import Run
from antiphon.loadtest.search import most
from antiphon.loadtest.slo import Term, missed


@dataclass(frozen=True, slots=True)
class Point:
    """One load, over all its seeds.

    Attributes:
        load: requests a second, clients, listeners or streams.
        summary: what it showed.
        missed: the terms of the objective that it did not keep.
    """

    load: float
    summary: Any
    missed: tuple[str, ...]

    @property
    def label(self) -> str:
        """The load as it is shown."""
        return f"{self.load:g}"


@dataclass(frozen=True)
class Sweep:
    """Measures loads until it is stopped; what was measured before stays in ``points``.

    Attributes:
        measure: conducts one run; called with the load and the seed.
        summarise: makes one summary of the runs of a load.
        terms: the objective.
        seeds: of each load.
        stop: ends it; a run that has begun is counted as far as it came.
        points: in order of load.
    """

    measure: Callable[[float, int], Awaitable[Run[Any]]]
    summarise: Callable[..., Any]
    terms: tuple[Term, ...]
    seeds: tuple[int, ...]
    stop: asyncio.Event
    points: list[Point] = field(default_factory=list[Point])

    async def over(self, loads: Iterable[float]) -> None:
        """Measure these loads."""
        for load in loads:
            if not self.stop.is_set():
                await self._point(load)

    async def most(self, low: int, high: int) -> int:
        """Search for the highest load that keeps the objective; 0 if ``low`` does not."""

        async def holds(load: int) -> bool:
            if self.stop.is_set():
                return False
            return not (await self._point(load)).missed and not self.stop.is_set()

        return await most(holds, low, high)

    async def _point(self, load: float) -> Point:
        runs = [await self.measure(load, seed) for seed in self.seeds if not self.stop.is_set()]
        summary = self.summarise(*runs)
        point = Point(load, summary, missed(self.terms, figures(summary)))
        self.points.append(point)
        self.points.sort(key=lambda point: point.load)
        return point
