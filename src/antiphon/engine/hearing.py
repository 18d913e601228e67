"""The hearing engine: voice activity per stream, recognition in batches over streams."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from antiphon.contract.events import Done, Event, Failed
from antiphon.contract.jobs import AudioIn, Cancel, EndOfAudio, Finalize, JobInput, RecognitionJob
from antiphon.engine.attention import STEP_AUDIO_S, Attention, Due, HearingCosts
from antiphon.engine.cost import Limits, patience
from antiphon.engine.ear import VOICE_FRAMES, HearingStream
from antiphon.engine.endings import Endings
from antiphon.models.protocols import VAD, STTModel, Transcript, TurnModel
from antiphon.speech.listener import Listener, ListenerOptions
from antiphon.speech.windows import Output, Window
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

VAD_ROUNDS = 32
"""Frames of each stream judged in a step (a second of audio), so that finals don't wait for long files."""

_log = get_logger(__name__)


class HearingEngine:
    """Holds the recognition streams of a worker. All methods are called from one thread.

    Attributes:
        outlook: what a new job may expect; may be read from any thread.
        patience_s: how long the step that runs now may take before something must be wrong.

    Args:
        model, vad: what hears.
        limits: rows of a step, streams held.
        emit: takes each event.
        released: called with a job when its place is free again.
        turns: judges pauses; None: nobody does.
        costs: what is known already of the model's costs.
        clock: gives seconds.
    """

    def __init__(
        self,
        model: STTModel[Any],
        vad: VAD,
        *,
        limits: Limits,
        emit: Callable[[Event], None],
        released: Callable[[RecognitionJob], None],
        turns: TurnModel | None = None,
        costs: HearingCosts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._vad = vad
        self._emit = emit
        self._released = released
        self._costs = costs or HearingCosts()
        self._attention = Attention(limits, self._costs)
        self._endings = Endings(turns, limits) if turns else None
        self._clock = clock
        self._streams: dict[str, HearingStream] = {}
        self._busy = False
        self._steps = 0
        self._step_began = clock()
        self._needed_s = 0.0  # time of this step that went into what can't wait
        self.patience_s = patience(0.0)
        self.outlook = self._attention.outlook([])

    def add(self, job: RecognitionJob) -> None:
        """A job joins; a newer attempt of the same job takes the place of the old one."""
        pauses_judged = self._endings is not None and job.hesitation_s > 0
        options = ListenerOptions(
            max_silence_s=job.hesitation_s if pauses_judged else job.max_silence_s,
            min_volume=job.min_volume,
            partials=job.partials,
            max_window_s=self._model.max_window_s,
            # Voice activity that is told must not run ahead of its text.
            ahead_s=0.0 if job.partials or job.voice_activity else STEP_AUDIO_S,
            start_s=job.start_s,
        )
        try:
            listener = Listener(options)
        except Exception:
            _log.exception("stream_not_begun", job=job.job)
            message = "The worker can't listen as this job asks."
            self._emit(Failed(job=job.job, attempt=job.attempt, seq=0, message=message, retryable=False))
            self._released(job)
        else:
            self._streams[job.job] = HearingStream(
                job, listener, self._vad.initial_state(), pauses_judged=pauses_judged
            )

    def tell(self, job: str, message: JobInput) -> None:
        """A message for a running job; those for other attempts or finished jobs are dropped."""
        stream = self._streams.get(job)
        if stream is None or message.attempt != stream.job.attempt:
            return
        match message:
            case AudioIn() | Finalize() | EndOfAudio():
                self._busy = True
                with self._only(stream):
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
        began = self._clock()
        self._attention.worked(self._needed_s, began - self._step_began)
        self._step_began, self._needed_s = began, 0.0
        self._steps += 1
        judged = self._judge()
        for stream in list(self._streams.values()):
            self._tell_voice(stream, VOICE_FRAMES)
            if stream.heard_much:
                self._emit(stream.heard())
                self._attention.count_demand(stream, began)
            for output in stream.listener.poll():
                self._say(stream, output)
        due = self._attention.due(list(self._streams.values()), began)
        pausing = self._endings.due(self._streams.values()) if self._endings else []
        if self._endings and pausing and not (due and due[0].reason == "final"):
            self._judge_pauses(self._endings, pausing)
        else:
            self._recognise(due)
        self.outlook = self._attention.outlook(due)
        self._busy = judged or bool(due) or bool(pausing)

    def _judge(self) -> bool:
        started = self._clock()
        frames = 0
        for _ in range(VAD_ROUNDS):
            # Audio runs no further ahead of its text than this: that is what bounds how much of it is held.
            pending = [
                (s, frame)
                for s in self._streams.values()
                if s.ready and (frame := s.listener.next_frame()) is not None
            ]
            if not pending:
                break
            round_began = self._clock()
            results = self._vad.step([f for _, f in pending], [s.vad_state for s, _ in pending])
            spent = self._clock() - round_began
            frames += len(pending)
            for (stream, _), (probability, state) in zip(pending, results, strict=True):
                stream.vad_state = state
                stream.judged_at = started
                stream.spend(spent / len(pending), None)
                with self._only(stream):
                    stream.judge(probability)
        if frames:
            spent = self._clock() - started
            self._needed_s += spent
            self._costs.judge.observe(frames, spent)
            metrics.WORKER_STEP.labels(model=self._model.name, stage="vad").observe(spent)
        return frames > 0

    def _judge_pauses(self, endings: Endings, streams: list[HearingStream]) -> None:
        started = self._clock()
        self.patience_s = patience(started - self._step_began + endings.predict(len(streams)))
        judged = endings.judge(streams)
        spent = self._clock() - started
        endings.observe(len(streams), spent)
        self._needed_s += spent
        metrics.WORKER_DECISIONS.labels(reason="pause").inc(len(streams))
        metrics.WORKER_BATCH_ROWS.labels(model=self._model.name, stage="turn").observe(len(streams))
        metrics.WORKER_STEP.labels(model=self._model.name, stage="turn").observe(spent)
        for stream, complete in zip(streams, judged, strict=True):
            stream.spend(spent / len(streams), None)
            with self._only(stream):
                self._tell_voice(stream, 1)
                if event := stream.judge_pause(complete):
                    self._emit(event)

    def _recognise(self, due: list[Due]) -> None:
        if not due:
            return
        reason = due[0].reason
        chosen = self._attention.batch(due)
        for stream, _ in due:
            if stream not in chosen:
                self._emit(stream.heard())  # it must wait, and is not forgotten
        rows = [(s, window) for s in chosen if (window := s.listener.next_window())]
        audio_s = sum(window.end_s - window.start_s for _, window in rows)
        started = self._clock()
        predicted = self._attention.predict(reason, audio_s)
        self.patience_s = patience(started - self._step_began + predicted)
        transcripts = self._transcribe(rows)
        spent = self._clock() - started
        self._costs.recognise[reason].observe(audio_s, spent)
        if reason == "final":
            self._needed_s += spent
        metrics.WORKER_DECISIONS.labels(reason=reason).inc(len(rows))
        metrics.WORKER_BATCH_ROWS.labels(model=self._model.name, stage="transcribe").observe(len(rows))
        metrics.WORKER_STEP.labels(model=self._model.name, stage="transcribe").observe(spent)
        for (stream, window), transcript in zip(rows, transcripts, strict=True):
            stream.last_turn = self._steps
            stream.spend(spent / len(rows), reason)
            if transcript is None or self._streams.get(stream.job.job) is not stream:
                continue
            with self._only(stream):
                for output in stream.hear(window, transcript):
                    self._say(stream, output)

    def _transcribe(self, rows: list[tuple[HearingStream, Window]]) -> list[Transcript | None]:
        """One batch; when it fails, row by row, so that only the culprit's stream is lost."""
        try:
            return [
                *self._model.step(
                    [s.utterance(w, self._model.start) for s, w in rows],
                    [w.samples for _, w in rows],
                    word_timestamps=[w.torn or (w.final and s.job.word_timestamps) for s, w in rows],
                )
            ]
        except Exception:
            if len(rows) == 1:
                _log.exception("recognition_failed", job=rows[0][0].job.job)
                self._fail(rows[0][0], "The recogniser failed on this audio.")
                return [None]
            return [transcript for row in rows for transcript in self._transcribe([row])]

    def _tell_voice(self, stream: HearingStream, at_least: int) -> None:
        if event := stream.voice(at_least):
            self._emit(event)

    def _say(self, stream: HearingStream, output: Output) -> None:
        self._tell_voice(stream, 1)
        event = stream.event(output)
        self._emit(event)
        if isinstance(event, Done):
            if event.audio_s > 0:
                rtf = metrics.WORKER_RTF.labels(kind="stt", model=self._model.name)
                rtf.observe(event.processing_s / event.audio_s)
            self._release(stream)

    @contextmanager
    def _only(self, stream: HearingStream) -> Generator[None]:
        """What goes wrong with a stream ends that stream and no other."""
        try:
            yield
        except Exception:
            _log.exception("stream_failed", job=stream.job.job)
            self._fail(stream, "The worker failed on this stream.")

    def _fail(self, stream: HearingStream, message: str) -> None:
        self._emit(stream.fail(message))
        self._release(stream)

    def _release(self, stream: HearingStream) -> None:
        if self._streams.get(stream.job.job) is stream:
            del self._streams[stream.job.job]
            self._released(stream.job)
