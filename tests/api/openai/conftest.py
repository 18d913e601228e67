"""The served app of the folder above, with a worker that hears: a word in every quarter second of sound."""

import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest

from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.contract.presence import Presence
from antiphon.engine.ear import HearingStream
from antiphon.models.protocols import Timed, Transcript
from antiphon.speech.listener import Listener, ListenerOptions, Window
from support.told import ToldEvents

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
WORD_SAMPLES = 4000


class FakeHearing(ToldEvents):
    """A job on the fake worker; what it says of a window depends on how long the sound in it is."""

    def __init__(self, job: RecognitionJob, bus: "FakeEars") -> None:
        super().__init__()
        self.job = job
        options = ListenerOptions(
            max_silence_s=job.max_silence_s, min_volume=job.min_volume, partials=job.partials
        )
        self._bus = bus
        self._stream = HearingStream(job, Listener(options), np.zeros(1, np.float32))
        self._seq = 0

    async def send(self, samples: np.ndarray) -> None:
        if self._bus.failure:
            self.fail(self._bus.failure)
        self._take(AudioIn, samples=samples.astype("<f4").tobytes())

    async def end(self) -> None:
        self._take(EndOfAudio)

    def _take(self, kind: type, **values: Any) -> None:
        self._stream.take(kind(attempt=0, seq=self._seq, **values))
        self._seq += 1
        listener = self._stream.listener
        while (frame := listener.next_frame()) is not None:
            self._stream.judge(1.0 if np.abs(frame).max() > 0.1 else 0.0)
            self._recognise()
        self._recognise()

    def _recognise(self) -> None:
        listener = self._stream.listener
        while listener.owes_final or listener.partial_due(0.4):
            window = listener.next_window()
            assert window is not None
            self._say(listener.hear(window, self._heard(window)))
        self._say(listener.poll())

    def _heard(self, window: Window) -> Transcript:
        sounding = np.flatnonzero(np.abs(window.samples) > 0.1)
        first, last = (int(sounding[0]), int(sounding[-1]) + 1) if len(sounding) else (0, 0)
        count = min((last - first) // WORD_SAMPLES, len(WORDS))
        texts = list(WORDS[:count])
        if window.final and texts:
            texts[-1] += "."
        words = [
            Timed(text, first + i * WORD_SAMPLES, first + (i + 1) * WORD_SAMPLES)
            for i, text in enumerate(texts)
        ]
        return Transcript(" ".join(texts), tuple(words) if self.job.word_timestamps else ())

    def _say(self, outputs: list[Any]) -> None:
        for output in outputs:
            if voice := self._stream.voice(1):
                self.tell(voice)
            self.tell(self._stream.event(output))
        if voice := self._stream.voice(3):
            self.tell(voice)


@dataclass
class FakeEars:
    """The hearing half of the bus; ``refusal`` meets every job, ``failure`` those that get audio."""

    refusal: Exception | None = None
    failure: Exception | None = None
    streams: list[FakeHearing] = field(default_factory=list)

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> FakeHearing:
        if self.refusal:
            raise self.refusal
        self.streams.append(FakeHearing(job, self))
        return self.streams[-1]


@pytest.fixture
def ears() -> FakeEars:
    return FakeEars()


@pytest.fixture
def bus(bus: Any, ears: FakeEars) -> Any:
    speaks = bus.offerings
    hearing = Presence(worker="e", kind="stt", model="moonshine-tiny-en", languages=("en",))
    bus.offerings = lambda kind: speaks(kind) if kind == "tts" else [hearing]
    bus.recognize = ears.recognize
    return bus


@pytest.fixture
async def http(served: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers, timeout=30) as client:
        yield client


def tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    return (0.5 * np.sin(np.arange(round(seconds * rate)) * (0.3 * 16_000 / rate))).astype(np.float32)


def wav(*stretches: float) -> bytes:
    """A file of sound and silence by turns, each so many seconds."""
    parts = [
        tone(s) if i % 2 == 0 else np.zeros(round(s * 16_000), np.float32) for i, s in enumerate(stretches)
    ]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.concatenate(parts) * 32767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.fixture
def recording() -> bytes:
    """Three words, a long pause, two words."""
    return wav(0.8, 2.5, 0.55, 0.5)


@pytest.fixture
def make_wav() -> Any:
    return wav
