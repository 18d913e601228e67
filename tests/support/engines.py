"""A stream heard by a real engine within the process, for tests of what stands on the bus."""

import asyncio
from itertools import count

import numpy as np
from numpy.typing import NDArray

from antiphon.contract.events import Event, Heard
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, JobInput, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from support.hearing import LevelRecogniser, LevelVAD
from support.told import ToldEvents


class EngineRecognition(ToldEvents):
    """Hears levels as words (see `support.hearing`). While ``room`` is cleared, `send` waits."""

    def __init__(self, job: RecognitionJob, room: asyncio.Event) -> None:
        super().__init__()
        self.job = job
        self._room = room
        self._seq = count()
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
        self._send(AudioIn(0, next(self._seq), samples.tobytes()))

    async def finalize(self, mark: int) -> None:
        self._send(Finalize(0, next(self._seq), mark))

    async def end(self) -> None:
        self._send(EndOfAudio(0, next(self._seq)))

    def _emit(self, event: Event) -> None:
        if not isinstance(event, Heard):  # the stream's own affair
            self.tell(event)

    def _send(self, message: JobInput) -> None:
        self._engine.tell(self.job.job, message)
        while self._engine.busy:
            self._engine.step()
