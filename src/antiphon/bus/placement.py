"""Finds each job a worker: who is there, who waits, who is asked."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from antiphon.bus.connection import Publisher
from antiphon.bus.line import Waiter
from antiphon.bus.presence import PresenceTable
from antiphon.bus.queue import WaitingQueue
from antiphon.contract import subjects
from antiphon.contract.jobs import Accepted, Cancel, Job, Refused, SynthesisJob, goes_on
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.contract.wire import decode_offer_reply, encode
from antiphon.errors import (
    BadRequest,
    LanguageNotSupported,
    ModelNotFound,
    NoWorker,
    Overloaded,
    VoiceNotFound,
)
from antiphon.telemetry import metrics

OFFER_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a job went.

    Attributes:
        worker: who took it.
        attempt: which of the offers.
        digest: of the worker's model files: another worker with the same makes the same samples.
    """

    worker: str
    attempt: int
    digest: str


class OtherVersionOnly(Exception):
    """Workers are there, but none whose samples would fit those already heard."""


@dataclass(eq=False, kw_only=True)
class Request(Waiter):
    """A job that is to be placed.

    Attributes:
        job: as the attempt that is offered next.
        prefer, digest: see `Placement.place`.
    """

    job: Job
    prefer: str
    digest: str


Queue = WaitingQueue[Request]


