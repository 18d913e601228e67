"""A job as the API server holds it: events in order, and moving to another worker when one fails."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Protocol, Self

import msgspec

from antiphon.bus.ordering import EventOrder
from antiphon.bus.placement import OtherVersionOnly, Placed
from antiphon.contract.events import (
    AudioOut,
    Done,
    Ending,
    Event,
    Failed,
    Final,
    Finalized,
    Partial,
    Timestamps,
    Voice,
)
from antiphon.contract.jobs import Cancel, Job, JobInput, Resend
from antiphon.contract.subjects import Kind
from antiphon.errors import InternalError, JobLost

MAX_ATTEMPTS = 4
"""How often a job is tried from one position on."""

STALL_S = 5.0
"""A job that owes events and brings none for this long, beyond what its listener has left, is moved. Each
further try from the same place gets twice the time: a step may take long and be no fault."""

GAP_AGAIN_S = 0.1
"""How long to wait for events that were asked for because later ones came."""

TAIL_AFTER_S, TAIL_LONGEST_S = 0.25, 2.0
"""A job that owes events and is quiet for the first of these is asked whether some were lost; again after
twice as long each time, up to the second."""


class Host(Protocol):
    """What a stream needs of the dispatcher."""

    async def place(self, stream: "JobStream") -> Placed:
        """Find a worker for a further attempt.

        Raises:
            OtherVersionOnly: the stream needs a digest that no worker has any more.
            AntiphonError: there was no place.
        """
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


Output = AudioOut | Timestamps | Partial | Final | Finalized | Voice | Ending | Done


class JobStream(ABC):
    """Common part: the inbox of a job's events, and its attempts.

    What has arrived in order counts as received at once, whenever it may be read: a further attempt goes on
    behind it, and can begin while the reader is busy.

    Attributes:
        job: the current attempt.
        worker: who runs it; empty while it is being placed.
        digest: of that worker's model.
        over: nothing more comes.
        tenant: whose it is: places are shared out between tenants.
    """

    kind: ClassVar[Kind]

    def __init__(self, job: Job, host: Host, tenant: str = "") -> None:
        self.job = job
        self.tenant = tenant
        self.worker = ""
        self.digest = ""
        self.over = False
        self._host = host
        self._now = asyncio.get_running_loop().time
        self._order = EventOrder()
        self._inbox: deque[Output | Exception] = deque()
        self._arrival = asyncio.Event()
        self._ended = False  # the last event is in the inbox
        self._failures = 0  # since the job last came further: the two kinds of stream set it back
        self._moving: asyncio.Task[None] | None = None
        self._quiet_since = self._now()
        self._asked_at = 0.0
        self._tail_after_s = TAIL_AFTER_S

    # -- called by the dispatcher

    @property
    def running(self) -> bool:
        """Whether a worker is at it."""
        return bool(self.worker) and not self._ended and not self.over

    def goes_to(self, placed: Placed) -> None:
        """A worker took the job, maybe as a later attempt than the one first offered."""
        self.worker, self.digest = placed.worker, placed.digest
        self.job = msgspec.structs.replace(self.job, attempt=placed.attempt)
        self._order.restart(placed.attempt)
        self.reconnected()
        self._resumed()
        self._take(self._order.ready())

    def deliver(self, event: Event) -> None:
        """Take in one event from the bus."""
        self._order.keep(event)
        if self.running:
            self._take(self._order.ready())

    def look_after(self) -> None:
        """Ask for events that got lost, give up on a worker that brings none (called some times a second)."""
        now = self._now()
        if not self.running:
            return
        if self._order.gap:
            if now - self._asked_at > GAP_AGAIN_S:
                self._ask()
        elif not self._owes():
            self._quiet_since = now
        elif now - self._quiet_since > STALL_S * 2**self._failures + self.lead_s():
            self.move("stalled")
        elif now - max(self._quiet_since, self._asked_at) > self._tail_after_s:
            self._tail_after_s = min(2 * self._tail_after_s, TAIL_LONGEST_S)
            self._ask()

    def reconnected(self) -> None:
        """Nothing could be heard up to now: quiet begins anew."""
        self._quiet_since = self._now()
        self._tail_after_s = TAIL_AFTER_S

    def move(self, cause: str) -> None:
        """Take the job from its worker and have it go on elsewhere."""
        if not self.running:
            return
        self._host.tell(self, Cancel(self.job.attempt))
        self.worker = ""
        self._failures += cause != "draining"
        self.job = self.next_attempt()
        self._order.restart(self.job.attempt)
        if self._failures < MAX_ATTEMPTS:
            self._moving = asyncio.create_task(self._move(cause), name="moving")
        else:
            self._end(JobLost(f"The job failed {MAX_ATTEMPTS} times at the same place; try again."))

    # -- called by the user of the stream

    def __aiter__(self) -> Self:
        return self

    async def aclose(self) -> None:
        """Give the worker's place back if the job still runs. May be called again."""
        if self.over:
            return
        if self._moving:
            self._moving.cancel()
            await asyncio.wait([self._moving])
        if self.running:
            self._host.tell(self, Cancel(self.job.attempt))
        self._finish()

    # -- the two kinds of stream

    @property
    @abstractmethod
    def awaits(self) -> bool:
        """Whether the worker may have something to say at any moment."""

    @property
    @abstractmethod
    def hands_over(self) -> bool:
        """Whether a worker that wants to leave is to be left now, or finishes what it does."""

    @property
    def needs_digest(self) -> str:
        """What the model files of a further worker must be; empty when any will do."""
        return ""

    @abstractmethod
    def lead_s(self) -> float:
        """How long it takes until a listener feels that nothing comes."""

    @abstractmethod
    def next_attempt(self) -> Job:
        """The job that goes on where this attempt stopped."""

    @abstractmethod
    def _owes(self) -> bool:
        """Whether the worker should be sending something."""

    @abstractmethod
    def _received(self, event: Event) -> Iterable[Output]:
        """Count an event that arrived; what of it the reader gets."""

    @abstractmethod
    def _resumed(self) -> None:
        """An attempt was accepted: tell the worker what its job does not."""

    @abstractmethod
    def _remind(self) -> None:
        """Tell the worker again what it may have missed."""

    # -- for them

    def _tell(self, message: JobInput) -> None:
        if self.running:
            self._host.tell(self, message)

    def _finish(self) -> None:
        if not self.over:
            self.over = True
            self._arrival.set()
            self._host.closed(self)

    async def _next_output(self) -> Output:
        """The next thing to read.

        Raises:
            StopAsyncIteration: the stream was closed.
            JobLost: every attempt failed.
            InternalError: the worker says that no other would manage either.
            AntiphonError: no worker was found to go on.
        """
        while not self.over:
            if self._inbox:
                output = self._inbox.popleft()
                if isinstance(output, Exception):
                    self._finish()
                    raise output
                if isinstance(output, Done):
                    self._finish()
                return output
            self._arrival.clear()
            await self._arrival.wait()
        raise StopAsyncIteration

    # --

    def _take(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Failed(retryable=True):
                    self.move("failed")
                    break
                case Failed():
                    self._end(InternalError(event.message))
                case Done():
                    self._end(event)
                case _:
                    self._inbox.extend(self._received(event))
        if events:
            self.reconnected()
            self._arrival.set()

    def _end(self, last: Done | Exception) -> None:
        self._ended = True
        self._inbox.append(last)
        self._arrival.set()

    def _ask(self) -> None:
        self._asked_at = self._now()
        self._tell(Resend(self.job.attempt, self._order.next_seq, self.job.api))
        self._remind()

    async def _move(self, cause: str) -> None:
        try:
            placed = await self._host.place(self)
        except OtherVersionOnly:
            self._host.moved(self, "other_version")
            self._end(Done(job=self.job.job, attempt=self.job.attempt, seq=0, audio_s=0.0, processing_s=0.0))
        except Exception as error:  # noqa: BLE001 - the reader's, whatever it is
            self._end(error)
        else:
            self._host.moved(self, cause)
            self.goes_to(placed)
