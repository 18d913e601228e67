"""How many listeners a server keeps in real time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from antiphon.loadtest.loads import listening_loop
from antiphon.loadtest.speech import SseClient
from antiphon.loadtest.summary import Summary, summarise

GOAL_S = 0.1
STEP = 1.5
FINE = 0.05
SECOND_CHANCE = 1000
"""By how much the seed of a repeated trial differs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """So many listeners, and whether each of their sentences began in time and was heard without a gap."""

    listeners: int
    summary: Summary

    @property
    def kept(self) -> bool:
        """Whether the gate was kept: TTFA p95 within the goal, no underrun, no error, no refusal."""
        summary = self.summary
        p95 = summary.ttfa.p95
        clean = not (summary.underruns or summary.errors or summary.refused)
        return p95 is not None and p95 <= GOAL_S and clean


async def most_listeners(
    attempt: Callable[[int], Awaitable[Trial]], *, first: int
) -> tuple[int, list[Trial]]:
    """The most listeners that keep the gate, to 5 %, and every trial; 0 when even one is too many.

    Args:
        attempt: makes a trial.
        first: listeners of the first trial.
    """
    trials: list[Trial] = []
    low, high, listeners = 0, None, first
    while high is None or high - low > max(1, FINE * low):
        trial = await attempt(listeners)
        trials.append(trial)
        if trial.kept:
            low = listeners
        else:
            high = listeners
        listeners = round((low + high) / 2) if high is not None else round(low * STEP) + 1
    return low, trials


async def attempt(client: SseClient, listeners: int, *, duration_s: float, seed: int) -> Trial:
    """Let so many listeners listen; once more if the gate was lost, as any hiccup of the machine loses it."""
    for chance in range(2):
        run = await listening_loop(
            client, listeners=listeners, duration_s=duration_s, seed=seed + chance * SECOND_CHANCE
        )
        trial = Trial(listeners, summarise(run))
        if trial.kept:
            break
    return trial
