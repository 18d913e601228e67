"""Finds each job a worker: who is there, who waits, who is asked."""

import asyncio
from dataclasses import dataclass

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from antiphon.bus.connection import Publisher
from antiphon.bus.presence import PresenceTable
from antiphon.bus.queue import WaitingQueue
from antiphon.contract import subjects
from antiphon.contract.jobs import Accepted, Cancel, Job, Refused, SynthesisJob
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


class Placement:
    """Knows the live workers, offers them jobs, lets requests wait while all are full.

    Args:
        client: connection to NATS.
        publisher: takes back the offers that nobody waits for any more.
        queue_size: how many requests may wait for a place, of each kind.
        queue_timeout_s: how long each may wait.
    """

    def __init__(
        self, client: Client, publisher: Publisher, *, queue_size: int, queue_timeout_s: float
    ) -> None:
        self._client = client
        self._publisher = publisher
        self._table = PresenceTable()
        self._queues: dict[Kind, WaitingQueue] = {
            "tts": WaitingQueue(queue_size, queue_timeout_s),
            "stt": WaitingQueue(queue_size, queue_timeout_s),
        }

    def offerings(self, kind: Kind) -> list[Presence]:
        """The live workers of this kind that take new jobs."""
        return self._table.workers(kind)

    def is_live(self, worker: str) -> bool:
        """Whether the worker was heard of lately."""
        return self._table.is_live(worker)

    def heard(self, presence: Presence, now: float) -> None:
        """Take in a worker's word about itself; ``now`` is monotonic, in seconds."""
        self._table.update(presence, now)
        if presence.load < presence.capacity and not presence.draining:
            self._queues[presence.kind].wake_next()

    def expire(self, now: float) -> None:
        """Forget the silent workers."""
        self._table.expire(now)

    def ended(self, job: Job) -> None:
        """A job is over; its place may serve the next one waiting."""
        self._queues[_kind(job)].wake_next()

    async def place(
        self,
        job: Job,
        *,
        tenant: str = "",  # noqa: ARG002
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
        """
        kind = _kind(job)
        queue = self._queues[kind]
        deadline = asyncio.get_running_loop().time() + queue.timeout_s
        waited = False
        while True:
            if waited or not queue:
                for worker in self._candidates(kind, job, prefer, digest):
                    if await self._offer(kind, job, worker):
                        queue.wake_next()
                        return Placed(worker, job.attempt, self._table.digest(worker))
                    job = msgspec.structs.replace(job, attempt=job.attempt + 1)
            waiting = (
                metrics.API_QUEUE_SIZE
                if self._table.workers(kind)
                else metrics.API_UNSERVICEABLE_REQUESTS_SIZE
            ).labels(offering=kind)
            waiting.inc()
            try:
                await queue.wait(deadline, again=waited)
            except Overloaded:
                if not self._table.workers(kind):
                    raise NoWorker(f"No {kind.upper()} worker is running.") from None
                raise
            finally:
                waiting.dec()
            waited = True

    def _candidates(self, kind: Kind, job: Job, prefer: str, digest: str) -> list[str]:
        workers = self._table.workers(kind)
        if workers and all(p.model != job.model for p in workers):
            raise ModelNotFound(f"No worker serves the model {job.model!r}.")
        return self._table.candidates(kind, job, prefer=prefer, digest=digest)

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


def _raise_for(refused: Refused) -> None:
    """Refusals that no other worker would answer differently are the client's to mend."""
    match refused.reason:
        case "full" | "draining":
            return
        case "unknown_model":
            raise ModelNotFound(refused.detail)
        case "unknown_voice":
            raise VoiceNotFound(refused.detail)
        case "unknown_language":
            raise LanguageNotSupported(refused.detail)
        case "malformed":
            raise BadRequest(refused.detail)
