"""One stream of speech that is heard: what the engine keeps of it."""

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from antiphon.contract.events import Done, Ending, Event, Failed, Final, Finalized, Heard, Partial, Voice
from antiphon.contract.jobs import AudioIn, EndOfAudio, Finalize, RecognitionJob
from antiphon.engine.belief import Stretch, believed
from antiphon.models.protocols import Hints, Transcript
from antiphon.speech.listener import SAMPLE_RATE, Listener
from antiphon.speech.windows import Ended, FinalText, Output, PartialText, Window
from antiphon.speech.windows import Finalized as FinalizedOutput

HEARD_EVERY_S = 1.0

VOICE_FRAMES = 3
"""Frames of voice activity told at once (96 ms), unless text comes before."""

COMPLETE = 0.5
"""A pause that is an ending at least so likely ends its utterance: if the speaker goes on, it was torn."""

Reason = Literal["final", "partial", "file"]
"""Text that somebody waits for and that will not change; text so far; text that nobody waits for live."""


class HearingStream:
    """A recognition job: its listener, the state of its VAD, the numbers of its messages.

    Attributes:
        pauses_judged: whether somebody tells `judge_pause` of each pause.
        language: what is spoken, as far as it was told or found out.
    """

    def __init__(
        self,
        job: RecognitionJob,
        listener: Listener,
        vad_state: NDArray[np.float32],
        *,
        pauses_judged: bool = False,
    ) -> None:
        self.pauses_judged = pauses_judged
        self.job = job
        self.listener = listener
        self.vad_state = vad_state
        self.last_turn = 0  # step that recognised something of this stream last
        self.language = job.language
        self.processing_s = 0.0
        self.judged_at = -math.inf
        self._utterance: tuple[float, Any] = (-1.0, None)  # where it begins, and the model's state of it
        self._needed_s = 0.0
        self._counted_s = job.start_s
        self._next_input = 0
        self._seq = 0
        self._heard_s = job.start_s
        self._received_s = job.start_s
        self._paused_s = -1.0  # where the pause lies that was judged last
        self._voice = bytearray()  # judged, not told yet

    def take(self, message: AudioIn | Finalize | EndOfAudio) -> bool:
        """Feed the listener; False when a message before this one was lost."""
        if message.seq < self._next_input:
            return True
        if message.seq > self._next_input:
            return False
        self._next_input += 1
        match message:
            case AudioIn():
                samples = np.frombuffer(message.samples, np.float32)
                self._received_s += len(samples) / 16_000
                self.listener.push(samples)
            case Finalize():
                self.listener.finalize(message.mark)
            case EndOfAudio():
                self.listener.end()
        return True

    def judge(self, probability: float) -> None:
        """Take the probability of speech in the frame that the listener gave."""
        self.listener.judge(probability)
        if self.job.voice_activity:
            self._voice.append(round(255 * probability))

    @property
    def pause_due(self) -> bool:
        """Whether a pause has begun that is to be judged before anything that follows it."""
        return self.pauses_judged and self.listener.pausing and self.listener.judged_s != self._paused_s

    @property
    def ready(self) -> bool:
        """Whether frames may be judged; not while what follows depends on something else."""
        return self.listener.ready and not self.pause_due

    def judge_pause(self, complete: float | None) -> Event | None:
        """Take how likely the speaker has finished (None: nobody can tell); what there is to tell of it."""
        self._paused_s = self.listener.judged_s
        if complete is None:
            return None
        if complete >= COMPLETE:
            self.listener.conclude()
        return Ending(
            job=self.job.job,
            attempt=self.job.attempt,
            seq=self._take_seq(),
            audio_s=self._paused_s,
            complete=complete,
        )

    def due(self, partial_every_s: float) -> Reason | None:
        """Why something of this stream should be recognised now, if anything should."""
        if self.listener.owes_final:
            if self.job.partials:
                return "final"
            more = self.listener.ready and self.listener.next_frame() is not None
            return None if more else "file"  # windows gather first, to be heard together
        return "partial" if self.listener.partial_due(partial_every_s) else None

    def utterance(self, window: Window, start: Callable[[Hints], Any]) -> Any:
        """The model's state of the utterance that the window is of; a new one by ``start``."""
        if self._utterance[0] != window.start_s:
            self._utterance = (window.start_s, start(Hints(self.job.language, self.job.keyterms)))
        return self._utterance[1]

    def hear(self, window: Window, transcript: Transcript) -> list[Output]:
        """A window was recognised; nothing is kept of an utterance that has ended."""
        self.language = transcript.language or self.language
        if window.final:
            self._utterance = (-1.0, None)
        speech = [
            Stretch(
                round((stretch.start_s - window.start_s) * SAMPLE_RATE),
                round((stretch.end_s - window.start_s) * SAMPLE_RATE),
                stretch.probability,
            )
            for stretch in window.speech
        ]
        return self.listener.hear(window, believed(transcript, speech))

    def spend(self, seconds: float, reason: Reason | None) -> None:
        """Count time that went into this stream."""
        self.processing_s += seconds
        if reason != "partial":
            self._needed_s += seconds

    def needed(self) -> tuple[float, float]:
        """Seconds of work other than partials since the last time, and of the audio judged meanwhile."""
        needed_s, self._needed_s = self._needed_s, 0.0
        audio_s, self._counted_s = self.listener.judged_s - self._counted_s, self.listener.judged_s
        return needed_s, audio_s

    @property
    def heard_much(self) -> bool:
        """Whether `heard` would tell something new."""
        return self.listener.judged_s - self._heard_s >= HEARD_EVERY_S

    def heard(self) -> Event:
        """How far the stream was taken in."""
        self._heard_s = self.listener.judged_s
        return Heard(
            job=self.job.job,
            attempt=self.job.attempt,
            seq=self._take_seq(),
            audio_s=self._heard_s,
            settled_s=self.listener.settled_s,
        )

    def voice(self, at_least: int) -> Event | None:
        """The voice activity that was not told yet; None if it is of fewer frames."""
        if len(self._voice) < at_least:
            return None
        frames, self._voice = bytes(self._voice), bytearray()
        return Voice(
            job=self.job.job,
            attempt=self.job.attempt,
            seq=self._take_seq(),
            audio_s=self.listener.judged_s,
            frames=frames,
        )

    def event(self, output: Output) -> Event:
        """What the listener said, as an event of this job."""
        job, attempt, seq = self.job.job, self.job.attempt, self._take_seq()
        match output:
            case PartialText():
                return Partial(
                    job=job,
                    attempt=attempt,
                    seq=seq,
                    text=output.text,
                    audio_s=output.audio_s,
                    certain=output.certain,
                )
            case FinalText():
                return Final(
                    job=job,
                    attempt=attempt,
                    seq=seq,
                    text=output.text,
                    start_s=output.start_s,
                    end_s=output.end_s,
                    words=output.words,
                    language=self.language,
                    closed=output.closed,
                )
            case FinalizedOutput():
                return Finalized(job=job, attempt=attempt, seq=seq, mark=output.mark)
            case Ended():
                return Done(
                    job=job,
                    attempt=attempt,
                    seq=seq,
                    audio_s=self._received_s - self.job.start_s,
                    processing_s=self.processing_s,
                )

    def fail(self, message: str) -> Event:
        """The last event of a job that went wrong here but may go well elsewhere."""
        job, attempt = self.job.job, self.job.attempt
        return Failed(job=job, attempt=attempt, seq=self._take_seq(), message=message, retryable=True)

    def _take_seq(self) -> int:
        seq, self._seq = self._seq, self._seq + 1
        return seq
