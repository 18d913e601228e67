"""What every stream of a worker does, for those that tests make up."""

import asyncio
from typing import Self

from antiphon.contract.events import Done, Event


class ToldEvents:
    """Gives the events it was told, up to `Done`. ``closed`` is set when its reader closes it."""

    heard_s = 0.0

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._events: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self._over = False

    def tell(self, event: Event) -> None:
        self._events.put_nowait(event)

    def fail(self, error: Exception) -> None:
        self._events.put_nowait(error)

    async def aclose(self) -> None:
        self.closed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        event = await self._events.get()
        if isinstance(event, Exception):
            raise event
        self._over = isinstance(event, Done)
        return event
