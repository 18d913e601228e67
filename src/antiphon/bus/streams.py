"""A job as the API server holds it: events in order, credits, and moving to another worker when one fails."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import ClassVar, Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.bus.ordering import EventOrder
from antiphon.contract.events import (
    AudioOut,
    Done,
    Event,
    Failed,
    Final,
    Finalized,
    Heard,
    Partial,
    Timestamps,
)
from antiphon.contract.jobs import (
    AudioIn,
    Cancel,
    Credit,
    EndOfAudio,
    Finalize,
    Job,
    JobInput,
    RecognitionJob,
    Resend,
    SynthesisJob,
)
from antiphon.contract.subjects import Kind
from antiphon.contract.wire import MAX_PAYLOAD_BYTES
from antiphon.errors import InternalError, JobLost

MAX_ATTEMPTS = 4
STALL_S = 5.0
"""A job that owes events and brings none for this long is moved."""

HEARING_WINDOW_S = 30.0
"""How far the audio sent to a worker may be ahead of what it has taken in."""

STT_RATE = 16_000


class Host(Protocol):
    """What a stream needs of the dispatcher."""

    async def place(self, job: Job) -> str:
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
    """

    kind: ClassVar[Kind]

    def __init__(self, job: Job, host: Host) -> None:
        self.job = job
        self.worker = ""
        self.over = False
        self._host = host
        self._order = EventOrder()
        self._inbox: deque[Event] = deque()
        self._arrival = asyncio.Event()
        self._trouble = ""
        self._last_event = asyncio.get_running_loop().time()

    # -- called by the dispatcher

    def deliver(self, event: Event) -> None:
        """Take in one event from the bus."""
        ready = self._order.take(event)
        if ready:
            self._last_event = asyncio.get_running_loop().time()
            self._inbox.extend(ready)
            self._arrival.set()

    def check(self, now: float, *, worker_is_live: bool) -> None:
        """Look after the job (called about ten times a second)."""
        if self.over or self._trouble or not self.worker:
            return
        if self._order.gap:
            self._tell(Resend(self.job.attempt, self._order.next_seq))
        if not worker_is_live:
            self._in_trouble("worker_gone")
        elif self._owes() and now - self._last_event > STALL_S:
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

    @abstractmethod
    def _resumed(self) -> None:
        """A further attempt was accepted: bring it up to date."""

    def _tell(self, message: JobInput) -> None:
        self._host.tell(self, message)

    def _finish(self) -> None:
        if not self.over:
            self.over = True
            self._host.closed(self)

    def _in_trouble(self, cause: str) -> None:
        self._trouble = cause
        self._arrival.set()

    async def _next_event(self) -> Event:
        """The next event in order; moves the job when it is in trouble.

        Raises:
            JobLost: every attempt failed.
            InternalError: the worker says that no other would manage either.
        """
        while True:
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

    async def _move(self) -> None:
        cause, self._trouble = self._trouble, ""
        self._tell(Cancel(self.job.attempt))
        if self.job.attempt + 1 >= MAX_ATTEMPTS:
            self._finish()
            raise JobLost(f"The job failed on {MAX_ATTEMPTS} workers in turn; try again.")
        self.worker = ""
        self.job = self._next_attempt()
        self._order.restart(self.job.attempt)
        self._inbox.clear()
        try:
            self.worker = await self._host.place(self.job)
        except BaseException:
            self._finish()
            raise
        if self.over:  # closed by another task meanwhile
            self._tell(Cancel(self.job.attempt))
            return
        self._last_event = asyncio.get_running_loop().time()
        self._host.moved(self, cause)
        self._resumed()


class SynthesisStream(JobStream):
    """The audio of one segment: iterate over `AudioOut`, `Timestamps` and, last, `Done`."""

    kind = "tts"
    job: SynthesisJob

    def __init__(self, job: SynthesisJob, host: Host) -> None:
        super().__init__(job, host)
        self._granted_s = job.credit_s
        self._received = 0
        self._received_s = 0.0
        self._times: Timestamps | None = None

    def grant(self, total_s: float) -> None:
        """Let the worker run up to ``total_s`` seconds of this segment's audio."""
        if total_s > self._granted_s and not self.over:
            self._granted_s = total_s
            self._tell(Credit(self.job.attempt, total_s))

    async def __anext__(self) -> AudioOut | Timestamps | Done:
        if self.over:
            raise StopAsyncIteration
        while True:
            event = await self._next_event()
            match event:
                case Timestamps():
                    # Held back until their audio is there, so that a moved job can't tell them twice.
                    self._times = event
                case AudioOut() if self._times is not None:
                    times, self._times = self._times, None
                    self._inbox.appendleft(event)
                    return times
                case AudioOut():
                    self._received = event.start_sample + len(event.samples) // 4
                    self._received_s = self._received / event.sample_rate
                    return event
                case Done():
                    self._finish()
                    return event
                case _:
                    pass

    def _owes(self) -> bool:
        return self._received_s < self._granted_s

    def _next_attempt(self) -> SynthesisJob:
        self._times = None
        return msgspec.structs.replace(
            self.job,
            attempt=self.job.attempt + 1,
            resume_at_sample=self._received,
            credit_s=self._granted_s,
        )

    def _resumed(self) -> None:
        pass


