"""The speaking engine: turns synthesis jobs into audio events, a batch of chunks a step."""

import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from antiphon.contract.events import Event
from antiphon.contract.jobs import Cancel, Credit, JobInput, SynthesisJob
from antiphon.engine.admission import STEADY_SHARE, Debt, fits
from antiphon.engine.cost import Demand, Limits, Outlook, StepCost, patience
from antiphon.engine.pacing import FIRST_FRAMES
from antiphon.engine.policy import Candidate, Choice, choose
from antiphon.engine.voice import VoiceStream
from antiphon.models.protocols import Samples, Token, TTSModel, TTSState, Utterance
from antiphon.telemetry import metrics
from antiphon.telemetry.logs import get_logger

USUAL_CHARS = 100
"""Length of a segment that nobody has seen yet."""

PRESSING_S = 0.3
"""A listener with less audio left than this is most likely served before a newcomer."""

_log = get_logger(__name__)

StateT = TypeVar("StateT", bound=TTSState)

Policy = Callable[[Sequence[Candidate], int, StepCost], list[Choice]]
"""Selects the streams of a step, as `antiphon.engine.policy.choose` does."""


class SpeakingCosts:
    """What the stages of a voice model cost, learnt as it runs.

    Attributes:
        plan: text to prosody, by characters.
        first: the first chunk of a stream, by frames.
        decode: the others, by frames of all rows.
        demand: of all of it together.
        length: seconds of audio, by characters.
    """

    def __init__(self) -> None:
        self.plan, self.first, self.decode = StepCost(), StepCost(), StepCost()
        self.demand, self.length = Demand(), StepCost()

    def opening_s(self, chars: int) -> float:
        """Seconds from the start of a stream's plan to its first chunk."""
        return self.plan.predict(chars) + self.first.predict(FIRST_FRAMES)


