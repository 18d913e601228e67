"""A served app on a fake bus: a worker that "hears" how many samples it got, and in what order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.api.app import create_app
from antiphon.api.limits import Limits
from antiphon.api.models import ModelNames
from antiphon.api.server import listening
from antiphon.api.services import Services
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.store import local_store
from antiphon.catalog.voices import Voices
from antiphon.contract.events import Done, Final, Finalized, Partial, Word
from antiphon.contract.jobs import RecognitionJob
from antiphon.contract.presence import Presence
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings
from support.told import ToldEvents

KEY = "test-key"


class FakeRecognition(ToldEvents):
    """Hears ``<n>`` for an utterance of n samples; a partial for every send, a final for every finalize.

    ``room`` is the back-pressure: while it is cleared, `send` waits.
    """

    def __init__(self, job: RecognitionJob, room: asyncio.Event) -> None:
        super().__init__()
        self.job = job
        self.room = room
        self.samples: list[np.ndarray] = []
        self.most_samples_sent = 0
        self._start = self._heard = 0

    async def send(self, samples: NDArray[np.float32]) -> None:
        await self.room.wait()
        assert samples.dtype == np.float32
        assert samples.ndim == 1
        self.samples.append(samples)
        self.most_samples_sent = max(self.most_samples_sent, len(samples))
        self._heard += len(samples)
        if self.job.partials:
            self._say(Partial, text=self._text(), audio_s=self._heard / 16_000)

    async def finalize(self, mark: int) -> None:
        self._final()
        self._say(Finalized, mark=mark)

    async def end(self) -> None:
        self._final()
        self._say(Done, audio_s=self._heard / 16_000, processing_s=0.1)

    def _text(self) -> str:
        return f" {self._heard - self._start}"

    def _final(self) -> None:
        if self._heard > self._start:
            start_s, end_s = self._start / 16_000, self._heard / 16_000
            word = Word(self._text().strip(), start_s, end_s)
            words = (word,) if self.job.word_timestamps else ()
            self._say(Final, text=self._text(), start_s=start_s, end_s=end_s, words=words)
        self._start = self._heard

    def _say(self, kind: str, **values: Any) -> None:
        self.tell(kind(job=self.job.job, attempt=0, seq=0, **values))


@dataclass
class FakeDispatcher:
    """Gives out streams of ``recognition``, or raises ``refusal``."""

    languages: tuple[str, ...] = ("en",)
    keyterms: bool = False
    refusal: Exception | None = None
    streams: list[FakeRecognition] = field(default_factory=list)
    opened: asyncio.Condition = field(default_factory=asyncio.Condition)
    room: asyncio.Event = field(default_factory=asyncio.Event)
    place: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    connected: bool = True
    recognition: type[Any] = FakeRecognition
    tenants: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room.set()
        self.place.set()

    def offerings(self, kind: str) -> list[Presence]:
        if kind != "stt":
            return []
        return [
            Presence(
                worker="w",
                kind="stt",
                model="moonshine-tiny-en",
                languages=self.languages,
                keyterms=self.keyterms,
            )
        ]

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> FakeRecognition:
        self.tenants.append(tenant)
        if self.refusal:
            raise self.refusal
        self.waiting += 1
        try:
            await self.place.wait()
        finally:
            self.waiting -= 1
        stream = self.recognition(job, self.room)
        async with self.opened:
            self.streams.append(stream)
            self.opened.notify_all()
        return stream

    async def stream(self, index: int = 0) -> FakeRecognition:
        """The stream that was opened as number ``index``, once it is there."""
        async with self.opened:
            await self.opened.wait_for(lambda: len(self.streams) > index)
        return self.streams[index]


@dataclass
class Served:
    """A running server: its address, and the bus behind it."""

    port: int
    bus: FakeDispatcher
    services: Services
    key: str = KEY

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def socket(
        self, query: str = "model=ink-whisper&encoding=pcm_s16le&sample_rate=16000", *, key: str = KEY
    ) -> str:
        return f"ws://127.0.0.1:{self.port}/stt/websocket?{query}&api_key={key}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, api_port=0, shutdown_grace_s=0.2)


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Served]:
    bus = FakeDispatcher()
    with local_store(settings.state_dir / "catalog") as store:
        services = Services(
            settings=settings,
            dispatcher=bus,
            authorizer=LocalKeys([KEY]),
            voices=Voices(aliases={}, default="heart", store=store),
            models=ModelNames(settings),
            limits=Limits.of(settings),
            dictionaries=Dictionaries(store),
        )
        async with listening(create_app(services), settings, services.lifetime) as ports:
            yield Served(ports[0], bus, services)


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[Served]:
    async with serving(settings) as served:
        yield served


@pytest.fixture
def serve() -> Callable[[Settings], object]:
    """`serving`, for tests with settings of their own."""
    return serving
