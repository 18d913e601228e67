"""Watches over the jobs of an API server: notices which worker fails them, and moves them away from it."""

import asyncio
import contextlib
from collections.abc import Mapping
from itertools import count

import msgspec
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from antiphon.bus.connection import Connection
from antiphon.bus.liveness import Liveness
from antiphon.bus.placement import Placement
from antiphon.bus.presence import STALE_AFTER_S
from antiphon.bus.streams import JobStream
from antiphon.contract import subjects
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.contract.wire import decode_pulse
from antiphon.telemetry.logs import get_logger

TICK_S = 0.025
LOOK_AFTER_TICKS = 4
"""While all is well, jobs are looked after this many ticks apart."""

LONGEST_TICK_S = 0.1
"""What a tick that comes late counts for at most: what came meanwhile is read before the next."""

SETTLE_S = 0.5
"""After NATS was away, workers get so long to come back to it too: two heartbeats."""

_log = get_logger(__name__)


class Watch:
    """Judges workers by what is heard of them, and moves the jobs of those that fail.

    All judging is by a clock of its own that counts only while this process can hear the bus: not while NATS
    is away, nor while the event loop is late, when the words of the workers are still to be read.

    Args:
        client: connection to NATS.
        placement: knows the workers.
        streams: the jobs, by id; as they are at any time.
    """

    def __init__(self, client: Connection, placement: Placement, streams: Mapping[str, JobStream]) -> None:
        self._client = client
        self._placement = placement
        self._streams = streams
        self._liveness = Liveness()
        self._clock = 0.0
        self._deaf_until = 0.0
        self._probes: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._client.on_reconnect.append(self._reconnected)
        self._task = asyncio.create_task(self._run(), name="watch")

    async def aclose(self) -> None:
        """Stop."""
        tasks = [*self._probes, *filter(None, [self._task])]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def presence(self, presence: Presence) -> None:
        """A worker told of itself."""
        self._placement.heard(presence, self._clock)
        if presence.leaving:
            self._liveness.forget(presence.worker)
            self._judge()
        else:
            self._liveness.heard(presence.worker, self._clock)

    def event(self, stream: JobStream) -> None:
        """A worker brought something for this job."""
        if stream.worker:
            self._liveness.progressed(stream.worker, self._clock)

    def _reconnected(self) -> None:
        self._deaf_until = asyncio.get_running_loop().time() + SETTLE_S
        for stream in self._streams.values():
            stream.reconnected()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        for tick in count():
            await asyncio.sleep(TICK_S)
            now = loop.time()
            elapsed_s, last = now - last, now
            if not self._client.is_connected or now < self._deaf_until:
                continue
            self._clock += min(elapsed_s, LONGEST_TICK_S)
            self._placement.expire(self._clock)
            in_turn = tick % LOOK_AFTER_TICKS == 0
            if in_turn or not self._liveness.all_well(self._clock):
                self._judge()
            if in_turn:
                for stream in list(self._streams.values()):
                    stream.look_after()

    def _judge(self) -> None:
        for stream in list(self._streams.values()):
            if stream.running and (cause := self._trouble(stream)):
                _log.warning("job_moved", job=stream.job.job, worker=stream.worker, cause=cause)
                stream.move(cause)

    def _trouble(self, stream: JobStream) -> str:
        """Why the job should leave its worker, if it should."""
        worker = stream.worker
        if not self._placement.is_live(worker):
            return "worker_gone"
        if stream.awaits:
            if self._liveness.to_be_probed(worker, self._clock):
                self._probe(stream.kind, worker)
            suspicion = self._liveness.suspicion(worker, stream.lead_s(), self._clock)
            if suspicion and self._elsewhere(stream):
                self._placement.avoid(worker)
                return suspicion
        if stream.hands_over and self._placement.is_leaving(worker) and self._elsewhere(stream):
            return "draining"
        return ""

    def _elsewhere(self, stream: JobStream) -> bool:
        """Whether the job would find a place with a worker that can be counted on.

        Where there is none it is better off waiting: a worker that is really gone is unheard of for a second.
        """
        candidates = self._placement.could_take(stream.next_attempt(), stream.needs_digest)
        return any(w != stream.worker and self._liveness.reliable(w, self._clock) for w in candidates)

    def _probe(self, kind: Kind, worker: str) -> None:
        task = asyncio.create_task(self._ask(kind, worker), name="probe")
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    async def _ask(self, kind: Kind, worker: str) -> None:
        try:
            async with asyncio.timeout(STALE_AFTER_S):
                reply = await self._client.request(
                    subjects.probe(kind, worker),
                    timeout=None,  # pyright: ignore[reportArgumentType]
                )
            pulse = decode_pulse(reply.data)
        except NoRespondersError:
            # Its connection is gone, and its process with it most likely.
            self._placement.forget(worker)
            self._liveness.forget(worker)
            self._judge()
        except (NatsError, TimeoutError, msgspec.DecodeError):
            return
        else:
            self._liveness.answered(worker, pulse.overdue_s, self._clock)
