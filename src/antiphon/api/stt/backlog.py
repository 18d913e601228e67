"""What a client has sent and its worker has no room for yet."""

import asyncio
from typing import Generic, TypeVar

C = TypeVar("C")

_ITEM_BYTES = 64
"""What an item counts beside its audio, so that a flood of empty messages fills a backlog too."""


class Backlog(Generic[C]):
    """Audio and commands in order, bounded in bytes; one task puts, another gets.

    It lets the socket be read while the worker is busy, so that a client that vanishes is noticed.

    Args:
        limit: bytes held beyond which `put` waits.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._items: asyncio.Queue[bytes | C] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def held_bytes(self) -> int:
        """How much is waiting; at most one item above the limit."""
        return self._held

    async def put(self, item: bytes | C) -> None:
        """Append; waits while the backlog is full."""
        await self._room.wait()
        self._count(_size(item))
        self._items.put_nowait(item)

    async def get(self) -> bytes | C:
        """Take the oldest; waits for one."""
        item = await self._items.get()
        self._count(-_size(item))
        return item

    def _count(self, size: int) -> None:
        self._held += size
        if self._held < self._limit:
            self._room.set()
        else:
            self._room.clear()


def _size(item: object) -> int:
    return _ITEM_BYTES + (len(item) if isinstance(item, bytes) else 0)
