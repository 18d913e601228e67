"""What all the peers share: how a request becomes chunks, whoever schedules them."""

import json
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pybase64

from antiphon.engine.trimming import LeadTrimmer
from antiphon.models.protocols import Samples, TTSModel, Utterance
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.text.segments import Segmenter

DONE = '{"type":"done","done":true,"status_code":200}'
"""The last event of every answer."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """How chunks grow: the first as small as can be heard, later ones so large that they cost little.

    Attributes:
        first: frames of the first chunk beyond where its sound most likely begins.
        growth: by how much each chunk is larger than the one before.
        largest: frames a chunk grows to.
    """

    first: int = 6
    growth: float = 2.0
    largest: int = 80

    @classmethod
    def from_environment(cls) -> "Ramp":
        """The ramp that ``PEER_RAMP`` gives, as ``first:growth:largest``; workers inherit it."""
        given = os.environ.get("PEER_RAMP")
        if not given:
            return cls()
        first, growth, largest = given.split(":")
        return cls(int(first), float(growth), int(largest))


def load_model() -> TTSModel[Any]:
    """The model object that Antiphon's own workers serve."""
    return load_tts("hibari", ModelStore(load_settings().models_dir))


class Speech:
    """One request on its way from its text to events.

    Args:
        body: the request, JSON as ``POST /tts/sse`` takes it; only ``transcript`` and a raw ``pcm_s16le``
            output format at the model's own rate are looked at.
        ramp: how its chunks grow.

    Raises:
        ValueError: the request asks for another format, or says nothing.
    """

    def __init__(self, body: dict[str, Any], ramp: Ramp) -> None:
        wanted = body.get("output_format") or {}
        if (wanted.get("encoding"), wanted.get("sample_rate")) != ("pcm_s16le", 24_000):
            raise ValueError("output_format: the peers answer in raw pcm_s16le at 24000 Hz")
        segmenter = Segmenter()
        text = str(body.get("transcript", ""))
        self._segments = deque([*segmenter.push(text), *segmenter.flush()])
        if not self._segments:
            raise ValueError("transcript: there is nothing to speak")
        self._ramp = ramp
        self._next_frames = float(ramp.first)
        self._trimmer = LeadTrimmer(24_000)
        self._index = 0
        self.state: Any = None

    @property
    def begun(self) -> bool:
        """Whether the listener has heard something."""
        return self._trimmer.done

    @property
    def between_segments(self) -> bool:
        """Whether the next step plans a sentence: none is on its way."""
        return self.state is None

    @property
    def done(self) -> bool:
        """Whether everything was spoken."""
        return self.state is None and not self._segments

    def plan(self, model: TTSModel[Any]) -> None:
        """Plan the next sentence, unless one is on its way."""
        if self.state is not None:
            return
        utterance = Utterance(self._segments.popleft(), model.voices[0], "en", segment=self._index)
        self._index += 1
        self.state = model.start(utterance)
        if not self.begun:
            self.state.skip_to(max(0, self.state.silent_frames - 2))  # 20 ms of silence stay: 1.6 frames

    def frames(self) -> int:
        """Frames of the next chunk."""
        if self.begun:
            return int(self._next_frames)
        return max(0, self.state.onset_frame - self.state.done_frames) + self._ramp.first

    def take(self, samples: Samples) -> str | None:
        """The event for a chunk that was made; None while all is silent."""
        if self.state.done_frames >= self.state.total_frames:
            self.state = None
        samples = self._trimmer.push(samples)
        if self.begun:
            self._next_frames = min(self._ramp.largest, self._next_frames * self._ramp.growth)
        return chunk_event(samples) if len(samples) else None


def step(model: TTSModel[Any], speeches: Sequence[Speech]) -> list[str | None]:
    """Make the next chunk of each, in one batch."""
    for speech in speeches:
        speech.plan(model)
    made = model.step([s.state for s in speeches], [s.frames() for s in speeches])
    return [speech.take(samples) for speech, samples in zip(speeches, made, strict=True)]


def chunk_event(samples: Samples) -> str:
    """An event with audio, as JSON text."""
    pcm = np.clip(np.rint(samples * 2**15), -(2**15), 2**15 - 1).astype("<i2").tobytes()
    # Base64 needs no escaping: writing it between quotes is what a JSON library would do.
    data = pybase64.b64encode_as_string(pcm)
    return f'{{"type":"chunk","data":"{data}","done":false,"status_code":206}}'


def server_sent(event: str) -> str:
    """An event in the form of an event stream."""
    return f"data: {event}\n\n"


def refusal(error: ValueError) -> str:
    """An error event."""
    return json.dumps({"type": "error", "title": "Bad request", "message": str(error), "status_code": 400})
