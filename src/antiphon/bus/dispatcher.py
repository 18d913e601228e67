"""Opens jobs and hands each its events: the API server's side of the bus."""

import asyncio
import contextlib
from typing import TypeVar
from uuid import uuid4

import msgspec
from nats.aio.msg import Msg

from antiphon.bus.connection import Connection, Publisher, disconnect, subscribe
from antiphon.bus.direct import Intake
from antiphon.bus.placement import Placed, Placement
from antiphon.bus.recognition import RecognitionStream
from antiphon.bus.streams import JobStream
from antiphon.bus.synthesis import SynthesisStream
from antiphon.bus.watch import Watch
from antiphon.contract import subjects
from antiphon.contract.jobs import JobInput, RecognitionJob, SynthesisJob
from antiphon.contract.presence import ApiAlive, Direct, Presence
from antiphon.contract.subjects import Kind
from antiphon.contract.wire import decode_event, decode_presence, encode
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

ALIVE_EVERY_S = 1.0

_log = get_logger(__name__)

StreamT = TypeVar("StreamT", bound=JobStream)


class Dispatcher:
    """Has jobs placed and watched, routes their events.

    Args:
        client: connection to NATS.
        queue_size: how many requests may wait for a place on the workers of one model.
        queue_timeout_s, worker_timeout_s: how long each may wait; see `Placement`.
    """

    def __init__(
        self, client: Connection, *, queue_size: int, queue_timeout_s: float, worker_timeout_s: float
    ) -> None:
        self.api = uuid4().hex
        self._client = client
        self._publisher = Publisher(client)
        self._placement = Placement(
            client,
            self._publisher,
            queue_size=queue_size,
            queue_timeout_s=queue_timeout_s,
            worker_timeout_s=worker_timeout_s,
        )
        self._streams: dict[str, JobStream] = {}
        self._watch = Watch(client, self._placement, self._streams)
        self._intake = Intake(self.api, self._take_event)
        self._direct: Direct | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen to the bus."""
        await subscribe(self._client, subjects.ALL_WORKER_PRESENCE, self._on_presence)
        await subscribe(self._client, subjects.output(self.api), self._on_event)
        self._client.on_reconnect.append(self._tell_alive)
        self._watch.start()
        self._task = asyncio.create_task(self._keep_telling(), name="alive")

    async def listen(self, host: str, port: int) -> None:
        """Take events also straight from the workers.

        Raises:
            PortInUse: the address can't be listened on.
        """
        self._direct = await self._intake.open(host, port)
        self._tell_alive()

    async def aclose(self) -> None:
        """Cancel what still runs and leave the bus."""
        await self._watch.aclose()
        for stream in list(self._streams.values()):
            await stream.aclose()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._intake.close()
        await self._publisher.aclose()
        await disconnect(self._client)

    @property
    def connected(self) -> bool:
        """Whether NATS is there."""
        return self._client.is_connected

    def offerings(self, kind: Kind) -> list[Presence]:
        """The live workers of this kind that take new jobs."""
        return self._placement.offerings(kind)

    async def synthesize(self, job: SynthesisJob, *, tenant: str = "", prefer: str = "") -> SynthesisStream:
        """Have a segment spoken.

        Args:
            job: what to speak; ``api`` is filled in.
            tenant: whose it is (the id of a key, never the key): places are shared out between tenants.
            prefer: the worker to ask first.

        Raises:
            Overloaded: no place, and the queue is full or its deadline passed.
            NoWorker: nobody is there who could do it.
            ModelNotFound, VoiceNotFound, LanguageNotSupported, BadRequest: the workers refuse such a job.
        """
        mine = msgspec.structs.replace(job, api=self.api)
        return await self._open(SynthesisStream(mine, self, tenant), prefer)

    async def recognize(self, job: RecognitionJob, *, tenant: str = "") -> RecognitionStream:
        """Have a stream heard. Raises as `synthesize` does."""
        mine = msgspec.structs.replace(job, api=self.api)
        return await self._open(RecognitionStream(mine, self, tenant))

    async def _open(self, stream: StreamT, prefer: str = "") -> StreamT:
        # The events of an accepted job can overtake the reply: whoever waits for them must be known before.
        self._streams[stream.job.job] = stream
        try:
            stream.goes_to(await self.place(stream, prefer=prefer))
        except BaseException:
            self._streams.pop(stream.job.job, None)
            raise
        return stream

    # -- what streams need (streams.Host)

    async def place(self, stream: JobStream, *, prefer: str = "") -> Placed:
        """Find a worker for a job. Raises as `Placement.place` does."""
        job, digest = stream.job, stream.needs_digest
        return await self._placement.place(job, tenant=stream.tenant, prefer=prefer, digest=digest)

    def tell(self, stream: JobStream, message: JobInput) -> None:
        """Publish to the worker of this stream."""
        if stream.worker:
            subject = subjects.job_input(stream.kind, stream.worker, stream.job.job)
            self._publisher.send(subject, encode(message))

    def moved(self, stream: JobStream, cause: str) -> None:
        """Count a job that goes on elsewhere."""
        metrics.API_FAILOVERS.labels(kind=stream.kind, cause=cause).inc()

    def closed(self, stream: JobStream) -> None:
        """Forget a job; its place may serve the next one waiting."""
        self._streams.pop(stream.job.job, None)
        self._placement.ended(stream.job)

    # -- events

    async def _on_presence(self, message: Msg) -> None:
        try:
            presence = decode_presence(message.data)
        except msgspec.DecodeError:
            _log.warning("presence_of_another_version")
            return
        self._watch.presence(presence)

    async def _on_event(self, message: Msg) -> None:
        self._take_event(message.data)

    def _take_event(self, payload: bytes | memoryview) -> None:
        try:
            event = decode_event(payload)
        except msgspec.DecodeError:
            _log.warning("event_of_another_version")
            return
        if stream := self._streams.get(event.job):
            if event.attempt == stream.job.attempt:
                self._watch.event(stream)
            stream.deliver(event)

    async def _keep_telling(self) -> None:
        while True:
            self._tell_alive()
            await asyncio.sleep(ALIVE_EVERY_S)

    def _tell_alive(self) -> None:
        jobs = tuple((job, stream.job.attempt) for job, stream in self._streams.items())
        self._publisher.send(subjects.api_presence(self.api), encode(ApiAlive(self.api, jobs, self._direct)))
