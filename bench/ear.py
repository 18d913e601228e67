"""What the benches of recognition share: a worker's engine that hears one recording, and recordings."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.files import decode_file
from antiphon.contract.events import Event, Final, Partial, Word
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.models.protocols import STTModel, Transcript
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

RATE = 16_000

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one stream."""

    finals: tuple[Final, ...]
    partials: tuple[Partial, ...]

    @property
    def text(self) -> str:
        """All that is final."""
        return "".join(final.text for final in self.finals)

    @property
    def words(self) -> tuple[Word, ...]:
        """With their times, where they were asked for."""
        return tuple(word for final in self.finals for word in final.words)


@dataclass(frozen=True, slots=True)
class Recording:
    """Speech of known words, at 16 kHz."""

    name: str
    group: str
    text: str
    samples: Samples


class Ear:
    """The engine as a worker runs it, with the model of a name."""

    def __init__(self, name: str) -> None:
        store = ModelStore(load_settings().models_dir)
        self.model: STTModel[Any] = load_stt(name, store)
        self._vad = load_vad(store)

    def bare(self, samples: Samples) -> str:
        """What the model itself writes of a stretch of audio."""
        [transcript] = self.model.step([self.model.start()], [samples], word_timestamps=[False])
        return transcript.text

    def hear(
        self, pieces: Iterable[Samples], *, checked: bool = True, finalize: bool = False, **job: Any
    ) -> Said:
        """Hear a stream, piece by piece.

        Args:
            pieces: at 16 kHz.
            checked: whether the engine may doubt what the model writes.
            finalize: whether to ask for all text before the end.
            job: fields of the job, see `RecognitionJob`.
        """
        events: list[Event] = []
        engine = HearingEngine(
            self.model if checked else _Believed(self.model),
            self._vad,
            limits=Limits(),
            emit=events.append,
            released=lambda _: None,
        )
        options = {"language": "en", "partials": True} | job
        engine.add(RecognitionJob(job="1", api="", model=self.model.name, **options))
        seq = 0
        for seq, piece in enumerate(pieces, 1):
            engine.tell("1", AudioIn(0, seq - 1, piece.astype(np.float32).tobytes()))
            _run(engine)
        if finalize:
            engine.tell("1", Finalize(0, seq, 1))
            seq += 1
            _run(engine)
        engine.tell("1", EndOfAudio(0, seq))
        _run(engine)
        return Said(
            tuple(event for event in events if isinstance(event, Final)),
            tuple(event for event in events if isinstance(event, Partial)),
        )


class _Believed:
    """A model that gives nothing by which its words could be doubted."""

    def __init__(self, model: STTModel[Any]) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, *args: Any, **options: Any) -> list[Transcript]:
        """As the model's own."""
        return [replace(transcript, passages=()) for transcript in self._model.step(*args, **options)]


def _run(engine: HearingEngine) -> None:
    while engine.busy:
        engine.step()


def pieces(samples: Samples, seconds: float = 0.1, rate: int = RATE) -> Iterator[Samples]:
    """A recording as a client sends it."""
    step = round(seconds * rate)
    for start in range(0, len(samples), step):
        yield samples[start : start + step]


def load(path: Path) -> Samples:
    """A file at 16 kHz, mono."""
    return np.concatenate(list(decode_file(path, target_rate=RATE)))


def recordings(manifest: Path, group: str = "") -> Iterator[Recording]:
    """The recordings of a manifest: a JSON list or JSON lines of ``file`` and ``text``.

    Args:
        manifest: the files lie beside it.
        group: only those of this one; empty: all.
    """
    text = manifest.read_text()
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    for row in rows:
        kind = row.get("group", "human")
        if row.get("language", "en") == "en" and kind.startswith(group):
            yield Recording(row["file"], kind, row["text"], load(manifest.parent / row["file"]))


def at_level(samples: Samples, dbfs: float) -> Samples:
    """Scaled so that the RMS of its loud tenths of a second is so many dBFS."""
    blocks = samples[: len(samples) // 1_600 * 1_600].reshape(-1, 1_600)
    power = np.mean(np.square(blocks), axis=1)
    loud = power[power >= 0.1 * power.max()]
    return (samples * 10 ** (dbfs / 20) / np.sqrt(loud.mean())).astype(np.float32)
