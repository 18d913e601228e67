"""How many real-time streams a recogniser hears on one core: the engine and the model, no server.

The clock counts the processor time of this thread, and jumps when nothing is to be done: the figures are
those of a core of its own, and other work on the machine shows only as far as it slows the core down.
"""

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from antiphon.contract.events import Event, Final, Finalized, Partial
from antiphon.contract.events import Heard as Taken
from antiphon.contract.jobs import AudioIn, Finalize, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.loadtest.percentiles import Spread
from antiphon.models.protocols import VAD, Samples, STTModel, TurnModel
from antiphon.tuning.talk import FILE_BLOCK_S, PIECE_S, block, pieces

FILE_AHEAD_S = 30.0
WARM_UP_S = 6.0
MEASURED_S = 20.0
MOST_STREAMS = 256
KNEE = 0.95

HESITATION_S = 0.5
"""A pause this long ends an utterance that sounds unfinished."""


@dataclass(frozen=True, slots=True)
class HearingGoal:
    """What every stream must have.

    Attributes:
        final_p95_s: from ``finalize`` to the last text before it, seconds, 95th percentile.
        first_partial_s: from where speech begins to the first text of it, seconds, median.
        partial_every_s: between two looks at an open utterance, seconds, median.
    """

    final_p95_s: float = 0.3
    first_partial_s: float = 0.7
    partial_every_s: float = 0.5

    def met(self, heard: "Heard") -> bool:
        """Whether so many streams were heard within the goal."""
        return (
            (heard.final.p95 or 0.0) <= self.final_p95_s
            and (heard.first_partial.p50 or 0.0) <= self.first_partial_s
            and (heard.partial_every.p50 or 0.0) <= self.partial_every_s
            and heard.core_share <= 1.0
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a number of streams.

    Attributes:
        streams, batch_size: what was tried.
        core_share: of the time, in which the engine was busy.
        first_partial: from where speech begins in an utterance to its first text.
        final: finalize → its answer.
        partial_every: between two looks at an open utterance.
        capacity: streams that the engine itself says it can hold.
    """

    streams: int
    batch_size: int
    core_share: float
    first_partial: Spread
    final: Spread
    partial_every: Spread
    capacity: int


def most_streams(
    model: STTModel[Any],
    vad: VAD,
    speech: Samples,
    batch_sizes: Sequence[int],
    goal: HearingGoal,
    *,
    turns: TurnModel | None = None,
    progress: Callable[[int, int], None] = lambda _batch_size, _streams: None,
) -> list[Heard]:
    """For each batch size the largest number of streams within the goal; none where not even one is.

    Args:
        model: what hears; warm.
        vad: its voice activity detector.
        speech: mono, at the model's rate, a minute or more.
        batch_sizes: to try.
        goal: for every stream.
        turns: judges the pauses of every stream, if somebody does.
        progress: told each batch size and number of streams before it is tried.
    """
    table: list[Heard] = []
    for batch_size in batch_sizes:
        held, streams, failed = 0, 2, MOST_STREAMS + 1
        best: Heard | None = None
        while held < failed - 1:
            progress(batch_size, streams)
            heard = hear(model, vad, speech, streams=streams, batch_size=batch_size, turns=turns)
            if goal.met(heard):
                held, best = streams, heard
            else:
                failed = streams
            streams = min(2 * held, MOST_STREAMS) if failed > MOST_STREAMS else (held + failed) // 2
        if best:
            table.append(best)
    return table


def knee(table: Sequence[Heard]) -> Heard | None:
    """The smallest batch size that is nearly as good as the best; None when none meets the goal."""
    most = max((row.streams for row in table), default=0)
    return next((row for row in table if row.streams >= KNEE * most), None)


def hear(
    model: STTModel[Any],
    vad: VAD,
    speech: Samples,
    *,
    streams: int,
    batch_size: int,
    seconds: float = MEASURED_S,
    files: int = 0,
    turns: TurnModel | None = None,
) -> Heard:
    """Hear so many streams for so long, and beside them so many files without an end.

    They say utterances of 3 to 8 seconds, with pauses so that 60 % of the time is speech. Audio comes in
    pieces of 100 ms; at the end of each utterance the client asks to finalize. Of a file there is always
    more to hear. With ``turns`` the pauses amid utterances are judged; at their ends the client is quicker.
    """
    clock = _Clock()
    watched: Any = _Watched(model, clock)
    told = _Told(clock)
    engine = HearingEngine(
        watched,
        vad,
        limits=Limits(batch_size),
        emit=told,
        released=lambda _: None,
        turns=turns,
        clock=clock,
    )
    audio = [pieces(speech, model.sample_rate, seed=i) for i in range(streams)]
    sent = [0] * streams
    fed = {f"file {i}": 0 for i in range(files)}
    began, busy_s = clock(), 0.0
    due = [(began + PIECE_S * i / streams, i) for i in range(streams)]
    for job in [*map(str, range(streams)), *fed]:
        live = job not in fed
        engine.add(
            RecognitionJob(
                job=job,
                api="",
                model=model.name,
                language=model.languages[0],
                partials=live,
                hesitation_s=HESITATION_S if live else 0.0,
            )
        )
    while clock() - began < WARM_UP_S + seconds:
        for job, blocks in fed.items():
            if blocks * FILE_BLOCK_S - told.taken_s.get(job, 0.0) < FILE_AHEAD_S:
                engine.tell(job, AudioIn(0, blocks, block(speech, model.sample_rate, blocks)))
                fed[job] += 1
        while due[0][0] <= clock():
            at, i = heapq.heappop(due)
            samples, onset_s, ends = next(audio[i])
            told.speech(str(i), None if onset_s is None else at - PIECE_S + onset_s)
            engine.tell(str(i), AudioIn(0, sent[i], samples.tobytes()))
            sent[i] += 1
            if ends:
                told.asked[str(i), sent[i]] = at
                engine.tell(str(i), Finalize(0, sent[i], sent[i]))
                sent[i] += 1
            heapq.heappush(due, (at + PIECE_S, i))
        if engine.busy:
            started = clock()
            engine.step()
            busy_s += (clock() - started) * (clock() - began > WARM_UP_S)
        else:
            clock.sleep_until(due[0][0])
    warm = began + WARM_UP_S
    return Heard(
        streams,
        batch_size,
        busy_s / seconds,
        Spread.of(s for when, s in told.firsts if when > warm),
        Spread.of(s for when, s in told.finals if when > warm),
        Spread.of(s for when, s in watched.intervals if when > warm),
        engine.outlook.capacity,
    )


class _Told:
    """Takes the engine's events, and notes how long each stream waited for what was due to it.

    Attributes:
        asked: when each mark was to be finalized, by job and mark.
        taken_s: how far each job was heard.
        firsts, finals: first texts of utterances and answers to finalize: when, and after how long.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.asked: dict[tuple[str, int], float] = {}
        self.taken_s: dict[str, float] = {}
        self.firsts: list[tuple[float, float]] = []
        self.finals: list[tuple[float, float]] = []
        self._clock = clock
        self._begun: dict[str, float] = {}  # when speech began of which no text has come

    def speech(self, job: str, began: float | None) -> None:
        """An utterance begins, if there is a time."""
        if began is not None:
            self._begun[job] = began

    def __call__(self, event: Event) -> None:
        now = self._clock()
        match event:
            case Partial(text=text) | Final(text=text) if text and event.job in self._begun:
                self.firsts.append((now, now - self._begun.pop(event.job)))
            case Finalized():
                self.finals.append((now, now - self.asked[event.job, event.mark]))
                self._begun.pop(event.job, None)
            case Taken():
                self.taken_s[event.job] = event.audio_s
            case _:
                pass


class _Clock:
    """Processor time of this thread, and what was slept."""

    def __init__(self) -> None:
        self._ahead_s = -time.thread_time()

    def __call__(self) -> float:
        return time.thread_time() + self._ahead_s

    def sleep_until(self, when: float) -> None:
        self._ahead_s += max(0.0, when - self())


class _Watched:
    """The model, and when it heard each utterance."""

    def __init__(self, model: STTModel[Any], clock: _Clock) -> None:
        self.intervals: list[tuple[float, float]] = []  # when, and how long after the time before
        self._model = model
        self._clock = clock
        self._last: dict[int, tuple[Any, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, states: list[Any], windows: list[Samples], **options: Any) -> Any:
        transcripts = self._model.step(states, windows, **options)
        now = self._clock()
        for state in states:
            if id(state) in self._last:
                self.intervals.append((now, now - self._last[id(state)][1]))
            self._last[id(state)] = (state, now)
        return transcripts
