"""One synthesis job on its way through the engine."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from antiphon.contract.events import AudioOut, Done, Event, Failed, Timestamps, Word
from antiphon.contract.jobs import SynthesisJob
from antiphon.contract.wire import MAX_PAYLOAD_BYTES
from antiphon.engine.cost import StepCost
from antiphon.engine.pacing import FIRST_FRAMES, next_frames
from antiphon.engine.trimming import KEPT_S, LeadTrimmer
from antiphon.models.protocols import Samples, Timed, TTSState

StateT = TypeVar("StateT", bound=TTSState)


@dataclass(slots=True)
class Clock:
    """What the listener of this job has left, as far as the worker can know."""

    joined_at: float
    dry_at: float | None = None

    def sent(self, now: float, seconds: float) -> None:
        """Audio left for the listener."""
        self.dry_at = max(now, self.dry_at or now) + seconds


class VoiceStream(Generic[StateT]):
    """A job, its model state, and what was made of it so far.

    Args:
        job: what to speak.
        sample_rate, frame_samples: of the model.
        now: event time (seconds, monotonic).
    """

    def __init__(self, job: SynthesisJob, *, sample_rate: int, frame_samples: int, now: float) -> None:
        self.job = job
        self.state: StateT | None = None
        self.credit_s = job.credit_s
        self.processing_s = 0.0
        self.frames = FIRST_FRAMES  # size of the next chunk
        self.sent = 0  # samples passed on, or skipped because an earlier attempt passed them on
        self.clock = Clock(now, None if job.lead_s is None else now + job.lead_s)
        self.first_audio_at: float | None = None
        self._rate = sample_rate
        self._frame = frame_samples
        self._trimmer = LeadTrimmer(sample_rate) if job.trim_lead else None
        self._skipped = 0  # samples at the start that were never made
        self._trimmed = 0  # position of the audio's start in the utterance
        self._made = 0  # position in the utterance up to which samples were made or skipped
        self._last_frames = 0
        self._seq = 0

    def planned(self, state: StateT) -> None:
        """The model has planned the utterance: leave out what need not be made."""
        self.state = state
        if self._trimmer:
            kept = math.ceil(KEPT_S * self._rate / self._frame)
            state.skip_to(max(0, state.silent_frames - kept))
            self._skipped = self._made = state.done_frames * self._frame

    @property
    def planned_state(self) -> StateT:
        """The state of a stream that was planned."""
        if self.state is None:
            raise AssertionError("a chunk was asked for before the plan")
        return self.state

    @property
    def complete(self) -> bool:
        """Whether the whole utterance was made."""
        return self.state is not None and self.state.done_frames >= self.state.total_frames

    @property
    def wants_step(self) -> bool:
        """Whether there is something to make and credit to send it."""
        return self.state is None or (not self.complete and self.sent / self._rate < self.credit_s)

    @property
    def begun(self) -> bool:
        """Whether a chunk was made: the first one costs more, for the context before it."""
        return self._last_frames > 0

    def lead_s(self, now: float) -> float | None:
        """Seconds of audio the listener has left, negative once it ran dry; None while nothing was sent."""
        return None if self.clock.dry_at is None else self.clock.dry_at - now

    @property
    def rest_s(self) -> float | None:
        """Seconds of audio still to be made; None before the plan."""
        if self.state is None:
            return None
        return (self.state.total_frames - self.state.done_frames) * self._frame / self._rate

    def frames_wanted(self, now: float, *, alone: bool, cost: StepCost) -> int:
        """Size of the next chunk, no larger than what is left; see `next_frames`."""
        if self.state is None:
            return FIRST_FRAMES
        frames = FIRST_FRAMES
        if self._trimmer and not self._trimmer.done:
            frames += max(0, self.state.onset_frame - self.state.done_frames)
        elif self.begun:
            frames = next_frames(self._last_frames, self.lead_s(now) or 0.0, alone=alone, cost=cost)
        return min(frames, self.state.total_frames - self.state.done_frames)

    def chunk(self, samples: Samples, *, now: float, step_s: float) -> Iterator[Event]:
        """Events for the samples that a step of ``step_s`` seconds made."""
        start, self._made = self._made, self._made + len(samples)
        self.processing_s += step_s
        self._last_frames = FIRST_FRAMES if self.first_audio_at is None else len(samples) // self._frame
        if self._trimmer and not self._trimmer.done:
            samples = self._trimmer.push(samples)
            if not self._trimmer.done:
                return
            self._trimmed = self._skipped + self._trimmer.dropped
            start = self._trimmed
        position = start - self._trimmed
        fresh = max(0, self.job.resume_at_sample - position)
        if fresh:
            samples, position = samples[fresh:], position + fresh
            self._skip_heard()
        if len(samples):
            yield from self._audio(samples, position, step_s)
            self.clock.sent(now, len(samples) / self._rate)
            self.first_audio_at = self.first_audio_at or now

    def finish(self) -> Done:
        """The last event of a job that went well."""
        return Done(
            job=self.job.job,
            attempt=self.job.attempt,
            seq=self._take_seq(),
            audio_s=self.sent / self._rate,
            processing_s=self.processing_s,
        )

    def fail(self, message: str, *, retryable: bool) -> Event:
        """The last event of a job that went wrong."""
        return Failed(
            job=self.job.job,
            attempt=self.job.attempt,
            seq=self._take_seq(),
            message=message,
            retryable=retryable,
        )

    def _skip_heard(self) -> None:
        """Don't make what an earlier attempt already passed on."""
        state = self.planned_state
        frame = (self._trimmed + self.job.resume_at_sample) // self._frame
        if frame > state.done_frames:
            state.skip_to(min(frame, state.total_frames))
            self._made = state.done_frames * self._frame

    def _audio(self, samples: Samples, position: int, step_s: float) -> Iterator[Event]:
        state = self.planned_state
        first, last = position + self._trimmed, position + self._trimmed + len(samples)
        if self.sent == 0 and position == 0:
            first = 0  # words that begin in the trimmed silence belong to the first chunk
        words = self._timed(state.words, first, last)
        phonemes = self._timed(state.phonemes, first, last)
        if words or phonemes:
            yield Timestamps(
                job=self.job.job,
                attempt=self.job.attempt,
                seq=self._take_seq(),
                words=words,
                phonemes=phonemes,
            )
        size = MAX_PAYLOAD_BYTES // 4
        for offset in range(0, len(samples), size):
            piece = samples[offset : offset + size]
            yield AudioOut(
                job=self.job.job,
                attempt=self.job.attempt,
                seq=self._take_seq(),
                start_sample=position + offset,
                sample_rate=self._rate,
                samples=piece.tobytes(),
                step_s=step_s,
            )
        self.sent = position + len(samples)

    def _timed(self, items: Sequence[Timed], first: int, last: int) -> tuple[Word, ...]:
        def seconds(sample: int) -> float:
            return max(0, sample - self._trimmed) / self._rate

        return tuple(Word(t.text, seconds(t.start), seconds(t.end)) for t in items if first <= t.start < last)

    def _take_seq(self) -> int:
        seq, self._seq = self._seq, self._seq + 1
        return seq
