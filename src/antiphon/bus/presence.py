"""Who is there: the workers as one API server sees them."""

import random
from dataclasses import dataclass

from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind

STALE_AFTER_S = 1.0
"""A worker unheard of for this long (four missed heartbeats) gets no jobs and loses those it has."""


@dataclass(slots=True)
class _Entry:
    presence: Presence
    heard_at: float
    placed_since: int = 0  # jobs accepted after its last presence, which it can't count yet
    avoided: bool = False

    @property
    def load(self) -> int:
        return self.presence.load + self.placed_since

    @property
    def takes_jobs(self) -> bool:
        return not self.presence.draining and not self.avoided and self.load < self.presence.capacity

    @property
    def expected_wait(self) -> float:
        return (self.load + 1) * max(self.presence.step_s, 1e-4)


class PresenceTable:
    """The live workers. Pure: time comes in as a value (seconds, monotonic)."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def update(self, presence: Presence, now: float) -> None:
        """Take in a worker's word about itself."""
        if presence.leaving:
            self._entries.pop(presence.worker, None)
        else:
            self._entries[presence.worker] = _Entry(presence, now)

    def expire(self, now: float) -> None:
        """Forget the silent ones."""
        for worker in [w for w, e in self._entries.items() if now - e.heard_at > STALE_AFTER_S]:
            del self._entries[worker]

    def forget(self, worker: str) -> None:
        """Nobody listens there any more: the worker is gone until it speaks up again."""
        self._entries.pop(worker, None)

    def avoid(self, worker: str) -> None:
        """A worker is slow to answer: no candidate until it speaks up again, but it keeps its jobs."""
        if entry := self._entries.get(worker):
            entry.avoided = True

    def placed(self, worker: str) -> None:
        """A job was accepted by this worker."""
        if entry := self._entries.get(worker):
            entry.placed_since += 1

    def is_live(self, worker: str) -> bool:
        """Whether the worker was heard of lately."""
        return worker in self._entries

    def workers(self, kind: Kind) -> list[Presence]:
        """Live workers of this kind that take new jobs, full ones too."""
        return [
            e.presence for e in self._entries.values() if e.presence.kind == kind and not e.presence.draining
        ]

    def candidates(self, kind: Kind, model: str, *, prefer: str = "") -> list[str]:
        """The order in which to offer a job to the workers with a free place.

        The preferred worker comes first, then the better of two random ones: several API servers that all
        chose the best would herd onto it between two heartbeats.
        """
        free = [
            e
            for e in self._entries.values()
            if e.presence.kind == kind and e.presence.model == model and e.takes_jobs
        ]
        random.shuffle(free)
        if len(free) > 1 and free[1].expected_wait < free[0].expected_wait:
            free[0], free[1] = free[1], free[0]
        order = [e.presence.worker for e in free]
        if prefer in order:
            order.remove(prefer)
            order.insert(0, prefer)
        return order
