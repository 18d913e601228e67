"""A job as the API server holds it: events in order, and moving to another worker when one fails."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import ClassVar, Protocol, Self

import msgspec

from antiphon.bus.ordering import EventOrder
from antiphon.bus.placement import Placed
from antiphon.contract.events import Event, Failed
from antiphon.contract.jobs import Cancel, Job, JobInput, Resend
from antiphon.contract.subjects import Kind
from antiphon.errors import InternalError, JobLost

MAX_ATTEMPTS = 4
"""How often a job is tried from one position on."""

STALL_S = 5.0
"""A job that owes events and brings none for this long is moved."""


class Host(Protocol):
    """What a stream needs of the dispatcher."""

    async def place(self, stream: "JobStream") -> Placed:
        """Find a worker for a further attempt."""
        ...

    def tell(self, stream: "JobStream", message: JobInput) -> None:
        """Publish to the worker of this stream."""
        ...

    def moved(self, stream: "JobStream", cause: str) -> None:
        """The stream goes on as a further attempt."""
        ...

    def closed(self, stream: "JobStream") -> None:
        """The stream is over, whatever the way."""
        ...


class JobStream(ABC):
    """Common part: the inbox of a job's events, and its attempts.

    Attributes:
        job: the current attempt.
        worker: who runs it; empty while it is being placed.
        over: nothing more comes.
        tenant: whose it is: places are shared out between tenants.
    """

    kind: ClassVar[Kind]

    def __init__(self, job: Job, host: Host, tenant: str = "") -> None:
        self.job = job
        self.tenant = tenant
        self.worker = ""
        self.over = False
        self._host = host
        self._order = EventOrder()
        self._inbox: deque[Event] = deque()
        self._arrival = asyncio.Event()
        self._trouble = ""
        self._quiet_since = asyncio.get_running_loop().time()
        self._failures = 0  # since the job last came further: the two kinds of stream set it back

    # -- called by the dispatcher

    def goes_to(self, placed: Placed) -> None:
        """A worker took the job, maybe as a later attempt than the one first offered."""
        self.worker = placed.worker
        if placed.attempt != self.job.attempt:
            self.job = msgspec.structs.replace(self.job, attempt=placed.attempt)
            self._order.restart(placed.attempt)

    def deliver(self, event: Event) -> None:
        """Take in one event from the bus."""
        ready = self._order.take(event)
        if ready:
            self._quiet_since = asyncio.get_running_loop().time()
            self._inbox.extend(ready)
            self._arrival.set()

    def check(self, now: float, *, worker_is_live: bool) -> None:
        """Look after the job (called about ten times a second)."""
        if self.over or self._trouble or not self.worker:
            return
        if self._order.gap:
            self._tell(Resend(self.job.attempt, self._order.next_seq))
        if self._inbox or not self._owes():
            self._quiet_since = now
        if not worker_is_live:
            self._in_trouble("worker_gone")
        elif now - self._quiet_since > STALL_S:
            self._in_trouble("stalled")

    # -- called by the user of the stream

    def __aiter__(self) -> Self:
        return self

    async def aclose(self) -> None:
        """Give the worker's place back if the job still runs. May be called again."""
        if not self.over:
            self._tell(Cancel(self.job.attempt))
            self._finish()

    # -- for the two kinds of stream

    @abstractmethod
    def _owes(self) -> bool:
        """Whether the worker should be sending something."""

    @abstractmethod
    def _next_attempt(self) -> Job:
        """The job that goes on where this attempt stopped."""

    def _resumed(self) -> None:  # noqa: B027  (most jobs carry all that an attempt needs)
        """A further attempt was accepted: bring it up to date."""

    def _tell(self, message: JobInput) -> None:
        self._host.tell(self, message)

    def _finish(self) -> None:
        if not self.over:
            self.over = True
            self._arrival.set()
            self._host.closed(self)

    def _in_trouble(self, cause: str) -> None:
        self._trouble = cause
        self._arrival.set()

    async def _next_event(self) -> Event:
        """The next event in order; moves the job when it is in trouble.

        Raises:
            StopAsyncIteration: the stream was closed.
            JobLost: every attempt failed.
            InternalError: the worker says that no other would manage either.
        """
        while not self.over:
            if self._inbox:
                event = self._inbox.popleft()
                if not isinstance(event, Failed):
                    return event
                if not event.retryable:
                    self._finish()
                    raise InternalError(event.message)
                self._in_trouble("failed")
            if self._trouble:
                await self._move()
            elif not self._inbox:
                self._arrival.clear()
                await self._arrival.wait()
        raise StopAsyncIteration

    async def _move(self) -> None:
        cause, self._trouble = self._trouble, ""
        self._tell(Cancel(self.job.attempt))
        self._failures += 1
        if self._failures >= MAX_ATTEMPTS:
            self._finish()
            raise JobLost(f"The job failed {MAX_ATTEMPTS} times at the same place; try again.")
        self.worker = ""
        self.job = self._next_attempt()
        self._order.restart(self.job.attempt)
        self._inbox.clear()
        try:
            self.goes_to(await self._host.place(self))
        except BaseException:
            self._finish()
            raise
        if self.over:  # closed by another task meanwhile
            self._tell(Cancel(self.job.attempt))
            return
        self._quiet_since = asyncio.get_running_loop().time()
        self._host.moved(self, cause)
        self._resumed()
