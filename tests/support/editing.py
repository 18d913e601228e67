"""A fake bus whose one worker speaks tones, and whose other hears what a test tells it to have heard."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from antiphon.contract.events import AudioOut, Done, Event, Final, Timestamps, Word
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from antiphon.contract.presence import Presence

RATE = 24_000
WORD_S = 0.25
LEAD_S = 0.02
TAIL_S = 0.2


def tone(seconds: float, rate: int, *, amplitude: float = 0.3, hertz: float = 220.0) -> np.ndarray:
    """A sine, as float32."""
    at = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


class ToneSpeech:
    """A job that speaks a tone of `WORD_S` for each word at speed 1, between silences."""

    worker = "w"

    def __init__(self, job: SynthesisJob, bus: "EditingBus") -> None:
        self.job = job
        self.closed = False
        self._bus = bus

    def grant(self, total_s: float) -> None:
        pass

    async def aclose(self) -> None:
        self.closed = True

    async def __aiter__(self) -> AsyncGenerator[Event]:
        head: dict[str, Any] = {"job": self.job.job, "attempt": 0, "seq": 0}
        word_s = WORD_S / self.job.speed
        texts = self.job.text.split()
        words = tuple(
            Word(text, LEAD_S + i * word_s, LEAD_S + (i + 1) * word_s) for i, text in enumerate(texts)
        )
        yield Timestamps(**head, words=words, phonemes=())
        silences = np.zeros(round(LEAD_S * RATE), np.float32), np.zeros(round(TAIL_S * RATE), np.float32)
        samples = np.concatenate((silences[0], tone(len(texts) * word_s, RATE), silences[1]))
        for start in range(0, len(samples), 4800):
            await self._bus.gate.wait()
            if self._bus.failure and len(self._bus.jobs) > self._bus.failure_after_jobs:
                raise self._bus.failure
            piece = samples[start : start + 4800].tobytes()
            yield AudioOut(**head, start_sample=start, sample_rate=RATE, samples=piece, step_s=0.002)
        yield Done(**head, audio_s=len(samples) / RATE, processing_s=0.01)


class ScriptedHearing:
    """A recognition that takes in everything, then tells the words of the script."""

    def __init__(self, job: RecognitionJob, bus: "EditingBus") -> None:
        self.job = job
        self.closed = asyncio.Event()
        self.samples = 0
        self.heard_s = 0.0
        self._bus = bus
        self._ended = asyncio.Event()

    async def send(self, samples: np.ndarray) -> None:
        await self._bus.room.wait()
        self.samples += len(samples)

    async def end(self) -> None:
        self._ended.set()

    async def aclose(self) -> None:
        self.closed.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        await self._ended.wait()
        head: dict[str, Any] = {"job": self.job.job, "attempt": 0, "seq": 0}
        for words in self._bus.heard:
            text = " ".join(word.text for word in words)
            yield Final(**head, text=text, start_s=0.0, end_s=self.samples / 16_000, words=tuple(words))
        yield Done(**head, audio_s=self.samples / 16_000, processing_s=0.01)


@dataclass
class EditingBus:
    """Gives out `ToneSpeech` and `ScriptedHearing`, or raises.

    Attributes:
        heard: the words of each final that is recognised.
        failure: raised by every job of speech after the first ``failure_after_jobs``.
    """

    heard: Sequence[Sequence[Word]] = ()
    refusal: Exception | None = None
    failure: Exception | None = None
    failure_after_jobs: int = 0
    connected: bool = True
    speeches: list[ToneSpeech] = field(default_factory=list)
    hearings: list[ScriptedHearing] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    room: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self.room.set()

    @property
    def jobs(self) -> list[SynthesisJob]:
        return [speech.job for speech in self.speeches]

    def offerings(self, kind: str) -> list[Presence]:
        model = {"tts": "hibari", "stt": "moonshine-tiny-en"}[kind]
        voices = ("heart",) if kind == "tts" else ()
        return [Presence(worker="w", kind=kind, model=model, languages=("en",), voices=voices, capacity=8)]

    async def synthesize(self, job: SynthesisJob, *, tenant: str, prefer: str = "") -> ToneSpeech:
        self.tenants.append(tenant)
        if self.refusal:
            raise self.refusal
        speech = ToneSpeech(job, self)
        self.speeches.append(speech)
        return speech

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> ScriptedHearing:
        self.tenants.append(tenant)
        hearing = ScriptedHearing(job, self)
        self.hearings.append(hearing)
        return hearing
