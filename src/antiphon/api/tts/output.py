"""From the events of a context's segments to what its client gets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from antiphon.api.tts.plan import Plan
from antiphon.audio.containers import Encoder, make_encoder
from antiphon.audio.samples import Samples
from antiphon.contract.events import AudioOut, Timestamps, Word
from antiphon.speech.context import End, FlushDone
from antiphon.speech.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Chunk:
    """Encoded audio; ``step_ms`` is the engine time it took."""

    data: bytes
    step_ms: float
    flush_id: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words that begin in the chunk after this, in seconds of the context."""

    words: tuple[Word, ...]
    flush_id: int


@dataclass(frozen=True, slots=True)
class Phonemes:
    """Phonemes that begin in the chunk after this, in seconds of the context."""

    phonemes: tuple[Word, ...]
    flush_id: int


Output = Chunk | Words | Phonemes | FlushDone | End


class Renderer:
    """Encodes the audio of one context and moves its timestamps to the context's time.

    There is one encoder (and with it one resampler) for the whole context, so that no seam is heard where
    segments join.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._flush_id = 1
        self._held: list[Timestamps] = []
        # Made when the first audio tells its rate.
        self._encoder: Encoder | None = None
        self._timeline: Timeline | None = None

    @property
    def began(self) -> bool:
        """There was audio."""
        return self._encoder is not None

    def begin_segment(self, flush_id: int) -> None:
        """The events that follow are of the next segment."""
        self._flush_id = flush_id
        self._held.clear()
        if self._timeline:
            self._timeline.begin_segment()

    def hold(self, timestamps: Timestamps) -> None:
        """Keep timestamps for the audio that they come before."""
        self._held.append(timestamps)

    def render(self, event: AudioOut, samples: Samples) -> Iterator[Output]:
        """What to send for a piece of audio.

        Args:
            event: the piece.
            samples: its samples at its rate, as they are to be heard.
        """
        encoder = self._encoder = self._encoder or make_encoder(self._plan.output_format, event.sample_rate)
        timeline = self._timeline = self._timeline or Timeline(event.sample_rate)
        for held in self._held:
            if self._plan.word_timestamps and held.words:
                yield Words(timeline.place_words(held.words), self._flush_id)
            if self._plan.phoneme_timestamps and held.phonemes:
                yield Phonemes(timeline.place_phonemes(held.phonemes), self._flush_id)
        self._held.clear()
        timeline.advance(len(samples))
        if data := encoder.push(samples):
            yield Chunk(data, event.step_s * 1000, self._flush_id)

    def finish(self) -> Iterator[Output]:
        """What the encoder still holds at the end of the context."""
        if self._encoder and (data := self._encoder.finish()):
            yield Chunk(data, 0.0, self._flush_id)


def samples_of(event: AudioOut, volume: float) -> Samples:
    """The samples of a piece of audio, made louder or softer."""
    samples = np.frombuffer(event.samples, dtype="<f4")
    return samples if volume == 1.0 else samples * np.float32(volume)
