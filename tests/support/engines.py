"""A stream heard by a real engine within the process, for tests of what stands on the bus."""

import asyncio
from itertools import count
from typing import Self

import numpy as np
from numpy.typing import NDArray

from antiphon.contract.events import Done, Event, Heard
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, JobInput, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from support.hearing import LevelRecogniser, LevelVAD


class EngineRecognition:
    """Hears levels as words (see `support.hearing`). While ``room`` is cleared, `send` waits."""

    def __init__(self, job: RecognitionJob, room: asyncio.Event) -> None:
        self.job = job
        self.closed = asyncio.Event()
        self._room = room
        self._seq = count()
        self._events: asyncio.Queue[Event | Exception] = asyncio.Queue()
        self._over = False
        self._engine = HearingEngine(
            LevelRecogniser(),
            LevelVAD(),
            limits=Limits(4),
            emit=self._emit,
            released=lambda _: None,
        )
        self._engine.add(job)

    async def send(self, samples: NDArray[np.float32]) -> None:
        await self._room.wait()
        self._tell(AudioIn(0, next(self._seq), samples.tobytes()))

    async def finalize(self, mark: int) -> None:
        self._tell(Finalize(0, next(self._seq), mark))

    async def end(self) -> None:
        self._tell(EndOfAudio(0, next(self._seq)))

    def fail(self, error: Exception) -> None:
        self._events.put_nowait(error)

    async def aclose(self) -> None:
        self.closed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        event = await self._events.get()
        if isinstance(event, Exception):
            raise event
        self._over = isinstance(event, Done)
        return event

    def _emit(self, event: Event) -> None:
        if not isinstance(event, Heard):  # the stream's own affair
            self._events.put_nowait(event)

    def _tell(self, message: JobInput) -> None:
        self._engine.tell(self.job.job, message)
        while self._engine.busy:
            self._engine.step()
