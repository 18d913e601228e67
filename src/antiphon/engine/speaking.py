"""The speaking engine: turns synthesis jobs into audio events, a batch of chunks a step."""

import math
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from antiphon.contract.events import Event
from antiphon.contract.jobs import Cancel, Credit, JobInput, SynthesisJob
from antiphon.engine.policy import Choice, choose
from antiphon.engine.voice import VoiceStream
from antiphon.models.protocols import Samples, TTSModel, TTSState, Utterance
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

_log = get_logger(__name__)

StateT = TypeVar("StateT", bound=TTSState)


class SpeakingEngine(Generic[StateT]):
    """Holds the synthesis streams of a worker. All methods are called from one thread.

    Args:
        model: what speaks.
        batch_size: most rows a step.
        emit: takes each event.
        released: called with a job when its place is free again.
    """

    def __init__(
        self,
        model: TTSModel[StateT],
        *,
        batch_size: int,
        emit: Callable[[Event], None],
        released: Callable[[SynthesisJob], None],
    ) -> None:
        self._model = model
        self._batch_size = batch_size
        self._emit = emit
        self._released = released
        self.patience_s = math.inf  # nothing is known yet of what a step takes
        self._streams: dict[str, VoiceStream[StateT]] = {}

    def add(self, job: SynthesisJob) -> None:
        """A job joins; a newer attempt of the same job takes the place of the old one."""
        self._streams[job.job] = VoiceStream(
            job,
            sample_rate=self._model.sample_rate,
            frame_samples=self._model.frame_samples,
            now=time.monotonic(),
        )

    def tell(self, job: str, message: JobInput) -> None:
        """A message for a running job; those for other attempts or finished jobs are dropped."""
        stream = self._streams.get(job)
        if stream is None or message.attempt != stream.job.attempt:
            return
        match message:
            case Credit():
                stream.credit_s = max(stream.credit_s, message.total_s)
            case Cancel():
                self._release(stream)
            case _:
                pass

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return any(s.wants_step for s in self._streams.values())

    def step(self) -> None:
        """Plan one utterance that has none yet, then make one chunk of each chosen stream, in one batch."""
        now = time.monotonic()
        choices = choose([s.candidate(now) for s in self._streams.values() if s.wants_step], self._batch_size)
        _count(choices)
        chosen = [self._streams[c.key] for c in choices]
        # One plan a step: a plan costs as much as many chunks, and the first planned should sound first.
        unplanned = next((s for s in chosen if s.state is None), None)
        if unplanned:
            self._plan(unplanned)
        rows = [s for s in chosen if s.state is not None and not s.complete]
        if rows:
            self._make(rows)
        for stream in chosen:
            if stream.complete and stream.job.job in self._streams:
                self._complete(stream)

    def _plan(self, stream: VoiceStream[StateT]) -> None:
        job = stream.job
        started = time.monotonic()
        try:
            state = self._model.start(
                Utterance(job.text, job.voice, job.language, job.speed, job.seed, job.segment)
            )
        except Exception:
            self._fail(stream, "planning")
            return
        spent = time.monotonic() - started
        metrics.WORKER_STEP.labels(model=self._model.name, stage="plan").observe(spent)
        stream.planned(state)
        stream.processing_s += spent

    def _make(self, rows: list[VoiceStream[StateT]]) -> None:
        started = time.monotonic()
        chunks = self._step_model(rows)
        now = time.monotonic()
        metrics.WORKER_BATCH_ROWS.labels(model=self._model.name, stage="decode").observe(len(rows))
        metrics.WORKER_STEP.labels(model=self._model.name, stage="decode").observe(now - started)
        share = (now - started) / len(rows)
        for stream, samples in zip(rows, chunks, strict=True):
            if samples is None:
                continue
            silent_before = stream.first_audio_at is None
            for event in stream.chunk(samples, now=now, step_s=share):
                self._emit(event)
            if silent_before and stream.first_audio_at is not None:
                ttfa = stream.first_audio_at - stream.clock.joined_at
                metrics.WORKER_TTFA.labels(model=self._model.name).observe(ttfa)

    def _step_model(self, rows: list[VoiceStream[StateT]]) -> list[Samples | None]:
        """One batch; when it fails, row by row, so that only the culprit's stream is lost."""
        try:
            return [*self._model.step([s.planned_state for s in rows], [s.frames_wanted() for s in rows])]
        except Exception:
            if len(rows) == 1:
                self._fail(rows[0], "decoding")
                return [None]
            return [samples for row in rows for samples in self._step_model([row])]

    def _complete(self, stream: VoiceStream[StateT]) -> None:
        done = stream.finish()
        self._emit(done)
        if done.audio_s > 0:
            rtf = metrics.WORKER_RTF.labels(kind="tts", model=self._model.name)
            rtf.observe(done.processing_s / done.audio_s)
        self._release(stream)

    def _fail(self, stream: VoiceStream[StateT], stage: str) -> None:
        _log.exception("synthesis_failed", job=stream.job.job, stage=stage)
        self._emit(stream.fail(f"The voice model failed while {stage}.", retryable=True))
        self._release(stream)

    def _release(self, stream: VoiceStream[StateT]) -> None:
        if self._streams.get(stream.job.job) is stream:
            del self._streams[stream.job.job]
            self._released(stream.job)


def _count(choices: list[Choice]) -> None:
    for choice in choices:
        metrics.WORKER_DECISIONS.labels(reason=choice.reason).inc()
