"""Loads played through the real engine and policy in virtual time: hours of a fleet in seconds.

Only the model is replaced, by one that says how long it would have taken (a `Profile`). So what is simulated
is exactly what runs: the same streams, pacing, policy and cost model. Left out: the other threads of the
machine, which contend with the engine, and the path between engine and listener, which is a constant.

With a real model in place of the profile its steps take the time they take, and only the waiting is skipped:
so predictions are checked.
"""

import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from antiphon.audio.playback import PlaybackClock
from antiphon.contract.events import AudioOut, Done, Event
from antiphon.contract.jobs import SynthesisJob
from antiphon.engine.cost import Limits
from antiphon.engine.policy import choose
from antiphon.engine.speaking import Policy, SpeakingEngine
from antiphon.loadtest.arrivals import poisson, seeded
from antiphon.loadtest.effort import Effort
from antiphon.loadtest.loads import PAUSE_S
from antiphon.loadtest.request import Request
from antiphon.loadtest.run import Run
from antiphon.loadtest.sentences import SENTENCES
from antiphon.models.protocols import Samples, Timed, TTSModel, Utterance
from antiphon.tuning.profile import Profile, measure

_FRAME_SAMPLES = 4
_STAGGER_S = 5.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Workers, all alike.

    Attributes:
        model: what it costs, or the model itself.
        slowdown: how many times as long as they do its steps are to take.
        workers: how many.
        batch_size: of each.
        max_streams: that each takes; None for as many as it finds that it can hold.
        queue_s: how long a request may wait for a place before it is refused.
        policy: that chooses the rows of a step.
        path_s: seconds between the engine and the listener's ear.
        jitter: standard deviation of the logarithm of each step's time.
    """

    model: Profile | TTSModel[Any]
    slowdown: float = 1.0
    workers: int = 1
    batch_size: int = 1
    max_streams: int | None = None
    queue_s: float = 5.0
    policy: Policy = choose
    path_s: float = 0.005
    jitter: float = 0.1


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Requests at Poisson times, ``rps`` a second."""

    rps: float


@dataclass(frozen=True, slots=True)
class Listeners:
    """So many listeners, each of whom asks for the next sentence when the last one has been played."""

    count: int


def simulate(
    fleet: Fleet,
    load: OpenLoop | Listeners,
    *,
    duration_s: float,
    seed: int = 1,
    texts: Sequence[str] = SENTENCES,
) -> Run[Request]:
    """What the listeners of a fleet would hear; of the same form as a measured load."""
    return _Simulation(fleet, seed).run(load, duration_s, texts)


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class _State:
    total_frames: int
    done_frames: int = 0
    silent_frames: int = 0
    onset_frame: int = 0
    words: tuple[Timed, ...] = ()
    phonemes: tuple[Timed, ...] = ()

    def skip_to(self, frame: int) -> None:
        self.done_frames = frame


class _Model:
    """Says how long it would have taken."""

    name = "simulated"
    frame_samples = _FRAME_SAMPLES
    languages: tuple[str, ...] = ("en",)
    voices: tuple[str, ...] = ("simulated",)
    digest = ""

    def __init__(self, profile: Profile, clock: _Clock, rng: random.Random, jitter: float) -> None:
        self.sample_rate = round(_FRAME_SAMPLES / profile.frame_s)
        self._profile, self._clock, self._rng, self._jitter = profile, clock, rng, jitter

    def start(self, utterance: Utterance) -> _State:
        self._spend(self._profile.plan(len(utterance.text)))
        return _State(max(1, round(len(utterance.text) * self._profile.frames_per_char)))

    def step(self, states: Sequence[_State], frames: Sequence[int]) -> list[Samples]:
        made = [min(n, s.total_frames - s.done_frames) for s, n in zip(states, frames, strict=True)]
        decode, first = self._profile.decode, self._profile.first
        new = [n for s, n in zip(states, made, strict=True) if s.done_frames == 0]
        self._spend(decode(sum(made)) + sum(max(0.0, first(n) - decode(n)) for n in new))
        for state, count in zip(states, made, strict=True):
            state.done_frames += count
        return [np.ones(count * _FRAME_SAMPLES, np.float32) for count in made]

    def _spend(self, seconds: float) -> None:
        self._clock.now += seconds * self._rng.lognormvariate(0.0, self._jitter)