class Placement:
    """Knows the live workers, offers them jobs, lets requests wait while all are full.

    Args:
        client: connection to NATS.
        publisher: takes back the offers that nobody waits for any more.
        queue_size: how many requests may wait for a place on the workers of one model.
        queue_timeout_s: how long each may wait while there are workers.
        worker_timeout_s: how long each may wait for a worker, and those that lost theirs for another.
    """

    def __init__(
        self,
        client: Client,
        publisher: Publisher,
        *,
        queue_size: int,
        queue_timeout_s: float,
        worker_timeout_s: float,
    ) -> None:
        self._client = client
        self._publisher = publisher
        self._table = PresenceTable()
        self._queue_size = queue_size
        self._queue_timeout_s = queue_timeout_s
        self._worker_timeout_s = worker_timeout_s
        self._queues: dict[tuple[Kind, str], Queue] = {}
        self._seen: set[tuple[Kind, str]] = set()
        self._held: dict[str, tuple[Queue, str]] = {}  # by job: where it counts, and whose it is

    def offerings(self, kind: Kind) -> list[Presence]:
        """The live workers of this kind that take new jobs."""
        return self._table.workers(kind)

    def is_live(self, worker: str) -> bool:
        """Whether the worker was heard of lately."""
        return self._table.is_live(worker)

    def is_leaving(self, worker: str) -> bool:
        """Whether the worker is there, and wants to be left."""
        return self._table.is_draining(worker)

    def could_take(self, job: Job, digest: str = "") -> list[str]:
        """Workers to whom this job could be offered now."""
        return self._table.candidates(_kind(job), job, digest=digest)

    def serves(self, model: str, digest: str = "") -> bool:
        """Whether a live worker takes jobs for this model (in this version)."""
        return self._table.serves(model, digest)

    def avoid(self, worker: str) -> None:
        """Offer this worker nothing until it speaks up again."""
        self._table.avoid(worker)

    def forget(self, worker: str) -> None:
        """This worker is gone."""
        self._table.forget(worker)

    def heard(self, presence: Presence, now: float) -> None:
        """Take in a worker's word about itself; ``now`` is monotonic, in seconds."""
        known = self._table.is_live(presence.worker)
        self._table.update(presence, now)
        self._seen.add((presence.kind, presence.model))
        queue = self._queue(presence.kind, presence.model)
        if not known or presence.leaving:
            queue.workers_changed()
        queue.wake()

    def expire(self, now: float) -> None:
        """Forget the silent workers."""
        self._table.expire(now)
        for queue in self._queues.values():
            queue.wake()  # who waits for a worker that is gone has to be told

    def ended(self, job: Job) -> None:
        """A job is over, or has lost its place."""
        if held := self._held.pop(job.job, None):
            queue, tenant = held
            queue.ended(tenant)

    async def place(
        self,
        job: Job,
        *,
        tenant: str = "",
        prefer: str = "",
        digest: str = "",
    ) -> Placed:
        """Find a worker that accepts the job; wait in the queue while all are full.

        Every offer is an attempt of its own, counted up from that of ``job``, so that what comes of one that
        timed out is never taken for a later one's.

        Args:
            job: what to place, as its next attempt.
            tenant: whose it is.
            prefer: the worker to ask first.
            digest: only workers with these model files will do; empty for any.

        Raises:
            Overloaded: no place, and the queue is full, or its deadline passed or would pass.
            NoWorker: nobody is there who could do it.
            OtherVersionOnly: there are workers for the model, but none with this digest.
            ModelNotFound, VoiceNotFound, LanguageNotSupported, BadRequest: the workers refuse such a job.
        """
        self.ended(job)
        self._check_model(job)
        queue = self._queue(_kind(job), job.model)
        asked_at = asyncio.get_running_loop().time()
        request = Request(
            job=job,
            prefer=prefer,
            digest=digest,
            tenant=tenant,
            deadline=asked_at + self._patience_s(job),
            dry_at=asked_at + _lead_s(job) if goes_on(job) else None,
        )
        placed = await self._place(request, queue)
        self._held[job.job] = queue, tenant
        waited_s = asyncio.get_running_loop().time() - asked_at
        metrics.API_QUEUE_WAIT.labels(offering=queue.kind).observe(waited_s)
        return placed

    def _patience_s(self, job: Job) -> float:
        """Nobody who asks wants to wait long for others to finish; a worker takes seconds to start."""
        begun = job.attempt > 0 or goes_on(job)
        return self._worker_timeout_s if begun or not self._table.serves(job.model) else self._queue_timeout_s

    def _queue(self, kind: Kind, model: str) -> Queue:
        if (kind, model) not in self._queues:
            self._queues[kind, model] = WaitingQueue(
                kind, self._queue_size, self._queue_timeout_s, self._seems_placeable
            )
        return self._queues[kind, model]

    def _seems_placeable(self, request: Request) -> bool:
        """Whether a try would bring something, be it an error."""
        return self._is_hopeless(request) or self._table.has_place(
            _kind(request.job), request.job, request.digest
        )

    def _is_hopeless(self, request: Request) -> bool:
        model, digest = request.job.model, request.digest
        return self._table.serves(model) and not self._table.serves(model, digest)

    async def _place(self, request: Request, queue: Queue) -> Placed:
        if queue.is_first(request) and (placed := await self._try(request, queue)):
            return placed
        try:
            queue.join(request, foresee=self._table.serves(request.job.model))
            while True:
                with self._counted(request.job):
                    await queue.turn(request)
                if placed := await self._try(request, queue):
                    return placed
                queue.missed(request)
        except Overloaded:
            if not self._table.serves(request.job.model):
                raise NoWorker(f"No {queue.kind.upper()} worker is running.") from None
            raise
        finally:
            queue.leave(request)

    def _check_model(self, job: Job) -> None:
        """A model that no worker ever had is not waited for, unless nobody at all is there."""
        workers = self._table.workers(_kind(job))
        if workers and (_kind(job), job.model) not in self._seen:
            raise ModelNotFound(f"No worker serves the model {job.model!r}.")

    @contextmanager
    def _counted(self, job: Job) -> Generator[None]:
        """Show in the metrics that a request waits: for a place, or for somebody who could serve it."""
        served = self._table.serves(job.model)
        gauge = metrics.API_QUEUE_SIZE if served else metrics.API_UNSERVICEABLE_REQUESTS_SIZE
        with gauge.labels(offering=_kind(job)).track_inprogress():
            yield

    async def _try(self, request: Request, queue: Queue) -> Placed | None:
        """Offer the job to one worker after another; where it went, if anyone took it."""
        if self._is_hopeless(request):
            raise OtherVersionOnly
        job, kind = request.job, _kind(request.job)
        for worker in self._table.candidates(kind, job, prefer=request.prefer, digest=request.digest):
            digest = self._table.digest(worker)
            if await self._offer(kind, request.job, worker):
                queue.placed(request)
                return Placed(worker, request.job.attempt, digest)
            request.job = msgspec.structs.replace(request.job, attempt=request.job.attempt + 1)
        return None

    async def _offer(self, kind: Kind, job: Job, worker: str) -> bool:
        self._table.offered(worker)
        try:
            # Not the client's own timeout: its wait_for can swallow a cancellation that comes with the reply.
            async with asyncio.timeout(OFFER_TIMEOUT_S):
                reply = await self._client.request(
                    subjects.offer(kind, worker),
                    encode(job),
                    timeout=None,  # pyright: ignore[reportArgumentType]
                )
        except NoRespondersError:
            self._table.forget(worker)
            return False
        except (NatsError, TimeoutError):
            # It may yet take the job: tell it not to, and leave it alone until it is heard of again.
            self._cancel(kind, worker, job)
            self._table.avoid(worker)
            return False
        except asyncio.CancelledError:
            self._cancel(kind, worker, job)
            raise
        answer = decode_offer_reply(reply.data)
        if isinstance(answer, Accepted):
            return True
        self._table.refused(worker)
        _raise_for(answer)
        return False

    def _cancel(self, kind: Kind, worker: str, job: Job) -> None:
        self._publisher.send(subjects.job_input(kind, worker, job.job), encode(Cancel(job.attempt)))


def _kind(job: Job) -> Kind:
    return "tts" if isinstance(job, SynthesisJob) else "stt"


def _lead_s(job: Job) -> float:
    return (job.lead_s or 0.0) if isinstance(job, SynthesisJob) else 0.0


def _raise_for(refused: Refused) -> None:
    """Refusals that no other worker would answer differently are the client's to mend."""
    match refused.reason:
        case "full" | "draining" | "stuck" | "cancelled":
            return
        case "unknown_model":
            raise ModelNotFound(refused.detail)
        case "unknown_voice":
            raise VoiceNotFound(refused.detail)
        case "unknown_language":
            raise LanguageNotSupported(refused.detail)
        case "malformed":
            raise BadRequest(refused.detail)
