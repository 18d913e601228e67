"""What a second of audio costs between a worker and an API server, by the way it goes.

    python bench/transport.py

A NATS server, and for each way a process that sends audio events as a worker does (a thread makes them, the
event loop sends them) and one that takes them as an API server does and gives credit back. All ways take
turns in each round. CPU time is of all threads of each process; latency runs from the moment an event was
made to the moment it was decoded.
"""

import argparse
import asyncio
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from antiphon.contract.events import AudioOut
from antiphon.contract.jobs import Credit
from antiphon.contract.wire import encode
from framings import End, Way, open_end
from support.nats import NatsProcess, free_port, nats_process

RATE = 24_000
KB = 1024

WAYS = (
    Way("32 KB"),
    Way("64 KB", cap=64 * KB),
    Way("128 KB", cap=128 * KB),
    Way("256 KB", cap=256 * KB),
    Way("128 KB apart", cap=128 * KB, apart=True),
    Way("128 KB early", cap=128 * KB, early=True),
    Way("256 KB together", cap=256 * KB, together=True),
    Way("128 KB lean", "lean", cap=128 * KB),
    Way("128 KB tcp", "tcp", cap=128 * KB),
    Way("128 KB unix", "unix", cap=128 * KB),
)


@dataclass(frozen=True, slots=True)
class Load:
    """What a worker has to send.

    Attributes:
        chunk_s: seconds of audio of a chunk.
        rows: streams of an engine step; each gets a chunk.
        steps_per_s: engine steps a second.
    """

    chunk_s: float
    rows: int
    steps_per_s: float

    def __str__(self) -> str:
        return f"{self.rows} x {self.chunk_s:g} s, {self.steps_per_s:g}/s"


LIGHT = Load(0.1, 1, 20)
LOADS = (LIGHT, Load(0.1, 4, 100), Load(0.5, 2, 100), Load(1, 2, 60), Load(2, 1, 60))


