"""What the load generator itself costs, and whether it kept up."""

import asyncio
import resource
import time
from dataclasses import dataclass

import numpy as np

LATE_S = 0.005
"""A generator whose event loop runs later than this (p95) measures itself."""

_BEAT_S = 0.05


@dataclass(frozen=True, slots=True)
class Effort:
    """The generator's own share.

    Attributes:
        cpu_s: processor seconds that this process used during the load, all threads.
        wall_s: seconds that passed.
        late_p95_s: lateness of the event loop; a millisecond is the grain of its timer.
    """

    cpu_s: float
    wall_s: float
    late_p95_s: float

    @property
    def cpu_share(self) -> float:
        """Processors in use on average: 0.1 is a tenth of one core."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0

    @property
    def reliable(self) -> bool:
        """Whether the figures are the server's and not the generator's."""
        return self.late_p95_s <= LATE_S


class Meter:
    """Measures this process from construction to `effort`; belongs to a running event loop."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._cpu_s = _cpu_s()
        self._late: list[float] = []
        self._beat = asyncio.create_task(self._beats())

    async def _beats(self) -> None:
        while True:
            due = time.perf_counter() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self._late.append(max(0.0, time.perf_counter() - due))

    def effort(self) -> Effort:
        """What it cost up to now; ends the measurement."""
        self._beat.cancel()
        late_s = float(np.percentile(self._late, 95)) if self._late else 0.0
        return Effort(_cpu_s() - self._cpu_s, time.perf_counter() - self._began, late_s)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
