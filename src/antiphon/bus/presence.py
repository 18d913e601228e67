"""Who is there: the workers as one API server sees them."""

import random
from dataclasses import dataclass

from antiphon.contract.jobs import Job
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind

STALE_AFTER_S = 1.0
"""A worker unheard of for this long (four missed heartbeats) gets no jobs and loses those it has."""

CLEARLY_S = 0.05
CLEARLY_TIMES = 2.0
"""A wait that is longer by both of these is clearly worse than another."""

ALIKE_S, ALIKE_SHARE = 0.02, 0.5
"""Waits that differ by no more than this, or by this share of the shorter one, are alike. Else one worker
would get every job for being a hair quicker, or for thinking so, while the other never learns better; and
everybody would miss it when it fails."""


@dataclass(slots=True)
class _Entry:
    presence: Presence
    heard_at: float
    placed_since: int = 0  # jobs offered after its last presence, which it can't count yet
    avoided: bool = False

    @property
    def load(self) -> int:
        return self.presence.load + self.placed_since

    @property
    def wait_s(self) -> float:
        return self.presence.wait_s + self.placed_since * self.presence.wait_per_job_s

    def better_than(self, other: "_Entry") -> bool:
        """Whether a newcomer should rather go here: the wait is shorter, or alike and it is emptier."""
        waits = sorted((self.wait_s, other.wait_s))
        if waits[1] - waits[0] > max(ALIKE_S, ALIKE_SHARE * waits[0]):
            return self.wait_s < other.wait_s
        return self.fullness < other.fullness

    @property
    def fullness(self) -> float:
        """Load by capacity."""
        return self.load / max(1, self.presence.capacity)

    def may_take(self, job: Job, digest: str) -> bool:
        """Whether it makes sense to offer the job here."""
        me = self.presence
        return (
            me.model == job.model
            and not me.draining
            and not self.avoided
            and self.load < me.places_for(job)
            and (not digest or me.digest == digest)
        )


class PresenceTable:
    """The live workers. Pure: time comes in as a value (seconds, monotonic).

    Args:
        chance: where the random choices come from.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._entries: dict[str, _Entry] = {}
        self._chance = chance or random.Random()  # noqa: S311 - nobody gains from foreseeing it

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

    def offered(self, worker: str) -> None:
        """A job is on its way to this worker: until it says otherwise, the job counts as taken."""
        if entry := self._entries.get(worker):
            entry.placed_since += 1

    def refused(self, worker: str) -> None:
        """The worker did not take the job after all."""
        if (entry := self._entries.get(worker)) and entry.placed_since:
            entry.placed_since -= 1

    def is_live(self, worker: str) -> bool:
        """Whether the worker was heard of lately."""
        return worker in self._entries

    def is_draining(self, worker: str) -> bool:
        """Whether the worker is live and takes no new jobs."""
        entry = self._entries.get(worker)
        return entry is not None and entry.presence.draining

    def serves(self, model: str, digest: str = "") -> bool:
        """Whether a live worker takes jobs for this model (in this version)."""
        return any(
            p.model == model and not p.draining and (not digest or p.digest == digest)
            for p in (e.presence for e in self._entries.values())
        )

    def digest(self, worker: str) -> str:
        """The digest of this worker's model; empty when the worker is not there."""
        entry = self._entries.get(worker)
        return entry.presence.digest if entry else ""

    def workers(self, kind: Kind) -> list[Presence]:
        """Live workers of this kind that take new jobs, full ones too."""
        return [
            e.presence for e in self._entries.values() if e.presence.kind == kind and not e.presence.draining
        ]

    def has_place(self, kind: Kind, job: Job, digest: str = "") -> bool:
        """Whether there is a worker to offer this job to."""
        return any(e.presence.kind == kind and e.may_take(job, digest) for e in self._entries.values())

    def candidates(self, kind: Kind, job: Job, *, prefer: str = "", digest: str = "") -> list[str]:
        """The order in which to offer a job to the workers with a free place.

        First comes the better of two random ones: several API servers that all chose the best would herd onto
        it between two heartbeats. The preferred worker is asked before it, unless clearly worse.

        Args:
            kind: of the job.
            job: what is to be placed.
            prefer: the worker where it is at home.
            digest: only workers with these model files will do; empty for any.
        """
        free = [e for e in self._entries.values() if e.presence.kind == kind and e.may_take(job, digest)]
        self._chance.shuffle(free)
        if len(free) > 1 and free[1].better_than(free[0]):
            free[0], free[1] = free[1], free[0]
        home = next((e for e in free if e.presence.worker == prefer), None)
        if home and not _clearly_worse(home.wait_s, free[0].wait_s):
            free.remove(home)
            free.insert(0, home)
        return [e.presence.worker for e in free]


def _clearly_worse(wait_s: float, than_s: float) -> bool:
    return wait_s > than_s + CLEARLY_S and wait_s > than_s * CLEARLY_TIMES
