"""What the deadline policy is compared with: the two ways in which most servers choose."""

from collections.abc import Sequence

from antiphon.engine.cost import StepCost
from antiphon.engine.policy import Candidate, Choice


def fifo(candidates: Sequence[Candidate], batch_size: int, cost: StepCost) -> list[Choice]:  # noqa: ARG001
    """Whoever came first is served until it is done."""
    ranked = sorted(candidates, key=lambda c: -c.waiting_s)
    return [Choice(c.key, "earliest_deadline") for c in ranked[:batch_size]]


class RoundRobin:
    """Everybody in turn."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._turn = 0

    def __call__(self, candidates: Sequence[Candidate], batch_size: int, cost: StepCost) -> list[Choice]:  # noqa: ARG002
        """Those whose last turn is longest ago."""
        self._turn += 1
        ranked = sorted(candidates, key=lambda c: self._turns.get(c.key, 0))[:batch_size]
        self._turns |= dict.fromkeys((c.key for c in ranked), self._turn)
        return [Choice(c.key, "earliest_deadline") for c in ranked]
