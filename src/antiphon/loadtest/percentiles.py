"""Percentiles of what may be nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of some values, interpolated; all None when there are none."""

    p50: float | None
    p95: float | None
    p99: float | None

    @staticmethod
    def of(values: Iterable[float]) -> "Spread":
        """The spread of these."""
        known = np.fromiter(values, np.float64)
        if not len(known):
            return Spread(None, None, None)
        p50, p95, p99 = (float(v) for v in np.percentile(known, [50, 95, 99]))
        return Spread(p50, p95, p99)