class _Timed:
    """A real model on the virtual clock."""

    def __init__(self, model: TTSModel[Any], clock: _Clock, slowdown: float) -> None:
        self.name, self.digest = model.name, model.digest
        self.sample_rate, self.frame_samples = model.sample_rate, model.frame_samples
        self.languages, self.voices = model.languages, model.voices
        self._model, self._clock, self._slowdown = model, clock, slowdown

    def start(self, utterance: Utterance) -> Any:
        return self._timed(lambda: self._model.start(utterance))

    def step(self, states: Sequence[Any], frames: Sequence[int]) -> list[Samples]:
        return self._timed(lambda: self._model.step(states, frames))

    def _timed(self, run: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = run()
        self._clock.now += self._slowdown * (time.perf_counter() - began)
        return result


@dataclass(slots=True)
class _Heard:
    """A request on its way."""

    job: str
    text: str
    due_s: float
    listener: int | None
    playback: PlaybackClock = field(default_factory=PlaybackClock)
    arrivals: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def request(self, done_s: float, error: str | None = None) -> Request:
        first_s = self.arrivals[0][0] if self.arrivals else None
        return Request(
            due_s=self.due_s,
            late_s=0.0,
            characters=len(self.text),
            first_byte_s=first_s,
            audible_s=first_s,
            done_s=done_s - self.due_s,
            arrivals=tuple(self.arrivals),
            underruns=self.playback.underruns,
            silence_s=self.playback.underrun_s,
            played_s=self.playback.dry_at_s,
            error=error,
        )


class _Worker:
    def __init__(self, simulation: "_Simulation", fleet: Fleet, rng: random.Random) -> None:
        self.clock = _Clock()
        self.held = 0
        slow = fleet.slowdown
        if isinstance(fleet.model, Profile):
            profile = fleet.model.slower(slow)
            model: TTSModel[Any] = _Model(profile, self.clock, rng, fleet.jitter)
        else:
            profile = measure(fleet.model).slower(slow)
            model = _Timed(fleet.model, self.clock, slow)
        self._max_streams = fleet.max_streams
        self.engine: SpeakingEngine[Any] = SpeakingEngine(
            model,
            limits=Limits(fleet.batch_size),
            emit=lambda event: simulation.hear(event, self.clock.now),
            released=self._release,
            costs=profile.costs(),
            policy=fleet.policy,
            clock=self.clock,
        )

    @property
    def free(self) -> bool:
        return self.held < (self._max_streams or self.engine.outlook.capacity)

    @property
    def wait_s(self) -> float:
        return self.engine.outlook.wait_s

    def take(self, job: SynthesisJob, now: float) -> None:
        self.clock.now = max(self.clock.now, now)
        self.held += 1
        self.engine.add(job)

    def _release(self, _: SynthesisJob) -> None:
        self.held -= 1


class _Simulation:
    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._rng = seeded(seed)
        self._seed = seed
        self._path_s = fleet.path_s
        self._workers = [_Worker(self, fleet, self._rng) for _ in range(fleet.workers)]
        self._queue_s = fleet.queue_s
        self._voice = "" if isinstance(fleet.model, Profile) else fleet.model.voices[0]
        self._queue: deque[_Heard] = deque()
        self._due: list[tuple[float, int, str, int | None]] = []
        self._count = itertools.count()
        self._heard: dict[str, _Heard] = {}
        self._requests: list[Request] = []
        self._end_s = 0.0
        self._texts: Sequence[str] = ()

    def run(self, load: OpenLoop | Listeners, duration_s: float, texts: Sequence[str]) -> Run[Request]:
        self._texts, self._end_s = texts, duration_s
        if isinstance(load, OpenLoop):
            for due_s in poisson(load.rps, duration_s, self._seed):
                self._ask(due_s, None)
        else:
            for listener in range(load.count):
                self._ask(self._rng.uniform(0.0, _STAGGER_S), listener)
        while self._due or any(w.engine.busy for w in self._workers):
            running = min(
                (w for w in self._workers if w.engine.busy), key=lambda w: w.clock.now, default=None
            )
            if running and (not self._due or running.clock.now < self._due[0][0]):
                running.engine.step()
                self._serve_queue(running.clock.now)
            else:
                self._arrive(*heapq.heappop(self._due))
        return Run(self._requests, duration_s, Effort(0.0, duration_s, 0.0))

    def hear(self, event: Event, now: float) -> None:
        """An event left an engine."""
        heard = self._heard[event.job]
        at_s = now + self._path_s - heard.due_s
        match event:
            case AudioOut():
                seconds = len(event.samples) / 4 / event.sample_rate
                heard.arrivals.append((at_s, seconds))
                heard.playback = heard.playback.sent(at_s, seconds)
            case Done():
                self._requests.append(heard.request(heard.due_s + at_s))
                if heard.listener is not None:
                    self._ask(heard.due_s + (heard.playback.dry_at_s or 0.0), heard.listener)
            case _:
                pass

    def _ask(self, due_s: float, listener: int | None) -> None:
        if due_s < self._end_s:
            heapq.heappush(self._due, (due_s, next(self._count), self._rng.choice(self._texts), listener))

    def _arrive(self, due_s: float, number: int, text: str, listener: int | None) -> None:
        self._queue.append(_Heard(str(number), text, due_s, listener))
        self._serve_queue(due_s)

    def _serve_queue(self, now: float) -> None:
        while self._queue:
            free = [w for w in self._workers if w.free]
            heard = self._queue[0]
            if now - heard.due_s > self._queue_s:
                self._queue.popleft()
                self._requests.append(heard.request(now, "429"))
                if heard.listener is not None:
                    self._ask(now + PAUSE_S, heard.listener)
            elif free:
                self._queue.popleft()
                self._heard[heard.job] = heard
                # As the dispatcher does: the better of two.
                worker = min(self._rng.sample(free, min(2, len(free))), key=lambda w: w.wait_s)
                worker.take(
                    SynthesisJob(
                        job=heard.job, api="", model="", voice=self._voice, language="en", text=heard.text
                    ),
                    now,
                )
            else:
                return