class SpeakingEngine(Generic[StateT]):
    """Holds the synthesis streams of a worker. All methods are called from one thread.

    Attributes:
        outlook: what a new job may expect; may be read from any thread.
        patience_s: how long the step that runs now may take before something must be wrong.

    Args:
        model: what speaks.
        limits: rows of a step, streams held.
        emit: takes each event.
        released: called with a job when its place is free again.
        costs: what is known already of the model's costs.
        policy, clock: others than the usual ones, for comparisons and simulations.
    """

    def __init__(
        self,
        model: TTSModel[StateT],
        *,
        limits: Limits,
        emit: Callable[[Event], None],
        released: Callable[[SynthesisJob], None],
        costs: SpeakingCosts | None = None,
        policy: Policy = choose,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._limits = limits
        self._emit = emit
        self._released = released
        self._costs = costs or SpeakingCosts()
        self._policy = policy
        self._clock = clock
        self._streams: dict[str, VoiceStream[StateT]] = {}
        self._step_s = 0.0
        self.patience_s = patience(0.0)
        self.outlook = self._look_ahead()

    def add(self, job: SynthesisJob) -> None:
        """A job joins; a newer attempt of the same job takes the place of the old one."""
        self._streams[job.job] = VoiceStream(
            job,
            sample_rate=self._model.sample_rate,
            frame_samples=self._model.frame_samples,
            now=self._clock(),
        )
        self.outlook = self._look_ahead()

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
                self.outlook = self._look_ahead()
            case _:
                pass

    @property
    def busy(self) -> bool:
        """Whether a step would do anything."""
        return any(s.wants_step for s in self._streams.values())

    def step(self) -> None:
        """Plan one utterance that has none yet, then make one chunk of each chosen stream, in one batch."""
        began = self._clock()
        chosen = self._choose(began)
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
        self._step_s = self._clock() - began
        self.outlook = self._look_ahead()

    def _choose(self, now: float) -> list[VoiceStream[StateT]]:
        waiting = [s for s in self._streams.values() if s.wants_step]
        alone = len(waiting) == 1
        candidates = [self._candidate(s, now, alone=alone) for s in waiting]
        choices = self._policy(candidates, self._limits.batch_size, self._costs.decode)
        for choice in choices:
            metrics.WORKER_DECISIONS.labels(reason=choice.reason).inc()
            _log.debug("chosen", job=choice.key, reason=choice.reason, rows=len(choices), among=len(waiting))
        chosen = {c.key for c in choices}
        spent = sum(self._costs.decode.predict(c.units) + c.start_s for c in candidates if c.key in chosen)
        self.patience_s = patience(spent)
        return [self._streams[c.key] for c in choices]

    def _candidate(self, stream: VoiceStream[StateT], now: float, *, alone: bool) -> Candidate:
        frames = stream.frames_wanted(now, alone=alone, cost=self._costs.decode)
        start_s = 0.0 if stream.state else self._costs.plan.predict(len(stream.job.text))
        if not stream.begun:
            start_s += self._costs.first.predict(frames) - self._costs.decode.predict(frames)
        stream.frames = frames
        waiting_s = now - stream.clock.joined_at
        return Candidate(stream.job.job, stream.lead_s(now), waiting_s, frames, max(0.0, start_s))

    def _plan(self, stream: VoiceStream[StateT]) -> None:
        job = stream.job
        started = self._clock()
        try:
            state = self._model.start(_utterance(job))
        except Exception:
            self._fail(stream, "planning")
            return
        spent = self._clock() - started
        self._costs.plan.observe(len(job.text), spent)
        metrics.WORKER_STEP.labels(model=self._model.name, stage="plan").observe(spent)
        stream.planned(state)
        stream.frames = stream.frames_wanted(started, alone=False, cost=self._costs.decode)
        stream.processing_s += spent

    def _make(self, rows: list[VoiceStream[StateT]]) -> None:
        first = [not s.begun for s in rows]
        started = self._clock()
        chunks = self._step_model(rows)
        now = self._clock()
        if not any(first):
            self._costs.decode.observe(sum(s.frames for s in rows), now - started)
        elif len(rows) == 1:
            self._costs.first.observe(rows[0].frames, now - started)
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
            return [*self._model.step([s.planned_state for s in rows], [s.frames for s in rows])]
        except Exception:
            if len(rows) == 1:
                self._fail(rows[0], "decoding")
                return [None]
            return [samples for row in rows for samples in self._step_model([row])]

    def _complete(self, stream: VoiceStream[StateT]) -> None:
        done = stream.finish()
        self._emit(done)
        if done.audio_s > 0:
            self._costs.demand.observe(done.processing_s, done.audio_s)
            self._costs.length.observe(len(stream.job.text), done.audio_s)
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

    def _look_ahead(self) -> Outlook:
        """A newcomer waits for those before it, for listeners near their end, and for half a running step."""
        costs, now = self._costs, self._clock()
        opening_s = costs.opening_s(USUAL_CHARS)
        before_s = self._step_s / 2 if self._streams else 0.0
        for stream in self._streams.values():
            lead_s = stream.lead_s(now)
            if lead_s is None:
                before_s += costs.opening_s(len(stream.job.text))
            elif lead_s < PRESSING_S and stream.wants_step:
                before_s += costs.decode.predict(stream.frames)
        return Outlook(before_s + opening_s, opening_s, self._limits.max_streams or self._capacity())

    def _capacity(self) -> int:
        """As many streams as surely fit, and one more at a time while these are ahead of their listeners."""
        costs = self._costs
        steady, held = costs.demand.capacity(STEADY_SHARE), len(self._streams)
        if held < steady:
            return steady
        now = self._clock()
        room = fits(
            [self._debt(s, now) for s in self._streams.values()],
            costs.length.predict(USUAL_CHARS),
            demand=costs.demand.per_audio_s,
            opening_s=costs.opening_s(USUAL_CHARS),
        )
        return held + room

    def _debt(self, stream: VoiceStream[StateT], now: float) -> Debt:
        rest_s = stream.rest_s
        if rest_s is None:
            rest_s = self._costs.length.predict(len(stream.job.text))
        return Debt(stream.lead_s(now), rest_s)


def _utterance(job: SynthesisJob) -> Utterance:
    return Utterance(
        job.text,
        job.voice,
        job.language,
        job.speed,
        job.seed,
        job.segment,
        tokens=[Token(token.text, token.words, token.phonemes) for token in job.tokens],
        normalize=job.normalize,
        duration_s=job.duration_s,
    )
