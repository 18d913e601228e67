"""The hearing engine: voice activity per stream, recognition in batches over streams."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

from antiphon.contract.events import Done, Event, Failed
from antiphon.contract.jobs import AudioIn, Cancel, EndOfAudio, Finalize, JobInput, RecognitionJob
from antiphon.engine.cadence import PARTIAL_EVERY_S, Cadence
from antiphon.engine.cost import Demand, Limits, Outlook, StepCost, patience
from antiphon.engine.ear import VOICE_FRAMES, HearingStream, Reason
from antiphon.models.protocols import VAD, STTModel, Transcript
from antiphon.speech.listener import PARTIAL_GROWTH, Listener, ListenerOptions, Output, Window
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

VAD_ROUNDS = 32
"""Frames of each stream judged in a step (a second of audio), so that finals don't wait for long files."""

STEP_S = 0.12
"""A batch that would take longer is cut: a final that becomes due meanwhile has to wait for it."""

STEP_AUDIO_S = 20.0
"""More audio in a batch brings no throughput."""

CAPACITY_SHARE = 0.85
"""How much of the engine's time real-time streams may fill."""

USUAL_S = 3.0
"""Length of a window that nobody has seen yet."""

STALLED_S = 1.0
"""A stream of which no audio came for so long is not counted with those that speak."""

UNKNOWN_S_PER_S = 0.25
"""What a second of audio is thought to take at most while nothing is known."""

_log = get_logger(__name__)


class Due(NamedTuple):
    """A stream of which something should be recognised, and why."""

    stream: HearingStream
    reason: Reason


class HearingCosts:
    """What hearing costs, learnt as it is done.

    Attributes:
        judge: voice activity, by frames.
        recognise: a batch of windows, by seconds of audio; finals of live streams profit from their partials.
        demand: of all of it together, had partials come as often as wanted.
    """

    def __init__(self) -> None:
        self.judge = StepCost()
        self.recognise: dict[Reason, StepCost] = {
            "final": StepCost(),
            "partial": StepCost(),
            "file": StepCost(),
        }
        self.demand = Demand()


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
        costs: HearingCosts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._vad = vad
        self._limits = limits
        self._emit = emit
        self._released = released
        self._costs = costs or HearingCosts()
        self._clock = clock
        self._cadence = Cadence()
        self._streams: dict[str, HearingStream] = {}
        self._busy = False
        self._steps = 0
        self._step_began = clock()
        self._needed_s = 0.0  # time of this step that went into what can't wait
        self.patience_s = patience(0.0)
        self.outlook = self._look_ahead([])

    def add(self, job: RecognitionJob) -> None:
        """A job joins; a newer attempt of the same job takes the place of the old one."""
        options = ListenerOptions(
            max_silence_s=job.max_silence_s,
            min_volume=job.min_volume,
            partials=job.partials,
            max_window_s=self._model.max_window_s,
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
            self._streams[job.job] = HearingStream(job, listener, self._vad.initial_state())

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
        self._cadence.worked(self._needed_s, began - self._step_began)
        self._step_began, self._needed_s = began, 0.0
        self._steps += 1
        judged = self._judge()
        for stream in list(self._streams.values()):
            self._tell_voice(stream, VOICE_FRAMES)
            if stream.heard_much:
                self._emit(stream.heard())
                self._count_demand(stream)
            for output in stream.listener.poll():
                self._say(stream, output)
        due = self._due()
        self._recognise(due)
        self.outlook = self._look_ahead(due)
        self._busy = judged or bool(due)

    def _judge(self) -> bool:
        started = self._clock()
        frames = 0
        for _ in range(VAD_ROUNDS):
            # Audio runs no further ahead of its text than this: that is what bounds how much of it is held.
            pending = [
                (s, frame)
                for s in self._streams.values()
                if not s.listener.owes_final and (frame := s.listener.next_frame()) is not None
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

    def _due(self) -> list[Due]:
        """The streams of which something should be recognised, the first first.

        Finals that somebody waits for come before everything; partials and files take turns.
        """
        self._cadence.plan(sum(map(self._partial_share, self._streams.values())))
        wishes: list[tuple[HearingStream, Reason | None]] = [
            (stream, stream.due(self._cadence.every_s)) for stream in self._streams.values()
        ]
        due = [Due(stream, reason) for stream, reason in wishes if reason]
        return sorted(due, key=lambda row: (row.reason != "final", row.stream.last_turn))

    def _partial_share(self, stream: HearingStream) -> float:
        """The share of the time that partials of this stream would take if they came as often as wanted."""
        if not stream.listener.speaking or self._step_began - stream.judged_at > STALLED_S:
            return 0.0
        length_s = stream.listener.window_s
        interval_s = max(PARTIAL_EVERY_S, PARTIAL_GROWTH * length_s)
        return self._costs.recognise["partial"].predict(length_s) / interval_s

    def _count_demand(self, stream: HearingStream) -> None:
        needed_s, audio_s = stream.needed()
        if stream.job.partials:
            wanted_s = self._partial_share(stream) * audio_s
            self._costs.demand.observe(needed_s + wanted_s, audio_s)

    def _recognise(self, due: list[Due]) -> None:
        if not due:
            return
        reason = due[0].reason
        chosen = self._batch([s for s, why in due if why == reason], reason)
        for stream, _ in due:
            if stream not in chosen:
                self._emit(stream.heard())  # it must wait, and is not forgotten
        rows = [(s, window) for s in chosen if (window := s.listener.next_window())]
        audio_s = sum(window.end_s - window.start_s for _, window in rows)
        started = self._clock()
        predicted = self._costs.recognise[reason].predict(audio_s) or UNKNOWN_S_PER_S * audio_s
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
            if transcript is None:
                continue
            with self._only(stream):
                for output in stream.hear(window, transcript):
                    self._say(stream, output)

    def _batch(self, streams: list[HearingStream], reason: Reason) -> list[HearingStream]:
        """As many of the first streams as can be heard in one step without keeping others waiting."""
        most_s = min(STEP_AUDIO_S, self._costs.recognise[reason].units_within(STEP_S))
        chosen: list[HearingStream] = []
        audio_s = 0.0
        for stream in streams[: self._limits.batch_size]:
            audio_s += stream.listener.window_s
            if chosen and audio_s > most_s:
                break
            chosen.append(stream)
        return chosen

    def _transcribe(self, rows: list[tuple[HearingStream, Window]]) -> list[Transcript | None]:
        """One batch; when it fails, row by row, so that only the culprit's stream is lost."""
        try:
            return [
                *self._model.step(
                    [s.utterance(w, self._model.start) for s, w in rows],
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

    def _look_ahead(self, due: list[Due]) -> Outlook:
        """A newcomer's first partial waits for all that is due, and for the step that runs already."""
        costs = self._costs.recognise
        own_s = costs["partial"].predict(USUAL_S)
        ahead_s = sum(costs[reason].predict(stream.listener.window_s) for stream, reason in due)
        capacity = self._limits.max_streams or self._costs.demand.capacity(CAPACITY_SHARE)
        return Outlook(ahead_s + own_s, own_s, capacity)
