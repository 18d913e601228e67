"""From the events of a context's segments to what its client gets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from antiphon.api.tts.plan import Plan
from antiphon.audio.containers import Encoder, make_encoder
from antiphon.audio.samples import Samples
from antiphon.contract.events import AudioOut, Timestamps, Word
from antiphon.speech.context import End, FlushDone, Pause
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


@dataclass(frozen=True, slots=True)
class _Track:
    """What audio of a known rate goes through."""

    encoder: Encoder
    timeline: Timeline


class Renderer:
    """Encodes the audio of one context and moves its timestamps to the context's time.

    There is one encoder (and with it one resampler) for the whole context, so that no seam is heard where
    segments join.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._flush_id = 1
        self._held: list[Timestamps] = []
        # Made when the first audio tells its rate; silence before that is owed.
        self._track: _Track | None = None
        self._owed_s = 0.0

    @property
    def began(self) -> bool:
        """There was audio, or silence that somebody asked for."""
        return self._track is not None or self._owed_s > 0

    @property
    def position_s(self) -> float:
        """Seconds of audio so far."""
        return self._track.timeline.position_s if self._track else 0.0

    def begin_segment(self, flush_id: int) -> None:
        """The events that follow are of the next segment."""
        self._flush_id = flush_id
        self._held.clear()
        if self._track:
            self._track.timeline.begin_segment()

    def hold(self, timestamps: Timestamps) -> None:
        """Keep timestamps for the audio that they come before."""
        self._held.append(timestamps)

    def render(self, event: AudioOut, samples: Samples) -> Iterator[Output]:
        """What to send for a piece of audio.

        Args:
            event: the piece.
            samples: its samples at its rate, as they are to be heard.
        """
        if self._track is None:
            self._track = self._make_track(event.sample_rate)
            yield from self._silence(self._track, self._owed_s)
            self._track.timeline.begin_segment()
        timeline = self._track.timeline
        for held in self._held:
            if self._plan.word_timestamps and held.words:
                yield Words(timeline.place_words(held.words), self._flush_id)
            if self._plan.phoneme_timestamps and held.phonemes:
                yield Phonemes(timeline.place_phonemes(held.phonemes), self._flush_id)
        self._held.clear()
        timeline.advance(len(samples))
        if data := self._track.encoder.push(samples):
            yield Chunk(data, event.step_s * 1000, self._flush_id)

    def pause(self, pause: Pause) -> Iterator[Output]:
        """Silence between segments."""
        self._flush_id = pause.flush_id
        if self._track is None:
            self._owed_s += pause.seconds
        else:
            yield from self._silence(self._track, pause.seconds)

    def finish(self) -> Iterator[Output]:
        """What the encoder still holds at the end of the context."""
        if self._track is None:
            self._track = self._make_track(self._plan.output_format.sample_rate)
            yield from self._silence(self._track, self._owed_s)
        if data := self._track.encoder.finish():
            yield Chunk(data, 0.0, self._flush_id)

    def _make_track(self, sample_rate: int) -> _Track:
        return _Track(make_encoder(self._plan.output_format, sample_rate), Timeline(sample_rate))

    def _silence(self, track: _Track, seconds: float) -> Iterator[Output]:
        left = round(seconds * track.timeline.sample_rate)
        while left > 0:
            samples = np.zeros(min(left, track.timeline.sample_rate), np.float32)
            left -= len(samples)
            track.timeline.advance(len(samples))
            if data := track.encoder.push(samples):
                yield Chunk(data, 0.0, self._flush_id)


def samples_of(event: AudioOut, volume: float) -> Samples:
    """The samples of a piece of audio, made louder or softer."""
    samples = np.frombuffer(event.samples, dtype="<f4")
    return samples if volume == 1.0 else samples * np.float32(volume)
