"""A summary as flat figures by name, for objectives and for files."""

from dataclasses import fields
from typing import Any

from antiphon.loadtest.percentiles import Spread


def figures(summary: Any) -> dict[str, float | None]:
    """Every number of a summary by name: a spread ``ttfa`` gives ``ttfa_p50``, ``ttfa_p95``, ``ttfa_p99``.

    Args:
        summary: a dataclass of numbers, spreads, and counts by kind (of which the sum is given).
    """
    flat: dict[str, float | None] = {}
    for field in fields(summary):
        match getattr(summary, field.name):
            case Spread() as spread:
                flat |= {f"{field.name}_{p.name}": getattr(spread, p.name) for p in fields(spread)}
            case dict():
                counts: dict[str, int] = getattr(summary, field.name)
                flat[field.name] = sum(counts.values())
            case number:
                flat[field.name] = number
    return flat
