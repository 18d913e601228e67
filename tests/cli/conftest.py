"""A served app on a fake bus, and the commands that talk to it, run against it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from antiphon.api.app import create_app
from antiphon.api.models import ModelNames
from antiphon.api.server import listening
from antiphon.api.services import Services
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.store import local_store
from antiphon.catalog.voices import Voices
from antiphon.contract.events import AudioOut, Done, Event, Final, Finalized, Partial, Word
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings

KEY = "test-key"
RATE = 24_000
WORD_S = 0.1
HEAD = {"job": "", "attempt": 0, "seq": 0}


class FakeSpeech:
    """A tone of a tenth of a second for each word; waits while the bus's gate is shut."""

    worker = "w"

    def __init__(self, job: SynthesisJob, gate: asyncio.Event) -> None:
        self.closed = asyncio.Event()
        self._events = self._speak(job, gate)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    def grant(self, total_s: float) -> None:
        pass

    async def aclose(self) -> None:
        self.closed.set()

    async def _speak(self, job: SynthesisJob, gate: asyncio.Event) -> AsyncGenerator[Event]:
        samples = np.full(round(RATE * WORD_S), 0.25, dtype="<f4")
        words = job.text.split()
        for index in range(len(words)):
            yield AudioOut(
                **HEAD,
                start_sample=index * len(samples),
                sample_rate=RATE,
                samples=samples.tobytes(),
                step_s=0.001,
            )
            await gate.wait()
        yield Done(**HEAD, audio_s=len(words) * WORD_S, processing_s=0.01)


class FakeHearing:
    """Hears the number of samples: a partial for each message, a final for each second and at the end.

    While the bus's gate is shut it hears no more than the first second of a file.
    """

    def __init__(self, job: RecognitionJob, gate: asyncio.Event) -> None:
        self.closed = asyncio.Event()
        self.told = 0
        self._gate = gate
        self._job = job
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._start = self._end = 0

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._tell()

    async def _tell(self) -> AsyncGenerator[Event]:
        while not isinstance(event := await self._events.get(), Done):
            yield event
            self.told += 1
        yield event

    async def send(self, samples: np.ndarray) -> None:
        if self._end >= 16_000:
            await self._gate.wait()
        self._end += len(samples)
        if self._job.partials:
            self._events.put_nowait(Partial(**HEAD, text=self._text(), audio_s=self._end / 16_000))
        if self._end - self._start >= 16_000:
            self._final()

    @property
    def heard_s(self) -> float:
        return self._end / 16_000

    async def finalize(self, mark: int) -> None:
        self._events.put_nowait(Finalized(**HEAD, mark=mark))

    async def end(self) -> None:
        if self._end > self._start:
            self._final()
        self._events.put_nowait(Done(**HEAD, audio_s=self._end / 16_000, processing_s=0.0))

    async def aclose(self) -> None:
        self.closed.set()

    def _text(self) -> str:
        return f" {self._end - self._start} [samples]"

    def _final(self) -> None:
        start_s, end_s = self._start / 16_000, self._end / 16_000
        words = (Word("samples", start_s, end_s),) if self._job.word_timestamps else ()
        self._events.put_nowait(Final(**HEAD, text=self._text(), start_s=start_s, end_s=end_s, words=words))
        self._start = self._end


@dataclass
class FakeBus:
    """Workers that are always there; keeps the jobs."""

    connected: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    jobs: list[SynthesisJob | RecognitionJob] = field(default_factory=list)
    streams: list[FakeSpeech | FakeHearing] = field(default_factory=list)
    refusal: Exception | None = None

    def offerings(self, kind: Kind) -> list[Presence]:
        model = {"tts": "hibari", "stt": "moonshine-tiny-en"}[kind]
        return [Presence(worker="w", kind=kind, model=model, languages=("en",), voices=("heart",))]

    async def synthesize(self, job: SynthesisJob, *, tenant: str, prefer: str = "") -> FakeSpeech:
        return self._opened(job, FakeSpeech(job, self.gate))

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> FakeHearing:
        if self.refusal:
            raise self.refusal
        return self._opened(job, FakeHearing(job, self.gate))

    def _opened(self, job: Any, stream: Any) -> Any:
        self.jobs.append(job)
        self.streams.append(stream)
        return stream


@dataclass
class Served:
    """A running server, and the bus behind it."""

    url: str
    bus: FakeBus
    key: str = KEY


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    settings = Settings(state_dir=tmp_path, api_port=0, shutdown_grace_s=0.2)
    bus = FakeBus()
    bus.gate.set()
    with local_store(tmp_path / "catalog") as store:
        voices = Voices(aliases={}, default="heart", store=store)
        services = Services(
            settings, bus, LocalKeys([KEY]), voices, ModelNames(settings), Dictionaries(store)
        )
        async with listening(create_app(services), settings, services.lifetime) as [port]:
            yield Served(f"http://127.0.0.1:{port}", bus)


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key and no address but those that a test gives."""
    monkeypatch.setenv("ANTIPHON_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("ANTIPHON_API_KEY", raising=False)
    monkeypatch.delenv("ANTIPHON_CONFIG", raising=False)


@pytest.fixture
def run(no_settings: None) -> Callable[..., Awaitable[Any]]:
    """Run a command as a person would, beside the server's loop; gives exit status, stdout and stderr."""

    async def run(app: Any, *arguments: str, stdin: bytes = b"") -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, input=stdin)

    return run


@pytest.fixture
def command(served: Served, run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """`run`, with the address and key of the served app."""

    async def command(app: Any, *arguments: str, stdin: bytes = b"") -> Any:
        return await run(app, *arguments, "--url", served.url, "--api-key", served.key, stdin=stdin)

    return command
