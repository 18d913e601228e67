"""Places jobs on workers and hands each its events: the API server's side of the bus."""

import asyncio
import contextlib
from typing import TypeVar
from uuid import uuid4

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from antiphon.bus.connection import Publisher, disconnect, subscribe
from antiphon.bus.presence import STALE_AFTER_S, PresenceTable
from antiphon.bus.queue import WaitingQueue
from antiphon.bus.recognition import RecognitionStream
from antiphon.bus.streams import JobStream
from antiphon.bus.synthesis import SynthesisStream
from antiphon.contract import subjects
from antiphon.contract.jobs import Accepted, Cancel, Job, JobInput, RecognitionJob, Refused, SynthesisJob
from antiphon.contract.presence import ApiAlive, Presence
from antiphon.contract.subjects import Kind
from antiphon.contract.wire import decode_event, decode_offer_reply, decode_presence, encode
from antiphon.errors import (
    BadRequest,
    LanguageNotSupported,
    ModelNotFound,
    NoWorker,
    Overloaded,
    VoiceNotFound,
)
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

OFFER_TIMEOUT_S = 0.5
CHECK_EVERY_S = 0.1
ALIVE_EVERY_S = 1.0

_log = get_logger(__name__)

StreamT = TypeVar("StreamT", bound=JobStream)


class Dispatcher:
    """Knows the live workers, offers them jobs, routes their events.

    Args:
        client: connection to NATS.
        queue_size: how many requests may wait for a place, over both kinds.
        queue_timeout_s: how long each may wait.
    """

    def __init__(self, client: Client, *, queue_size: int, queue_timeout_s: float) -> None:
        self.api = uuid4().hex
        self._client = client
        self._publisher = Publisher(client)
        self._table = PresenceTable()
        self._queues: dict[Kind, WaitingQueue] = {
            "tts": WaitingQueue(queue_size, queue_timeout_s),
            "stt": WaitingQueue(queue_size, queue_timeout_s),
        }
        self._streams: dict[str, JobStream] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen to the bus."""
        await subscribe(self._client, subjects.ALL_WORKER_PRESENCE, self._on_presence)
        await subscribe(self._client, subjects.output(self.api), self._on_event)
        self._task = asyncio.create_task(self._look_after_jobs(), name="dispatcher")

    async def aclose(self) -> None:
        """Cancel what still runs and leave the bus."""
        for stream in list(self._streams.values()):
            await stream.aclose()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._publisher.aclose()
        await disconnect(self._client)

    @property
    def connected(self) -> bool:
        """Whether NATS is there."""
        return self._client.is_connected

    def offerings(self, kind: Kind) -> list[Presence]:
        """The live workers of this kind that take new jobs."""
        return self._table.workers(kind)

    async def synthesize(self, job: SynthesisJob, *, prefer: str = "") -> SynthesisStream:
        """Have a segment spoken; ``prefer`` names the worker to ask first.

        Raises:
            Overloaded: no place, and the queue is full or its deadline passed.
            NoWorker: nobody is there who could do it.
            ModelNotFound, VoiceNotFound, LanguageNotSupported, BadRequest: the workers refuse such a job.
        """
        return await self._open(SynthesisStream(msgspec.structs.replace(job, api=self.api), self), prefer)

    async def recognize(self, job: RecognitionJob) -> RecognitionStream:
        """Have a stream heard. Raises as `synthesize` does."""
        return await self._open(RecognitionStream(msgspec.structs.replace(job, api=self.api), self))

    async def _open(self, stream: StreamT, prefer: str = "") -> StreamT:
        # The events of an accepted job can overtake the reply: whoever waits for them must be known before.
        self._streams[stream.job.job] = stream
        try:
            stream.worker = await self.place(stream.job, prefer)
        except BaseException:
            self._streams.pop(stream.job.job, None)
            raise
        return stream

    # -- what streams need (streams.Host)

    def tell(self, stream: JobStream, message: JobInput) -> None:
        """Publish to the worker of this stream."""
        if stream.worker:
            self._tell_worker(stream.kind, stream.worker, stream.job.job, message)

    def moved(self, stream: JobStream, cause: str) -> None:
        """Count a job that goes on elsewhere."""
        metrics.API_FAILOVERS.labels(kind=stream.kind, cause=cause).inc()

    def closed(self, stream: JobStream) -> None:
        """Forget a job; its place may serve the next one waiting."""
        self._streams.pop(stream.job.job, None)
        self._queues[stream.kind].wake_next()

    # -- placing

    async def place(self, job: Job, prefer: str = "") -> str:
        """Find a worker that accepts the job; wait in the queue while all are full."""
        kind: Kind = "tts" if isinstance(job, SynthesisJob) else "stt"
        queue = self._queues[kind]
        deadline = asyncio.get_running_loop().time() + queue.timeout_s
        waited = False
        while True:
            if waited or not queue:
                worker = await self._offer_round(kind, job, prefer)
                if worker:
                    queue.wake_next()
                    return worker
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

    async def _offer_round(self, kind: Kind, job: Job, prefer: str) -> str:
        """Offer the job to one worker after another; the name of the one that took it, or nothing."""
        workers = self._table.workers(kind)
        if workers and all(p.model != job.model for p in workers):
            raise ModelNotFound(f"No worker serves the model {job.model!r}.")
        for worker in self._table.candidates(kind, job.model, prefer=prefer):
            if await self._offer(kind, job, worker):
                return worker
        return ""

    async def _offer(self, kind: Kind, job: Job, worker: str) -> bool:
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
            self._tell_worker(kind, worker, job.job, Cancel(job.attempt))
            self._table.avoid(worker)
            return False
        except asyncio.CancelledError:
            self._tell_worker(kind, worker, job.job, Cancel(job.attempt))
            raise
        answer = decode_offer_reply(reply.data)
        if isinstance(answer, Accepted):
            self._table.placed(worker)
            return True
        _raise_for(answer)
        return False

    # -- events

    async def _on_presence(self, message: Msg) -> None:
        try:
            presence = decode_presence(message.data)
        except msgspec.DecodeError:
            _log.warning("presence_of_another_version")
            return
        self._table.update(presence, asyncio.get_running_loop().time())
        if presence.load < presence.capacity and not presence.draining:
            self._queues[presence.kind].wake_next()

    async def _on_event(self, message: Msg) -> None:
        try:
            event = decode_event(message.data)
        except msgspec.DecodeError:
            _log.warning("event_of_another_version")
            return
        if stream := self._streams.get(event.job):
            stream.deliver(event)

    def _tell_worker(self, kind: Kind, worker: str, job: str, message: JobInput) -> None:
        self._publisher.send(subjects.job_input(kind, worker, job), encode(message))

    async def _look_after_jobs(self) -> None:
        loop = asyncio.get_running_loop()
        alive_at = due = 0.0
        while True:
            now = loop.time()
            # Late, it was this process that was away: the words of the workers are still to be read.
            if now - due < STALE_AFTER_S / 2:
                self._table.expire(now)
                for stream in list(self._streams.values()):
                    stream.check(now, worker_is_live=self._table.is_live(stream.worker))
            if now >= alive_at:
                alive_at = now + ALIVE_EVERY_S
                alive = ApiAlive(self.api, tuple(self._streams))
                self._publisher.send(subjects.api_presence(self.api), encode(alive))
            due = now + CHECK_EVERY_S
            await asyncio.sleep(CHECK_EVERY_S)


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
