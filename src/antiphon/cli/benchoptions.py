"""How ``antiphon bench`` is told what to measure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from antiphon.errors import OperatorError

MOST: Literal["most"] = "most"
_SEARCHABLE = {"listeners", "concurrency"}
_SECONDS = {"ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Loads:
    """What is varied.

    Attributes:
        axis: name of the option.
        values: the loads, in order; or `MOST`, to search for the highest that keeps the objective.
    """

    axis: str
    values: tuple[float, ...] | Literal["most"]


def parse_loads(options: Mapping[str, str | None], default: str) -> Loads:
    """The one option that was given; else ``concurrency`` with its default.

    Raises:
        OperatorError: two of them, or one that can't be read.
    """
    given = {axis: value for axis, value in options.items() if value is not None} or {"concurrency": default}
    if len(given) > 1:
        raise OperatorError(f"Vary one of {', '.join(f'--{axis}' for axis in given)} at a time.")
    ((axis, value),) = given.items()
    if value == MOST and axis in _SEARCHABLE:
        return Loads(axis, MOST)
    whole = axis != "rps"
    try:
        loads = tuple(sorted({int(part) if whole else float(part) for part in value.split(",")}))
    except ValueError:
        raise OperatorError(f"--{axis} {value} can't be read; it looks like 5,10,20.") from None
    if loads[0] <= 0:
        raise OperatorError(f"--{axis} {value} must be above 0.")
    return Loads(axis, loads)


def parse_seconds(text: str, option: str = "--duration") -> float:
    """A time such as ``100ms``, ``30s`` or ``2m``.

    Raises:
        OperatorError: it can't be read.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", text)
    if not match or not float(match[1]):
        raise OperatorError(f"{option} {text} can't be read; it looks like 100ms, 30s or 2m.")
    return float(match[1]) * _SECONDS[match[2]]


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds such as ``1,2,3``.

    Raises:
        OperatorError: they can't be read.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OperatorError(f"--seeds {text} can't be read; it looks like 1,2,3.") from None
