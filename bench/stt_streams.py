"""How many real-time streams one core hears: the engine and the model in this process, no server.

Streams say utterances of 3 to 8 seconds, cut from recordings of people, with pauses so that 60 % of the time
is speech. Audio comes in pieces of 100 ms; at the end of each utterance the client asks to finalize.

The clock counts the processor time of this thread, and jumps when nothing is to be done: the figures are
those of a core of its own, and other work on the machine shows only as far as it slows the core down.

Run: python bench/stt_streams.py --streams 1,4,8,12 --seconds 60
"""

import argparse
import heapq
import json
import time
import wave
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.contract.events import Event, Finalized, Partial
from antiphon.contract.jobs import AudioIn, Finalize, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingCosts, HearingEngine
from antiphon.models.moonshine import MoonshineModel
from antiphon.models.silero import SileroVAD
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

RATE = 16_000
PIECE_S = 0.1
SPEECH_SHARE = 0.6
UTTERANCE_S = (3.0, 8.0)
WARM_UP_S = 8.0

FINAL_P95_S, PARTIAL_P50_S = 0.3, 0.5

Samples = NDArray[np.float32]


class Clock:
    """Processor time of this thread, and what was slept."""

    def __init__(self) -> None:
        self._ahead_s = -time.thread_time()

    def __call__(self) -> float:
        """Seconds."""
        return time.thread_time() + self._ahead_s

    def sleep_until(self, when: float) -> None:
        """Let time pass."""
        self._ahead_s += max(0.0, when - self())


class WatchedModel:
    """The model, and when it heard each utterance."""

    def __init__(self, model: MoonshineModel, clock: Clock) -> None:
        self.intervals: list[tuple[float, float]] = []  # when, and how long after the time before
        self._model = model
        self._clock = clock
        self._last: dict[int, tuple[Any, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, states: list[Any], windows: list[Samples], **options: Any) -> Any:
        """As `STTModel.step`."""
        transcripts = self._model.step(states, windows, **options)
        now = self._clock()
        for state in states:
            if id(state) in self._last:
                self.intervals.append((now, now - self._last[id(state)][1]))
            self._last[id(state)] = (state, now)
        return transcripts


@dataclass(frozen=True)
class Result:
    """What came of a number of streams; times in milliseconds."""

    streams: int
    core_share: float
    final_p50: float
    final_p95: float
    partial_every_p50: float
    partial_every_p95: float
    partials_a_second: float
    capacity_told: int

    @property
    def good(self) -> bool:
        """Whether the texts came in time."""
        return self.final_p95 <= 1e3 * FINAL_P95_S and self.partial_every_p50 <= 1e3 * PARTIAL_P50_S


def recordings(folder: Path) -> Samples:
    """All recordings, one after the other."""

    def read(path: Path) -> Samples:
        with wave.open(str(path)) as file:
            if file.getframerate() != RATE:
                raise SystemExit(f"{path} is not at {RATE} Hz.")
            return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32_768

    return np.concatenate([read(path) for path in sorted(folder.glob("*.wav"))])


def pieces(speech: Samples, seed: int) -> Iterator[tuple[Samples, bool]]:
    """Endless pieces of a stream, and whether an utterance ends with the piece."""
    random = np.random.default_rng(seed)
    piece = round(PIECE_S * RATE)
    silence = random.normal(0, 1e-4, (round(random.uniform(0, 5) / PIECE_S), piece)).astype(np.float32)
    while True:
        yield from ((row, False) for row in silence)
        count = round(random.uniform(*UTTERANCE_S) / PIECE_S)
        begin = int(random.integers(len(speech) - count * piece))
        said = speech[begin : begin + count * piece].reshape(count, piece)
        yield from ((row, i == count - 1) for i, row in enumerate(said))
        pause = round(count * (1 / SPEECH_SHARE - 1))
        silence = random.normal(0, 1e-4, (pause, piece)).astype(np.float32)


def run(
    model: MoonshineModel, vad: SileroVAD, speech: Samples, *, streams: int, seconds: float, rows: int
) -> Result:
    """Hear so many streams for so long."""
    clock = Clock()
    watched = WatchedModel(model, clock)
    asked: dict[tuple[str, int], float] = {}
    finals: list[tuple[float, float]] = []
    partials: list[float] = []

    def emit(event: Event) -> None:
        if isinstance(event, Finalized):
            finals.append((clock(), clock() - asked[event.job, event.mark]))
        elif isinstance(event, Partial):
            partials.append(clock())

    engine = HearingEngine(
        watched,
        vad,
        limits=Limits(rows),
        emit=emit,
        released=lambda _: None,
        costs=HearingCosts(),
        clock=clock,
    )
    queue: list[tuple[float, int]] = []
    audio = {i: pieces(speech, seed=i) for i in range(streams)}
    sent = dict.fromkeys(audio, 0)
    for i in audio:
        engine.add(RecognitionJob(job=str(i), api="bench", model=model.name, language="en"))
        heapq.heappush(queue, (clock() + PIECE_S * i / streams, i))
    began, busy_s = clock(), 0.0
    while clock() - began < WARM_UP_S + seconds:
        while queue[0][0] <= clock():
            due, i = heapq.heappop(queue)
            samples, ends = next(audio[i])
            engine.tell(str(i), AudioIn(0, sent[i], samples.tobytes()))
            sent[i] += 1
            if ends:
                asked[str(i), sent[i]] = due
                engine.tell(str(i), Finalize(0, sent[i], sent[i]))
                sent[i] += 1
            heapq.heappush(queue, (due + PIECE_S, i))
        if engine.busy:
            started = clock()
            engine.step()
            busy_s += (clock() - started) * (clock() - began > WARM_UP_S)
        else:
            clock.sleep_until(queue[0][0])
    warm = began + WARM_UP_S
    final_ms = [1e3 * s for when, s in finals if when > warm]
    every_ms = [1e3 * s for when, s in watched.intervals if when > warm]
    return Result(
        streams,
        busy_s / seconds,
        *np.percentile(final_ms, [50, 95]).round(1).tolist(),
        *np.percentile(every_ms, [50, 95]).round(1).tolist(),
        sum(when > warm for when in partials) / seconds,
        engine.outlook.capacity,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--streams", default="1,2,4,6,8,10,12")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--speech", type=Path, default=Path(__file__).parents[1] / "tests/data/speech")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    store = ModelStore(load_settings().models_dir)
    model = MoonshineModel.load(store.folder("moonshine-tiny-en"))
    vad = SileroVAD.load(store.folder("silero-vad"))
    speech = recordings(options.speech)
    results: list[Result] = []
    print("streams   core    final p50   p95 ms   partial every p50   p95 ms   texts/s   capacity told")
    for streams in map(int, options.streams.split(",")):
        result = run(model, vad, speech, streams=streams, seconds=options.seconds, rows=options.rows)
        results.append(result)
        print(
            f"{result.streams:7} {result.core_share:6.0%} {result.final_p50:12.0f} {result.final_p95:8.0f}"
            f" {result.partial_every_p50:19.0f} {result.partial_every_p95:8.0f}"
            f" {result.partials_a_second:9.1f} {result.capacity_told:15}",
            flush=True,
        )
    good = [result.streams for result in results if result.good]
    print(f"Most streams with finals and partials in time: {max(good, default=0)}")
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2))


if __name__ == "__main__":
    main()
