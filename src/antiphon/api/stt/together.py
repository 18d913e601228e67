"""Two things at once: both are wanted, or whichever ends first."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from starlette.requests import ClientDisconnect, Request

CANCEL_AGAIN_S = 0.5

A = TypeVar("A")
B = TypeVar("B")


async def together(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Both results; when one fails the other is cancelled and the first failure raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return first.result(), second.result()


async def first_of(one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B]) -> A | B:
    """The result (or failure) of whichever ends first; the other is cancelled, and its end waited for."""
    tasks = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # More than once, as a task can lose a cancellation (to `asyncio.wait_for`, before Python 3.12).
        while running := [task for task in tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
    return next(task for task in tasks if task in done).result()


async def while_connected(request: Request, work: Coroutine[Any, Any, A]) -> A:
    """The result of ``work``, which is cancelled when the client leaves; the body has been read before.

    Raises:
        ClientDisconnect: the client left first.
    """
    return await first_of(work, _client_leaves(request))


async def _client_leaves(request: Request) -> NoReturn:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect
