"""A served app on a fake bus: a worker that speaks a tone, a tenth of a second for each word."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from cartesia import AsyncCartesia

from antiphon.api.app import create_app
from antiphon.api.limits import Limits
from antiphon.api.models import ModelNames
from antiphon.api.server import listening
from antiphon.api.services import Services
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.store import LocalStore, local_store
from antiphon.catalog.voices import Voices
from antiphon.contract.events import AudioOut, Done, Event, Timestamps, Word
from antiphon.contract.jobs import SynthesisJob
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings

KEY = "test-key"
RATE = 24_000
WORD_S = 0.1


class FakeSpeech:
    """A job on the fake worker; it speaks while it has credit and `FakeDispatcher.gate` is open."""

    def __init__(self, job: SynthesisJob, bus: "FakeDispatcher") -> None:
        self.job = job
        self.worker = "w"
        self.sent_s = 0.0
        self.granted_s = job.credit_s
        self.closed = False
        self._bus = bus
        self._credit = asyncio.Event()
        self._events = self._speak()

    def grant(self, total_s: float) -> None:
        self.granted_s = total_s
        self._credit.set()

    async def aclose(self) -> None:
        self.closed = True

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def _speak(self) -> AsyncGenerator[Event]:
        for index, word in enumerate(self.job.text.split()):
            await self._bus.gate.wait()
            if self._bus.failure and index == self._bus.failure_after_words:
                raise self._bus.failure
            while self.sent_s + WORD_S > self.granted_s + 1e-6:
                self._credit.clear()
                await self._credit.wait()
            start_s = round(index * WORD_S, 6)
            timed = Word(word, start_s, start_s + WORD_S)
            head = {"job": self.job.job, "attempt": 0, "seq": 0}
            yield Timestamps(**head, words=(timed,), phonemes=(timed,))
            samples = np.full(round(RATE * WORD_S), 0.25, dtype="<f4").tobytes()
            self.sent_s += WORD_S
            yield AudioOut(
                **head, start_sample=round(start_s * RATE), sample_rate=RATE, samples=samples, step_s=0.002
            )
        yield Done(job=self.job.job, attempt=0, seq=0, audio_s=self.sent_s, processing_s=0.01)


@dataclass
class FakeDispatcher:
    """Gives out `FakeSpeech`, or raises ``refusal``."""

    languages: tuple[str, ...] = ("en",)
    refusal: Exception | None = None
    failure: Exception | None = None
    failure_after_words: int = 0
    workers: int = 1
    connected: bool = True
    streams: list[FakeSpeech] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def jobs(self) -> list[SynthesisJob]:
        return [stream.job for stream in self.streams]

    def offerings(self, kind: Kind) -> list[Presence]:
        if kind != "tts":
            return []
        presence = Presence(
            worker="w",
            kind="tts",
            model="hibari",
            languages=self.languages,
            voices=("heart",),
            load=1,
            capacity=8,
        )
        return [presence] * self.workers

    async def synthesize(self, job: SynthesisJob, *, tenant: str, prefer: str = "") -> FakeSpeech:
        self.tenants.append(tenant)
        if self.refusal:
            raise self.refusal
        stream = FakeSpeech(job, self)
        self.streams.append(stream)
        return stream


@dataclass
class Served:
    """A running server: its port, and the bus behind it."""

    port: int
    bus: FakeDispatcher
    services: Services
    headers: dict[str, str] = field(default_factory=lambda: {"X-API-Key": KEY})

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def key_id(self) -> str:
        return hashlib.sha256(KEY.encode()).hexdigest()[:12]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds on the server's side (the test's timeout is the limit)."""
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
def settings() -> Settings:
    return Settings(api_port=0, shutdown_grace_s=0.2, max_message_bytes=64 * 1024)


@pytest.fixture
def bus() -> FakeDispatcher:
    return FakeDispatcher()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with local_store(tmp_path / "catalog") as store:
        yield store


@pytest.fixture
async def served(settings: Settings, bus: FakeDispatcher, store: LocalStore) -> AsyncIterator[Served]:
    voices = Voices(aliases={"my-voice": "heart"}, default="heart", store=store)
    services = Services(
        settings=settings,
        dispatcher=bus,
        authorizer=LocalKeys([KEY]),
        voices=voices,
        models=ModelNames(settings),
        dictionaries=Dictionaries(store),
        limits=Limits.of(settings),
    )
    async with listening(create_app(services), settings, services.lifetime) as [port]:
        yield Served(port, bus, services)


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    headers = {**served.headers, "Cartesia-Version": "2026-08-14"}
    async with httpx.AsyncClient(base_url=served.http, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture
async def sdk(served: Served) -> AsyncIterator[AsyncCartesia]:
    async with AsyncCartesia(
        api_key=KEY, base_url=served.http, _strict_response_validation=True, max_retries=0
    ) as client:
        yield client
