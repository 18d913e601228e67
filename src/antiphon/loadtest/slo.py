"""Service level objectives: what a load point must show to pass."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from antiphon.errors import OperatorError

TTS_SLO = "ttfa_p95<=100ms,underruns==0,errors==0,refused==0"
STT_SLO = "final_p95<=300ms,partial_interval_p95<=500ms,errors==0,refused==0"
QUALITY_SLO = "wer<=4%,stream_loss<=0.5%,errors==0"

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "%": 1e-2}
_TERM = re.compile(r"\s*(\w+)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|%|)\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """A figure's bound, such as ``ttfa_p95<=100ms``.

    Attributes:
        figure: its name, as `figures.figures` gives it.
        sign: how the two are compared.
        bound: in seconds where it is a time.
        text: as it was written.
    """

    figure: str
    sign: str
    bound: float
    text: str

    def holds(self, figures: Mapping[str, float | None]) -> bool:
        """Whether the figures keep it. What was never measured keeps nothing."""
        value = figures.get(self.figure)
        return value is not None and _COMPARE[self.sign](value, self.bound)


def parse_slo(text: str, known: Mapping[str, float | None]) -> tuple[Term, ...]:
    """The terms of an objective, joined by commas.

    Args:
        text: such as ``ttfa_p95<=100ms,underruns==0``; units are ``ms``, ``s`` and ``%``.
        known: any figures with the names that may be used.

    Raises:
        OperatorError: a term that can't be read, or whose figure is not there.
    """
    terms: list[Term] = []
    for part in text.split(","):
        match = _TERM.fullmatch(part)
        if not match:
            raise OperatorError(f"--slo: {part.strip()!r} is no bound; one looks like ttfa_p95<=100ms.")
        figure, sign, bound, unit = match.groups()
        if figure not in known:
            raise OperatorError(f"--slo: there is no figure {figure!r}; there are {', '.join(known)}.")
        terms.append(Term(figure, sign, float(bound) * _UNITS[unit], part.strip()))
    return tuple(terms)


def missed(terms: tuple[Term, ...], figures: Mapping[str, float | None]) -> tuple[str, ...]:
    """The terms that the figures don't keep, as they were written."""
    return tuple(term.text for term in terms if not term.holds(figures))
