"""The bounded queue of requests that wait for a place on a worker."""

import asyncio
from collections import deque

from antiphon.errors import Overloaded


class WaitingQueue:
    """First come, first served; each turn is one try at placing.

    Args:
        size: how many may wait.
        timeout_s: how long each may wait.
    """

    def __init__(self, size: int, timeout_s: float) -> None:
        self._size = size
        self.timeout_s = timeout_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def wake_next(self) -> None:
        """A place may be free: the longest waiting request tries."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def wait(self, deadline: float, *, again: bool) -> None:
        """Wait for a turn; ``again`` keeps the head of the line for one whose try failed.

        Raises:
            Overloaded: the queue is full, or the deadline (event loop time) passed.
        """
        if not again and len(self._waiting) >= self._size:
            raise Overloaded(
                f"Every place is taken and {self._size} requests wait already; try again later.",
                retry_after_s=max(1.0, self.timeout_s / 2),
            )
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn(first=again)
        except TimeoutError:
            raise Overloaded(
                f"No place came free in {self.timeout_s:g} s; try again later.", retry_after_s=self.timeout_s
            ) from None

    async def _turn(self, *, first: bool) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(turn)
        else:
            self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not turn.cancelled():
                self.wake_next()  # the turn came but can't be used: hand it on
            raise
