"""Which workers can still be counted on: judged by what they say, and by how they answer when they don't.

A worker that dies takes its subscriptions with it, so that a probe finds nobody and the case is clear. One
that is stopped, or cut off, leaves a probe unanswered; one whose model hangs answers, and says so. How long
to wait for an answer is a matter of price: to move a job costs a worker work that it may not have time for,
not to move it costs a listener silence. So patience starts short, doubles for a worker that has been slow to
answer before, and goes no further than the listener's remaining audio allows.
"""

from dataclasses import dataclass
from typing import Literal

PROBE_AFTER_S = 0.06
"""A worker that owes something and says nothing for this long is probed."""

NO_ANSWER_S = 0.15
"""A probe is answered in a millisecond, or on a crowded machine in some tens."""

LONGEST_PATIENCE_S = 0.6
"""Patience with a worker that is known to be slow, for a listener that can wait."""

FALSE_ALARMS = 2
"""So many answers that came too late, but came, double the patience with a worker."""

LATELY_S = 0.4
"""A worker that was heard within this (one heartbeat and some) is there, as far as one can tell."""

Suspicion = Literal["no_answer", "hung"]


@dataclass(slots=True)
class _Watched:
    heard_at: float
    probed_at: float | None = None  # of the first probe that nothing was heard after
    probed_last: float = 0.0
    overdue_s: float = 0.0  # as it said itself
    late_answers: int = 0  # less those in time

    def patience_s(self, lead_s: float) -> float:
        wanted = NO_ANSWER_S * 2 ** (self.late_answers // FALSE_ALARMS)
        return min(wanted, max(2 * NO_ANSWER_S, lead_s / 2), LONGEST_PATIENCE_S)


class Liveness:
    """What is known of each worker. Pure: time comes in as a value (seconds, monotonic)."""

    def __init__(self) -> None:
        self._workers: dict[str, _Watched] = {}

    def heard(self, worker: str, now: float) -> None:
        """A word of the worker's bus: it is there, whatever its model does."""
        watched = self._workers.get(worker)
        if watched is None:
            self._workers[worker] = _Watched(now)
            return
        if watched.probed_at is not None:
            waited = now - watched.probed_at
            # Later than that it was really away.
            if NO_ANSWER_S < waited <= 2 * LONGEST_PATIENCE_S:
                watched.late_answers = min(watched.late_answers + 1, 4 * FALSE_ALARMS)
            elif waited <= NO_ANSWER_S:
                watched.late_answers = max(watched.late_answers - 1, 0)
        watched.heard_at, watched.probed_at = now, None

    def progressed(self, worker: str, now: float) -> None:
        """A word of the worker's model."""
        self.heard(worker, now)
        self._workers[worker].overdue_s = 0.0

    def answered(self, worker: str, overdue_s: float, now: float) -> None:
        """The answer to a probe: by how much the model's step is over its time."""
        self.heard(worker, now)
        self._workers[worker].overdue_s = overdue_s

    def forget(self, worker: str) -> None:
        """The worker is gone."""
        self._workers.pop(worker, None)

    def all_well(self, now: float) -> bool:
        """Whether every worker spoke just now, and none complained."""
        return all(now - w.heard_at <= PROBE_AFTER_S and not w.overdue_s for w in self._workers.values())

    def to_be_probed(self, worker: str, now: float) -> bool:
        """Whether a worker that owes something is to be probed now; taken as done if so.

        It is probed again while it does not answer: had it died just after it got the first probe, only the
        next would find nobody there.
        """
        watched = self._workers.get(worker)
        if watched is None or now - max(watched.heard_at, watched.probed_last) <= PROBE_AFTER_S:
            return False
        watched.probed_last = now
        if watched.probed_at is None:
            watched.probed_at = now
        return True

    def suspicion(self, worker: str, lead_s: float, now: float) -> Suspicion | None:
        """What is wrong with the worker, for a job of its that owes something.

        Args:
            worker: its id.
            lead_s: how long the listener can wait until it runs dry.
            now: monotonic seconds.
        """
        watched = self._workers.get(worker)
        if watched is None:
            return None
        if watched.probed_at is not None and now - watched.probed_at > watched.patience_s(lead_s):
            return "no_answer"
        if watched.overdue_s > min(lead_s / 4, NO_ANSWER_S):
            return "hung"
        return None

    def reliable(self, worker: str, now: float) -> bool:
        """Whether a job that leaves another worker would be better off with this one."""
        watched = self._workers.get(worker)
        return (
            watched is not None
            and now - watched.heard_at < LATELY_S
            and self.suspicion(worker, 0.0, now) is None
        )

    def away(self, seconds: float) -> None:
        """This process could hear nobody for so long: that time counts against no worker."""
        for watched in self._workers.values():
            watched.heard_at += seconds
            if watched.probed_at is not None:
                watched.probed_at += seconds
