"""Who waits for a place on the workers of one model, whose turn is next, and who had better not wait."""

from bisect import insort
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, Literal, TypeVar

from antiphon.bus.pace import Pace

Reason = Literal["full", "foreseen", "deadline", "evicted"]


@dataclass(eq=False, kw_only=True)
class Waiter:
    """One request for a place.

    Attributes:
        tenant: whose it is.
        deadline: when it gives up.
        dry_at: when its listener has nothing left to hear; None when nobody listens to it yet.
        trying: it has its turn.
    """

    tenant: str
    deadline: float
    dry_at: float | None = None
    trying: bool = False


W = TypeVar("W", bound=Waiter)

SURE = 0.75
"""A request may wait if it seems to get its place within this part of its time. It can turn out worse: others
may come who go before it."""


@dataclass(frozen=True, slots=True)
class Refusal(Generic[W]):
    """A request that is not to wait (any longer).

    Attributes:
        waiter: the request.
        reason: ``full``: as many wait as may; ``foreseen``: it would wait in vain; ``deadline``: it did;
            ``evicted``: it made room for a request of somebody with fewer.
        retry_after_s: when a place is likely to be had.
    """

    waiter: W
    reason: Reason
    retry_after_s: float


class Line(Generic[W]):
    """Sans-I/O. Times are values of one monotonic clock, in seconds.

    Speech that goes on comes first, the listener who runs dry first before the others. New requests follow:
    next is the tenant with the fewest running jobs (between equals: whose last turn is the longest ago), with
    the oldest of its requests. A waiter stays in line while it tries, and keeps its position if it fails. The
    first new request may always wait: only by those who wait is it known how fast the line moves.

    Args:
        size: how many may wait.
        memory_s: how long the line's pace is remembered.
    """

    def __init__(self, size: int, memory_s: float) -> None:
        self._size = size
        self._urgent: list[W] = []
        self._new: dict[str, deque[W]] = {}
        self._since: dict[str, int] = {}  # order in which the waiting tenants came, or had their last turn
        self._order = count()
        self._running: Counter[str] = Counter()
        self._pace = Pace(memory_s)

    def __len__(self) -> int:
        return len(self._urgent) + sum(map(len, self._new.values()))

    def is_first(self, waiter: W) -> bool:
        """Whether nobody is ahead of this request, which has not joined."""
        if waiter.dry_at is None:
            return not self._urgent and not self._new
        return not self._urgent or waiter.dry_at < _dry_at(self._urgent[0])

    def join(self, waiter: W, now: float, *, foresee: bool = True) -> Refusal[W] | None:
        """A request begins to wait.

        Args:
            waiter: the request.
            now: the time.
            foresee: refuse it when it would wait in vain.

        Returns:
            Who is refused for it: nobody, the request itself, or another that made room.
        """
        self._pass_time(now)
        wait_s = self._wait_s(waiter.tenant)
        if foresee and waiter.dry_at is None and self._new and wait_s > SURE * (waiter.deadline - now):
            return Refusal(waiter, "foreseen", wait_s)
        evicted: W | None = None
        if len(self) >= self._size:
            evicted = self._evict_for(waiter)
            if evicted is None:
                return Refusal(waiter, "full", wait_s)
        if waiter.dry_at is not None:
            insort(self._urgent, waiter, key=_dry_at)
        else:
            self._since.setdefault(waiter.tenant, next(self._order))
            self._new.setdefault(waiter.tenant, deque()).append(waiter)
        return evicted and Refusal(evicted, "evicted", self._wait_s(evicted.tenant))

    def turn(self, fits: Callable[[W], bool]) -> W | None:
        """Give the next one its turn, if there is a place that fits it."""
        for waiter in self._urgent:
            if not waiter.trying and fits(waiter):
                waiter.trying = True
                return waiter
        first = min(self._heads(), default=None)
        if first is None or not fits(first.waiter):
            return None
        first.waiter.trying = True
        return first.waiter

    def missed(self, waiter: W) -> None:
        """The turn brought nothing; the waiter stays where it is."""
        waiter.trying = False

    def placed(self, waiter: W, now: float) -> None:
        """The request got a place, in its turn or without having had to wait."""
        self._pass_time(now)
        self._running[waiter.tenant] += 1
        if waiter in self._new.get(waiter.tenant, ()):
            self._pace.placed()
            self._since[waiter.tenant] = next(self._order)
        self._remove(waiter)

    def leave(self, waiter: W, now: float) -> None:
        """The request waits no longer. One that does not wait may leave too."""
        self._pass_time(now)
        self._remove(waiter)

    def ended(self, tenant: str) -> None:
        """One of this tenant's jobs holds no place any more."""
        self._running[tenant] -= 1
        if self._running[tenant] <= 0:
            del self._running[tenant]

    def late(self, waiter: W, now: float) -> Refusal[W]:
        """Tell a request whose deadline has passed how it stands."""
        self._pass_time(now)
        return Refusal(waiter, "deadline", self._wait_s(waiter.tenant))

    def workers_changed(self) -> None:
        """The line will not go on at the pace it had."""
        self._pace.reset()

    def _pass_time(self, now: float) -> None:
        self._pace.go_on(now, waiting=bool(self._new))

    def _remove(self, waiter: W) -> None:
        if waiter in self._urgent:
            self._urgent.remove(waiter)
        elif waiter in (mine := self._new.get(waiter.tenant, deque[W]())):
            mine.remove(waiter)
            if not mine:
                del self._new[waiter.tenant], self._since[waiter.tenant]

    def _heads(self) -> Iterator["_Head[W]"]:
        """The next of each tenant; those who try are as good as running."""
        for tenant, waiters in self._new.items():
            for trying, waiter in enumerate(waiters):
                if not waiter.trying:
                    yield _Head(self._running[tenant] + trying, self._since[tenant], waiter)
                    break

    def _wait_s(self, tenant: str) -> float:
        """How long a new request of this tenant would wait, as far as can be foreseen."""
        mine = len(self._new.get(tenant, ()))
        level = self._running[tenant] + mine  # so many will run by the time it is next of its tenant's
        others = sum(
            min(len(waiters), max(0, level - self._running[other] + 1))
            for other, waiters in self._new.items()
            if other != tenant
        )
        return self._pace.wait_s(mine + others + 1)

    def _evict_for(self, waiter: W) -> W | None:
        """Take the newest request of the tenant with the most out of the line, if it still has more after."""
        heaviest = max(self._new, key=lambda tenant: len(self._new[tenant]), default=None)
        if heaviest is None:
            return None
        least = 0 if waiter.dry_at is not None else len(self._new.get(waiter.tenant, ())) + 1
        waiters = self._new[heaviest]
        newest = next((w for w in reversed(waiters) if not w.trying), None)
        if newest is None or len(waiters) <= least:
            return None
        self._remove(newest)
        return newest


@dataclass(frozen=True, slots=True, order=True)
class _Head(Generic[W]):
    """The next request of one tenant; the least of them is next of all."""

    running: int
    since: int
    waiter: W = field(compare=False)


def _dry_at(waiter: Waiter) -> float:
    return waiter.dry_at or 0.0