def _events(way: Way, load: Load, audio: np.ndarray, seq: int) -> list[AudioOut]:
    """What the engine makes in a step; ``step_s`` holds the time it was made."""
    events: list[AudioOut] = []
    now = time.monotonic()
    for row in range(load.rows):
        for start in range(0, len(audio), way.cap // 4):
            piece = audio[start : start + way.cap // 4].tobytes()
            events.append(
                AudioOut(
                    job=f"{row:032}",
                    attempt=0,
                    seq=seq,
                    start_sample=start,
                    sample_rate=RATE,
                    samples=piece,
                    step_s=now,
                )
            )
    return events


def _engine(way: Way, emit: Callable[[list[AudioOut]], None], load: Load, steps: int) -> None:
    """The engine's thread: steps when they are due."""
    audio = np.random.default_rng(1).standard_normal(round(load.chunk_s * RATE), np.float32)
    due = time.monotonic()
    for step in range(steps):
        due += 1 / load.steps_per_s
        time.sleep(max(0.0, due - time.monotonic()))
        emit(_events(way, load, audio, step))


def _emit(loop: asyncio.AbstractEventLoop, way: Way, end: End, events: list[AudioOut]) -> None:
    """Pass a step's events on to the event loop."""

    def send(payloads: Iterable[bytes]) -> None:
        for payload in payloads:
            end.send(payload)

    if way.early:
        loop.call_soon_threadsafe(send, way.payloads(events))
    elif way.together:
        loop.call_soon_threadsafe(lambda: send(way.payloads(events)))
    else:
        for event in events:
            loop.call_soon_threadsafe(lambda event=event: send(way.payloads([event])))


async def _worker(way: Way, url: str, place: str, control: Connection) -> None:
    end = await open_end(way, url, place, worker=True, take=lambda _credit: None)
    emit = partial(_emit, asyncio.get_running_loop(), way, end)
    control.send("ready")
    while order := await asyncio.to_thread(control.recv):
        began = time.process_time()
        thread = threading.Thread(target=_engine, args=(way, emit, *order))
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(0.1)
        control.send(time.process_time() - began)


async def _api(way: Way, url: str, place: str, control: Connection) -> None:
    latencies: list[float] = []
    samples = credited = 0
    done = asyncio.Event()
    wanted = 0

    def hear(event: AudioOut) -> None:
        nonlocal samples, credited
        latencies.append(time.monotonic() - event.step_s)
        samples += len(event.samples) // 4
        if samples - credited >= RATE:
            credited = samples
            end.send(encode(Credit(0, samples / RATE, event.seq)))
        if samples >= wanted:
            done.set()

    end = await open_end(way, url, place, worker=False, take=lambda payload: way.read(payload, hear))
    control.send("ready")
    while (wanted := await asyncio.to_thread(control.recv)) is not None:
        samples = credited = 0
        latencies.clear()
        done.clear()
        began = time.process_time()
        control.send("listening")
        async with asyncio.timeout(30):
            await done.wait()
        control.send((time.process_time() - began, latencies.copy()))


def _run(end: Any, *arguments: Any) -> None:
    sys.setswitchinterval(0.0002)
    uvloop.run(end(*arguments))


class Pair:
    """The two processes of a way."""

    def __init__(self, way: Way, url: str, folder: Path) -> None:
        self.way = way
        place = str(folder / "direct.sock") if way.carrier == "unix" else str(free_port())
        context = multiprocessing.get_context("spawn")
        self._controls: list[Any] = []
        self._processes: list[Any] = []
        for end in (_api, _worker):
            ours, theirs = context.Pipe()
            process = context.Process(target=_run, args=(end, way, url, place, theirs), daemon=True)
            process.start()
            self._processes.append(process)
            assert ours.recv() == "ready"
            self._controls.append(ours)

    def run(self, load: Load, steps: int) -> tuple[float, float, list[float]]:
        """CPU seconds of the worker and the API server, and the latencies."""
        api, worker = self._controls
        api.send(steps * load.rows * round(load.chunk_s * RATE))
        assert api.recv() == "listening"
        worker.send((load, steps))
        worker_s = worker.recv()
        api_s, latencies = api.recv()
        return worker_s, api_s, latencies

    def close(self) -> None:
        """End both."""
        for control, process in zip(self._controls, self._processes, strict=True):
            control.send(None)
            process.join()


def nats_cpu_s(nats: NatsProcess) -> float:
    """CPU seconds of the NATS server so far, to the nanosecond (``/proc/PID/task/*/schedstat``)."""
    pid = nats.server.pid_file.read_text()
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def main() -> None:
    """Read the options, run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run")
    options = parser.parse_args()
    figures: dict[tuple[Load, str], list[tuple[float, float, float]]] = defaultdict(list)
    delays: dict[tuple[Load, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, nats_process(Path(folder)) as nats:
        pairs = [Pair(way, nats.url, Path(folder)) for way in WAYS]
        for round_ in range(-1, options.rounds):
            for load in LOADS:
                steps = round(load.steps_per_s * options.seconds)
                for pair in random.sample(pairs, len(pairs)):
                    before = nats_cpu_s(nats)
                    worker_s, api_s, latencies = pair.run(load, steps)
                    if round_ < 0:
                        continue  # warm up
                    audio_s = steps * load.rows * load.chunk_s
                    cpu_us = [s / audio_s * 1e6 for s in (worker_s, nats_cpu_s(nats) - before, api_s)]
                    figures[load, pair.way.name].append((cpu_us[0], cpu_us[1], cpu_us[2]))
                    delays[load, pair.way.name] += latencies
        for pair in pairs:
            pair.close()
    for load in LOADS:
        print(f"\n{load}: CPU microseconds a second of audio (median of {options.rounds})\n")
        print("| way | worker | NATS | API | sum | of the first | latency p50, ms | p95 |")
        print("|---|---|---|---|---|---|---|---|")
        sums = {w.name: statistics.median(map(sum, figures[load, w.name])) for w in WAYS}
        for way in WAYS:
            worker_us, nats_us, api_us = map(statistics.median, zip(*figures[load, way.name], strict=True))
            p50, p95 = np.percentile(delays[load, way.name], (50, 95)) * 1000
            ratio = sums[way.name] / sums[WAYS[0].name]
            print(
                f"| {way.name} | {worker_us:.0f} | {nats_us:.0f} | {api_us:.0f} | {sums[way.name]:.0f} "
                f"| {ratio:.2f} | {p50:.2f} | {p95:.2f} |"
            )


if __name__ == "__main__":
    main()
