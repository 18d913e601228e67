"""A dispatcher behind which everything works: a worker that speaks a tone, and one that hears by level.

Unlike the fakes of the single routes it has nothing to be set or looked at: it is there so that every path of
the API has something to answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from antiphon.api.models import ModelNames
from antiphon.api.services import Services
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.store import local_store
from antiphon.catalog.voices import Voices
from antiphon.contract.events import AudioOut, Done, Event, Final, Finalized, Partial, Timestamps, Voice, Word
from antiphon.contract.jobs import RecognitionJob, SynthesisJob
from antiphon.contract.presence import Presence
from antiphon.contract.subjects import Kind
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings

KEY = "test-key"
SPOKEN_HZ = 24_000
HEARD_HZ = 16_000
WORD_S = 0.05
FRAME_SAMPLES = 512
MODELS: dict[Kind, str] = {"tts": "hibari", "stt": "moonshine-tiny-en"}


class Speaking:
    """Each word of a job is a twentieth of a second of tone."""

    worker = "w"

    def __init__(self, job: SynthesisJob) -> None:
        self._job = job

    def grant(self, total_s: float) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Event]:
        numbers = count()
        words = self._job.text.split()
        tone = np.full(round(SPOKEN_HZ * WORD_S), 0.25, dtype="<f4").tobytes()
        for index, word in enumerate(words):
            timed = Word(word, index * WORD_S, (index + 1) * WORD_S)
            yield Timestamps(
                job=self._job.job, attempt=0, seq=next(numbers), words=(timed,), phonemes=(timed,)
            )
            yield AudioOut(
                job=self._job.job,
                attempt=0,
                seq=next(numbers),
                start_sample=index * round(SPOKEN_HZ * WORD_S),
                sample_rate=SPOKEN_HZ,
                samples=tone,
                step_s=0.001,
            )
        yield Done(
            job=self._job.job, attempt=0, seq=next(numbers), audio_s=len(words) * WORD_S, processing_s=0.001
        )


class Hearing:
    """Hears "word" in whatever it is sent, and speech in what is not silence."""

    worker = "w"

    def __init__(self, job: RecognitionJob) -> None:
        self._job = job
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._numbers = count()
        self._samples = self._said = 0
        self._over = False

    async def send(self, samples: NDArray[np.float32]) -> None:
        self._samples += len(samples)
        if self._job.voice_activity:
            padded = np.pad(np.abs(samples), (0, -len(samples) % FRAME_SAMPLES))
            frames = (padded.reshape(-1, FRAME_SAMPLES).max(axis=1) > 0.01) * np.uint8(255)
            self._say(Voice, audio_s=self.heard_s, frames=frames.astype(np.uint8).tobytes())
        if self._job.partials:
            self._say(Partial, text="word", audio_s=self.heard_s)

    async def finalize(self, mark: int) -> None:
        self._final()
        self._say(Finalized, mark=mark)

    async def end(self) -> None:
        self._final()
        self._say(Done, audio_s=self.heard_s, processing_s=0.001)

    async def aclose(self) -> None:
        pass

    def __aiter__(self) -> "Hearing":
        return self

    async def __anext__(self) -> Event:
        if self._over:
            raise StopAsyncIteration
        event = await self._events.get()
        self._over = isinstance(event, Done)
        return event

    @property
    def heard_s(self) -> float:
        return self._samples / HEARD_HZ

    def _final(self) -> None:
        start_s, self._said = self._said / HEARD_HZ, self._samples
        words = (Word("word", start_s, self.heard_s),) if self._job.word_timestamps else ()
        self._say(Final, text=" word", start_s=start_s, end_s=self.heard_s, words=words)

    def _say(self, kind: type[Event], **fields: object) -> None:
        self._events.put_nowait(kind(job=self._job.job, attempt=0, seq=next(self._numbers), **fields))


class Everything:
    """The dispatcher."""

    connected = True

    def offerings(self, kind: Kind) -> list[Presence]:
        voices = ("heart",) if kind == "tts" else ()
        return [
            Presence(
                worker="w",
                kind=kind,
                model=MODELS[kind],
                languages=("en",),
                voices=voices,
                load=1,
                capacity=8,
            )
        ]

    async def synthesize(self, job: SynthesisJob, *, tenant: str, prefer: str = "") -> Speaking:
        return Speaking(job)

    async def recognize(self, job: RecognitionJob, *, tenant: str) -> Hearing:
        return Hearing(job)


@contextmanager
def services_for_everything(folder: Path) -> Iterator[Services]:
    """What an app needs, with a store in this folder."""
    settings = Settings(
        state_dir=folder, api_port=0, shutdown_grace_s=0.2, max_message_bytes=64 * 1024, max_clip_s=10
    )
    with local_store(folder / "catalog") as store:
        yield Services(
            settings=settings,
            dispatcher=Everything(),
            authorizer=LocalKeys([KEY]),
            voices=Voices(aliases={}, default="heart", store=store),
            models=ModelNames(settings),
            dictionaries=Dictionaries(store),
        )
