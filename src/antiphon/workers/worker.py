"""A worker on the bus: jobs in, engine, events out."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec
from nats.aio.msg import Msg

from antiphon.bus.connection import Connection, Publisher, disconnect, subscribe
from antiphon.bus.direct import EventSender
from antiphon.contract import subjects
from antiphon.contract.events import Event, Failed
from antiphon.contract.jobs import Accepted, Cancel, Credit, Job, JobInput, Refused, Resend
from antiphon.contract.presence import Presence, Pulse
from antiphon.contract.wire import decode_api_alive, decode_job, decode_job_input, encode
from antiphon.engine.loop import Engine, EngineLoop
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger
from antiphon.workers.outbox import Outbox
from antiphon.workers.places import Places

PRESENCE_EVERY_S = 0.25

OUTBOX_KEPT_S = 3.0
"""How long the events of a finished job may still be asked for."""

STUCK_S = 0.25
"""A step so far beyond its time may never end: no new jobs until it does."""

HUNG_S = 10.0
"""A step so far beyond its time never ends: the process must be started anew."""

AWAY_S = 1.0
"""An event loop this late was stopped: what others said meanwhile is still to be read."""

_log = get_logger(__name__)


class JobEngine(Engine, Protocol):
    """An engine that a worker can give jobs of its kind."""

    def add(self, job: Job) -> None:
        """A job joins."""
        ...

    def tell(self, job: str, message: JobInput) -> None:
        """A message for a running job."""
        ...


MakeEngine = Callable[[Callable[[Event], None], Callable[[Job], None]], JobEngine]
"""Builds the engine from the functions that take its events and the jobs whose place is free."""


class Worker:
    """Serves one model on one connection.

    Args:
        client: connection to NATS.
        offering: what this worker tells of itself; what changes is filled in.
        make_engine: builds the engine.
    """

    def __init__(self, client: Connection, offering: Presence, make_engine: MakeEngine) -> None:
        self._client = client
        self._offering = offering
        self._places = Places(offering)
        self._publisher = Publisher(client)
        self._events = EventSender(self._publisher)
        self._outboxes: dict[str, Outbox] = {}
        self._loop = asyncio.get_running_loop()
        self._died = asyncio.Event()
        self._idle = asyncio.Event()
        self._engine = make_engine(self._emit, self._released)
        self._engine_loop = EngineLoop(self._engine, died=self._engine_died)
        self._presence_task: asyncio.Task[None] | None = None
        labels = {"kind": offering.kind, "model": offering.model, "worker": offering.worker}
        self._load_gauge = metrics.WORKER_LOAD.labels(**labels)
        self._capacity_gauge = metrics.WORKER_CAPACITY.labels(**labels)

    async def start(self) -> None:
        """Start the engine, listen for jobs, then tell of it."""
        me = self._offering
        self._engine_loop.start()
        await subscribe(self._client, subjects.job_input(me.kind, me.worker, "*"), self._on_input)
        await subscribe(self._client, subjects.ALL_API_PRESENCE, self._on_api_alive)
        await subscribe(self._client, subjects.probe(me.kind, me.worker), self._on_probe)
        await subscribe(self._client, subjects.offer(me.kind, me.worker), self._on_offer)
        await self._client.flush()
        self._client.on_reconnect.append(self._reconnected)
        self._presence_task = asyncio.create_task(self._tell_presence(), name="presence")

    async def wait_died(self) -> None:
        """Return when the engine can't go on."""
        await self._died.wait()

    async def stop(self, grace_s: float) -> None:
        """Take no new jobs, let the running ones finish for ``grace_s`` seconds, leave the bus.

        API servers take jobs that would not finish soon away as soon as they hear of it; what is left at the
        end they take when they hear that this worker has gone.
        """
        self._places.draining = True
        self._publish_presence()
        if len(self._places) and grace_s:
            self._idle.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), grace_s)
        if self._presence_task:
            self._presence_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._presence_task
        await self._events.aclose()
        self._publish_presence(leaving=True)
        await self._publisher.aclose()
        await disconnect(self._client)
        self._engine_loop.stop()

    # -- bus in

    async def _on_offer(self, message: Msg) -> None:
        me = self._offering
        try:
            job = decode_job(message.data)
        except msgspec.DecodeError:
            await message.respond(encode(Refused(me.worker, "malformed", "The job can't be read.")))
            return
        if self._engine_loop.overdue_s > STUCK_S:
            await message.respond(encode(Refused(me.worker, "stuck")))
            return
        self._places.resize(self._engine.outlook.capacity)
        reply = self._places.offer(job, self._loop.time())
        if isinstance(reply, Accepted):
            self._outboxes[job.job] = Outbox(job.api, job.attempt)
            self._engine_loop.submit(partial(self._engine.add, job))
        await message.respond(encode(reply))
        self._publish_presence()

    async def _on_input(self, message: Msg) -> None:
        job = message.subject.rpartition(".")[2]
        try:
            content = decode_job_input(message.data)
        except msgspec.DecodeError:
            _log.warning("input_of_another_version", job=job)
            return
        match content:
            case Resend():
                self._resend(job, content)
                return
            case Credit():
                if outbox := self._outbox(job, content.attempt):
                    outbox.acknowledge(content.next_seq)
            case Cancel():
                self._places.cancelled(job, content.attempt, self._loop.time())
            case _:
                pass
        if self._places.holds(job, content.attempt):
            self._engine_loop.submit(partial(self._engine.tell, job, content))

    async def _on_api_alive(self, message: Msg) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            alive = decode_api_alive(message.data)
            self._cancel(self._places.heartbeat(alive, self._loop.time()))
            self._events.heard(alive)

    async def _on_probe(self, message: Msg) -> None:
        await message.respond(encode(Pulse(self._engine_loop.overdue_s)))

    def _resend(self, job: str, wanted: Resend) -> None:
        outbox = self._outbox(job, wanted.attempt)
        kept = outbox.since(wanted.from_seq) if outbox else None
        if kept is None:
            lost = Failed(
                job=job,
                attempt=wanted.attempt,
                seq=wanted.from_seq,
                message="The worker does not have this job.",
                retryable=True,
            )
            kept = [encode(lost)]
        for payload in kept:
            self._events.send_by_nats(wanted.api, payload)

    def _outbox(self, job: str, attempt: int) -> Outbox | None:
        outbox = self._outboxes.get(job)
        return outbox if outbox and outbox.attempt == attempt else None

    def _cancel(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._engine_loop.submit(partial(self._engine.tell, job.job, Cancel(job.attempt)))

    # -- engine out (called from the engine's thread)

    def _emit(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._send, event)

    def _engine_died(self) -> None:
        self._loop.call_soon_threadsafe(self._died.set)

    def _released(self, job: Job) -> None:
        self._loop.call_soon_threadsafe(self._free, job)

    # -- the same, in the event loop's thread

    def _send(self, event: Event) -> None:
        if outbox := self._outbox(event.job, event.attempt):
            self._events.send(outbox.api, outbox.pack(event))

    def _free(self, job: Job) -> None:
        if self._places.free(job):
            self._loop.call_later(OUTBOX_KEPT_S, self._forget, job)
            self._publish_presence()
        if not len(self._places):
            self._idle.set()

    def _forget(self, job: Job) -> None:
        if self._outbox(job.job, job.attempt):
            del self._outboxes[job.job]

    # -- presence

    async def _tell_presence(self) -> None:
        due = self._loop.time()
        while True:
            now = self._loop.time()
            if not self._client.is_connected or now - due > AWAY_S:
                self._places.away(now)
            self._publish_presence()
            self._cancel(self._places.orphans(now))
            self._watch_engine()
            due = now + PRESENCE_EVERY_S
            await asyncio.sleep(PRESENCE_EVERY_S)

    def _watch_engine(self) -> None:
        if self._engine_loop.overdue_s > HUNG_S and not self._died.is_set():
            _log.error("engine_hangs", overdue_s=round(self._engine_loop.overdue_s, 1))
            self._died.set()

    def _reconnected(self) -> None:
        self._places.away(self._loop.time())
        self._publish_presence()

    def _publish_presence(self, *, leaving: bool = False) -> None:
        me = self._offering
        outlook = self._engine.outlook
        self._places.resize(outlook.capacity)
        self._load_gauge.set(len(self._places))
        self._capacity_gauge.set(outlook.capacity)
        presence = msgspec.structs.replace(
            me,
            load=len(self._places),
            capacity=outlook.capacity,
            wait_s=outlook.wait_s,
            wait_per_job_s=outlook.wait_per_job_s,
            draining=self._places.draining,
            leaving=leaving,
        )
        self._publisher.send(subjects.worker_presence(me.kind, me.worker), encode(presence))
