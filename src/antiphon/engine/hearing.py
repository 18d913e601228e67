"""The hearing engine: voice activity per stream, recognition in batches over streams."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.contract.events import Done, Event, Failed, Final, Finalized, Heard, Partial
from antiphon.contract.jobs import AudioIn, Cancel, EndOfAudio, Finalize, JobInput, RecognitionJob
from antiphon.engine.cost import UNMEASURED, Limits, Outlook
from antiphon.models.protocols import VAD, STTModel, Transcript
from antiphon.speech.listener import (
    Ended,
    FinalText,
    Listener,
    ListenerOptions,
    Output,
    PartialText,
    Window,
)
from antiphon.speech.listener import Finalized as FinalizedOutput
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

VAD_ROUNDS = 32
"""Frames of each stream judged in a step (a second of audio), so that finals don't wait for long files."""

HEARD_EVERY_S = 1.0

STEP_AUDIO_S = 20.0
"""More audio in a batch brings no throughput: it only keeps everybody else waiting."""

_log = get_logger(__name__)


class HearingStream:
    """A recognition job: its listener, the state of its VAD, the numbers of its messages."""

    def __init__(self, job: RecognitionJob, listener: Listener, vad_state: NDArray[np.float32]) -> None:
        self.job = job
        self.listener = listener
        self.vad_state = vad_state
        self.window: Window | None = None  # what the listener wants recognised
        self.utterance: tuple[float, Any] = (-1.0, None)  # where it begins, and the model's state of it
        self.last_turn = 0  # step that recognised something of this stream last
        self.processing_s = 0.0
        self._next_input = 0
        self._seq = 0
        self._heard_s = job.start_s
        self._received_s = job.start_s

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

    @property
    def rank(self) -> tuple[bool, int]:
        """The lowest is recognised first: finals that somebody waits for, then everything by turns."""
        return not (self.owes_final and self.job.partials), self.last_turn

    @property
    def owes_final(self) -> bool:
        """Whether text that will never change waits to be recognised."""
        return self.window is not None and self.window.final

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

    def event(self, output: Output) -> Event:
        """What the listener said, as an event of this job."""
        job, attempt, seq = self.job.job, self.job.attempt, self._take_seq()
        match output:
            case PartialText():
                return Partial(job=job, attempt=attempt, seq=seq, text=output.text, audio_s=output.audio_s)
            case FinalText():
                return Final(
                    job=job,
                    attempt=attempt,
                    seq=seq,
                    text=output.text,
                    start_s=output.start_s,
                    end_s=output.end_s,
                    words=output.words,
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


class HearingEngine:
    """Holds the recognition streams of a worker. All methods are called from one thread.

    Args:
        model, vad: what hears.
        limits: rows of a step, streams held.
        emit: takes each event.
        released: called with a job when its place is free again.
    """

    def __init__(
        self,
        model: STTModel[Any],
        vad: VAD,
        *,
        limits: Limits,
        emit: Callable[[Event], None],
        released: Callable[[RecognitionJob], None],
    ) -> None:
        self._model = model
        self._vad = vad
        self._limits = limits
        self._emit = emit
        self._released = released
        self.outlook = Outlook(0.0, 0.0, limits.max_streams or UNMEASURED)
        self.patience_s = math.inf  # nothing is known yet of what a step takes
        self._streams: dict[str, HearingStream] = {}
        self._busy = False
        self._steps = 0

    def add(self, job: RecognitionJob) -> None:
        """A job joins; a newer attempt of the same job takes the place of the old one."""
        options = ListenerOptions(
            max_silence_s=job.max_silence_s,
            min_volume=job.min_volume,
            partials=job.partials,
            max_window_s=self._model.max_window_s,
            start_s=job.start_s,
        )
        self._streams[job.job] = HearingStream(job, Listener(options), self._vad.initial_state())

    def tell(self, job: str, message: JobInput) -> None:
        """A message for a running job; those for other attempts or finished jobs are dropped."""
        stream = self._streams.get(job)
        if stream is None or message.attempt != stream.job.attempt:
            return
        match message:
            case AudioIn() | Finalize() | EndOfAudio():
                self._busy = True
                if not stream.take(message):
                    self._fail(stream, "Audio was lost on its way to the worker.")
            case Cancel():
                self._release(stream)
            case _:
                pass

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return self._busy

    def step(self) -> None:
        """Judge the new frames of every stream, then recognise one batch of windows."""
        self._steps += 1
        judged = self._judge()
        for stream in list(self._streams.values()):
            if stream.heard_much:
                self._emit(stream.heard())
            for output in stream.listener.poll():
                self._say(stream, output)
        self._busy = self._recognise() or judged

    def _judge(self) -> bool:
        started = time.monotonic()
        judged = False
        for _ in range(VAD_ROUNDS):
            # Audio runs no further ahead of its text than this: that is what bounds how much of it is held.
            pending = [
                (s, frame)
                for s in self._streams.values()
                if not s.owes_final and (frame := s.listener.next_frame()) is not None
            ]
            if not pending:
                break
            judged = True
            results = self._vad.step([f for _, f in pending], [s.vad_state for s, _ in pending])
            for (stream, _), (probability, state) in zip(pending, results, strict=True):
                stream.vad_state = state
                stream.listener.judge(probability)
        if judged:
            spent = time.monotonic() - started
            metrics.WORKER_STEP.labels(model=self._model.name, stage="vad").observe(spent)
        return judged

    def _recognise(self) -> bool:
        rows = self._next_rows()
        if not rows:
            return False
        started = time.monotonic()
        transcripts = self._transcribe(rows)
        spent = time.monotonic() - started
        metrics.WORKER_BATCH_ROWS.labels(model=self._model.name, stage="transcribe").observe(len(rows))
        metrics.WORKER_STEP.labels(model=self._model.name, stage="transcribe").observe(spent)
        for (stream, window), transcript in zip(rows, transcripts, strict=True):
            stream.window = None
            stream.last_turn = self._steps
            if transcript is None:
                continue
            stream.processing_s += spent / len(rows)
            for output in stream.listener.hear(window, transcript):
                self._say(stream, output)
        return True

    def _next_rows(self) -> list[tuple[HearingStream, Window]]:
        """The windows of this step; the streams that must wait are told that they are not forgotten."""
        rows: list[tuple[HearingStream, Window]] = []
        audio_s = 0.0
        for stream in self._streams.values():
            stream.window = stream.window or stream.listener.next_window()
        for stream in sorted(self._streams.values(), key=lambda s: s.rank):
            if stream.window is None:
                continue
            audio_s += stream.window.end_s - stream.window.start_s
            if len(rows) < self._limits.batch_size and (not rows or audio_s <= STEP_AUDIO_S):
                rows.append((stream, stream.window))
            else:
                self._emit(stream.heard())
        return rows

    def _transcribe(self, rows: list[tuple[HearingStream, Window]]) -> list[Transcript | None]:
        """One batch; when it fails, row by row, so that only the culprit's stream is lost."""
        try:
            return [
                *self._model.step(
                    [self._state(s, w) for s, w in rows],
                    [w.samples for _, w in rows],
                    word_timestamps=[w.final and s.job.word_timestamps for s, w in rows],
                )
            ]
        except Exception:
            if len(rows) == 1:
                _log.exception("recognition_failed", job=rows[0][0].job.job)
                self._fail(rows[0][0], "The recogniser failed on this audio.")
                return [None]
            return [transcript for row in rows for transcript in self._transcribe([row])]

    def _state(self, stream: HearingStream, window: Window) -> Any:
        if stream.utterance[0] != window.start_s:
            stream.utterance = (window.start_s, self._model.start())
        return stream.utterance[1]

    def _say(self, stream: HearingStream, output: Output) -> None:
        event = stream.event(output)
        self._emit(event)
        if isinstance(event, Done):
            if event.audio_s > 0:
                rtf = metrics.WORKER_RTF.labels(kind="stt", model=self._model.name)
                rtf.observe(event.processing_s / event.audio_s)
            self._release(stream)

    def _fail(self, stream: HearingStream, message: str) -> None:
        self._emit(stream.fail(message))
        self._release(stream)

    def _release(self, stream: HearingStream) -> None:
        if self._streams.get(stream.job.job) is stream:
            del self._streams[stream.job.job]
            self._released(stream.job)
