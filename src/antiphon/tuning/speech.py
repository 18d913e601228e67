"""What each ``batch_size`` can carry: the costs are measured, the listeners are simulated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.engine.cost import MOST_STREAMS
from antiphon.engine.pacing import LARGEST_FRAMES
from antiphon.loadtest.summary import Summary, summarise
from antiphon.models.protocols import TTSModel
from antiphon.tuning.profile import Profile, measure
from antiphon.tuning.simulation import Fleet, Listeners, simulate

SIMULATED_S = 60.0
"""Long enough for every listener to hear about ten sentences."""

SEEDS = (1, 2)

KNEE = 0.95
"""A batch size that carries this share of what the best one does is as good, and quicker."""

_NO_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Goal:
    """What every listener must have.

    Attributes:
        ttfa_p95_s: time to the first audio, seconds, 95th percentile.
        rtf_p95: time in which a sentence is made, by its length, 95th percentile.
        underruns: moments without anything to play, over all listeners.
    """

    ttfa_p95_s: float = 0.1
    rtf_p95: float = 0.8
    underruns: int = 0

    def met(self, summary: Summary) -> bool:
        """Whether a load was carried within the goal."""
        return (
            summary.refused == 0
            and (summary.ttfa.p95 or 0.0) <= self.ttfa_p95_s
            and (summary.rtf.p95 or 0.0) <= self.rtf_p95
            and summary.underruns <= self.underruns
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """A row of the table.

    Attributes:
        batch_size: most rows a step.
        step_s: a step of so many rows of the largest chunk.
        audio_per_s: seconds of audio that full steps of these make in a second.
        listeners: most of them that are served in real time within the goal; 0 when not even one is.
        summary: what these heard; None without them.
    """

    batch_size: int
    step_s: float
    audio_per_s: float
    listeners: int
    summary: Summary | None


def carry(
    model: TTSModel[Any],
    batch_sizes: Sequence[int],
    goal: Goal,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Carried]:
    """Measure the model with each batch size, and find the most listeners that a worker then serves.

    Args:
        model: warm.
        batch_sizes: to try.
        goal: for every listener.
        progress: told each batch size before its turn.
    """
    table: list[Carried] = []
    for batch_size in batch_sizes:
        progress(batch_size)
        table.append(_carry(measure(model, rows=batch_size), batch_size, goal))
    return table


def knee(table: Sequence[Carried]) -> Carried | None:
    """The smallest batch size that is nearly as good as the best; None when none meets the goal."""
    most = max((row.listeners for row in table), default=0)
    return next((row for row in table if row.listeners >= KNEE * most > 0), None)


def _carry(profile: Profile, batch_size: int, goal: Goal) -> Carried:
    fleet = Fleet(profile, batch_size=batch_size, max_streams=_NO_LIMIT)
    step_s = profile.decode(batch_size * LARGEST_FRAMES)
    audio_per_s = batch_size * LARGEST_FRAMES * profile.frame_s / step_s
    held, listeners, failed = 0, 1, MOST_STREAMS + 1
    best: Summary | None = None
    while held < failed - 1:
        summary = _hear(fleet, listeners)
        if goal.met(summary):
            held, best = listeners, summary
        else:
            failed = listeners
        listeners = min(2 * held, MOST_STREAMS) if failed > MOST_STREAMS else (held + failed) // 2
    return Carried(batch_size, step_s, audio_per_s, held, best)


def _hear(fleet: Fleet, listeners: int) -> Summary:
    runs = (simulate(fleet, Listeners(listeners), duration_s=SIMULATED_S, seed=seed) for seed in SEEDS)
    return summarise(*runs)