class RecognitionStream(JobStream):
    """A stream being heard: send audio, iterate over `Partial`, `Final`, `Finalized` and, last, `Done`."""

    kind = "stt"
    job: RecognitionJob

    def __init__(self, job: RecognitionJob, host: Host) -> None:
        super().__init__(job, host)
        self._seq = 0
        self._sent_s = job.start_s
        self._heard_s = job.start_s
        # What a next attempt would need: everything since the last final, in order.
        self._replay: deque[NDArray[np.float32] | int | None] = deque()
        self._replay_from_s = job.start_s
        self._spoken = False
        self._room = asyncio.Event()
        self._room.set()

    async def send(self, samples: NDArray[np.float32]) -> None:
        """Send 16 kHz mono float32 audio; waits while the worker is far behind."""
        step = MAX_PAYLOAD_BYTES // 4
        for start in range(0, len(samples), step):
            while self._sent_s - self._heard_s > HEARING_WINDOW_S and not self.over:
                self._room.clear()
                await self._room.wait()
            if self.over:
                return
            piece = np.ascontiguousarray(samples[start : start + step], np.float32)
            self._replay.append(piece)
            self._send_audio(piece)

    async def finalize(self, mark: int) -> None:
        """Ask that all audio so far be made final; answered by `Finalized` with this mark."""
        self._replay.append(mark)
        self._send_finalize(mark)

    async def end(self) -> None:
        """No audio follows."""
        self._replay.append(None)
        self._send_end()

    async def __anext__(self) -> Partial | Final | Finalized | Done:
        if self.over:
            raise StopAsyncIteration
        while True:
            event = await self._next_event()
            match event:
                case Heard():
                    self._heard_up_to(event.audio_s)
                    self._forget_before(event.settled_s)
                case Final():
                    self._heard_up_to(event.end_s)
                    self._forget_before(event.end_s)
                    return self._joined(event)
                case Finalized():
                    self._replay = deque(
                        item for item in self._replay if isinstance(item, np.ndarray) or item != event.mark
                    )
                    return event
                case Partial():
                    return event
                case Done():
                    self._finish()
                    self._room.set()
                    return event
                case _:
                    pass

    async def aclose(self) -> None:
        """Give the worker's place back if the job still runs. May be called again."""
        await super().aclose()
        self._room.set()

    def _owes(self) -> bool:
        return self._sent_s - self._heard_s > 1.0

    def _next_attempt(self) -> RecognitionJob:
        return msgspec.structs.replace(self.job, attempt=self.job.attempt + 1, start_s=self._replay_from_s)

    def _resumed(self) -> None:
        self._seq = 0
        self._sent_s = self._heard_s = self._replay_from_s
        for item in self._replay:
            if item is None:
                self._send_end()
            elif isinstance(item, int):
                self._send_finalize(item)
            else:
                self._send_audio(item)

    def _send_audio(self, samples: NDArray[np.float32]) -> None:
        self._sent_s += len(samples) / STT_RATE
        self._tell(AudioIn(self.job.attempt, self._take_seq(), samples.tobytes()))

    def _send_finalize(self, mark: int) -> None:
        self._tell(Finalize(self.job.attempt, self._take_seq(), mark))

    def _send_end(self) -> None:
        self._tell(EndOfAudio(self.job.attempt, self._take_seq()))

    def _take_seq(self) -> int:
        seq, self._seq = self._seq, self._seq + 1
        return seq

    def _heard_up_to(self, audio_s: float) -> None:
        self._heard_s = max(self._heard_s, audio_s)
        self._room.set()

    def _forget_before(self, end_s: float) -> None:
        """Drop the audio that no further attempt needs."""
        while self._replay and isinstance(head := self._replay[0], np.ndarray):
            spare = round((end_s - self._replay_from_s) * STT_RATE)
            if spare <= 0:
                return
            if spare < len(head):
                self._replay[0] = head[spare:]
                self._replay_from_s += spare / STT_RATE
                return
            self._replay.popleft()
            self._replay_from_s += len(head) / STT_RATE

    def _joined(self, final: Final) -> Final:
        """Finals of a moved job join the earlier ones verbatim too."""
        text = final.text.removeprefix(" ")
        if not text:
            return final
        joined = f" {text}" if self._spoken else text
        self._spoken = True
        return msgspec.structs.replace(final, text=joined)
