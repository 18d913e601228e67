"""The line of requests for one model's workers, as tasks that wait in it."""

import asyncio
from collections.abc import Callable
from typing import Generic

from antiphon.bus.line import Line, Reason, Refusal, W
from antiphon.contract.subjects import Kind
from antiphon.errors import Overloaded
from antiphon.telemetry import metrics

MOST_RETRY_AFTER_S = 60.0
"""Nobody is sent away for longer: by then everything may have changed."""


class WaitingQueue(Generic[W]):
    """Gives turns to the requests in a `Line`; each turn is one try at placing.

    Attributes:
        kind: of the requests.

    Args:
        kind: of the requests.
        size: how many may wait.
        timeout_s: how long a request waits.
        fits: whether there seems to be a place for this request.
    """

    def __init__(self, kind: Kind, size: int, timeout_s: float, fits: Callable[[W], bool]) -> None:
        self.kind: Kind = kind
        self._size = size
        self._timeout_s = timeout_s
        self._fits = fits
        self._line: Line[W] = Line(size, memory_s=timeout_s)
        self._turns: dict[W, asyncio.Future[Refusal[W] | None]] = {}
        self._now = asyncio.get_running_loop().time
        self.is_first = self._line.is_first
        self.ended = self._line.ended
        self.missed = self._line.missed
        self.workers_changed = self._line.workers_changed

    def __len__(self) -> int:
        return len(self._line)

    def join(self, waiter: W, *, foresee: bool) -> None:
        """Begin to wait: `turn` until it is `placed`, and `leave` whatever happens.

        Raises:
            Overloaded: it may not wait, or would wait in vain (which is found out with ``foresee`` alone).
        """
        refusal = self._line.join(waiter, self._now(), foresee=foresee)
        if refusal and refusal.waiter is waiter:
            raise self._overloaded(refusal)
        if refusal:
            self._tell(refusal.waiter, refusal)

    async def turn(self, waiter: W) -> None:
        """Wait for the turn of a request in line.

        Raises:
            Overloaded: its deadline passed, or it had to make room.
        """
        turn: asyncio.Future[Refusal[W] | None] = asyncio.get_running_loop().create_future()
        self._turns[waiter] = turn
        try:
            async with asyncio.timeout_at(waiter.deadline):
                refusal = await turn
        except TimeoutError:
            refusal = self._line.late(waiter, self._now())
        finally:
            del self._turns[waiter]
        if refusal:
            raise self._overloaded(refusal)

    def placed(self, waiter: W) -> None:
        """The request got a place, in line or before it joined."""
        self._line.placed(waiter, self._now())

    def leave(self, waiter: W) -> None:
        """Wait no longer. A turn is handed on: where one place is there may be two."""
        self._line.leave(waiter, self._now())
        if waiter.trying:
            self.wake()

    def wake(self) -> None:
        """A place may be free: the next one whom it fits tries."""
        if waiter := self._line.turn(self._fits):
            self._tell(waiter, None)

    def _tell(self, waiter: W, refusal: Refusal[W] | None) -> None:
        turn = self._turns[waiter]
        if not turn.done():  # one who is leaving hands on what it got
            turn.set_result(refusal)

    def _overloaded(self, refusal: Refusal[W]) -> Overloaded:
        metrics.API_REFUSALS.labels(offering=self.kind, reason=refusal.reason).inc()
        retry_after_s = min(max(1.0, refusal.retry_after_s), MOST_RETRY_AFTER_S)
        return Overloaded(f"{self._why(refusal.reason)}; try again later.", retry_after_s)

    def _why(self, reason: Reason) -> str:
        match reason:
            case "full":
                return f"Every place is taken and {self._size} requests wait already"
            case "foreseen":
                return f"Every place is taken, and so many wait that none is likely in {self._timeout_s:g} s"
            case "deadline":
                return f"No place came free in {self._timeout_s:g} s"
            case "evicted":
                return "Every place is taken, and a key with fewer requests waiting comes before this one"
