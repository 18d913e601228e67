"""What the platform around a model costs: CPU time of each process a second of audio and a request.

    python bench/api_cost.py

Starts NATS, an API server and a worker whose model costs next to nothing, by NATS and with direct
connections, and has texts of two lengths spoken over the WebSocket; the two lengths tell the price of a
request from that of its audio.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from antiphon.loadtest.speech import WebSocketClient
from antiphon.loadtest.target import Target
from featherweight import WORD_S, featherweight
from support.platform import KEY, empty_platform

SHORT, LONG = 8, 56
"""Words of the texts: one second of audio, and seven in one sentence."""

CLIENTS = 8


class Deaf:
    """A listener who costs nothing."""

    def hear_base64(self, data: memoryview) -> None:
        """Audio came."""


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


async def speak(client: WebSocketClient, words: int, requests: int) -> None:
    """Have so many texts spoken by some clients at a time."""
    text = " ".join(["word"] * words)
    each = requests // CLIENTS

    async def one() -> None:
        for _ in range(each):
            await client.speak(text, Deaf())

    await asyncio.gather(*(one() for _ in range(CLIENTS)))


async def measure(client: WebSocketClient, pids: list[int], words: int, requests: int) -> list[float]:
    """CPU seconds a request of each process."""
    before = [cpu_s(pid) for pid in pids]
    await speak(client, words, requests)
    return [(cpu_s(pid) - start) / requests for pid, start in zip(pids, before, strict=True)]


async def run(targets: dict[str, tuple[Target, list[int]]], rounds: int, requests: int) -> None:
    """Measure by turns, and print."""
    clients = {name: WebSocketClient(target) for name, (target, _) in targets.items()}
    figures: dict[tuple[str, int], list[list[float]]] = {
        key: [] for key in itertools.product(targets, (SHORT, LONG))
    }
    for name in targets:
        await speak(clients[name], SHORT, CLIENTS * 4)
    for _ in range(rounds):
        for (name, words), costs in figures.items():
            costs.append(await measure(clients[name], targets[name][1], words, requests))
    print("| transport | | API | worker | NATS | sum |\n|---|---|---|---|---|---|")
    for name in targets:
        short, long = (
            [statistics.median(column) for column in zip(*figures[name, words], strict=True)]
            for words in (SHORT, LONG)
        )
        second = [(b - a) / ((LONG - SHORT) * WORD_S) for a, b in zip(short, long, strict=True)]
        request = [a - s * SHORT * WORD_S for a, s in zip(short, second, strict=True)]
        for what, costs in (("µs a second of audio", second), ("µs a request", request)):
            row = " | ".join(f"{cost * 1e6:.0f}" for cost in [*costs, sum(costs)])
            print(f"| {name} | {what} | {row} |")
    for client in clients.values():
        await client.aclose()


def main() -> None:
    """Read the options, start everything, measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=80)
    parser.add_argument("--encoding", default="pcm_s16le")
    options = parser.parse_args()
    targets: dict[str, tuple[Target, list[int]]] = {}
    with ExitStack() as stack:
        for transport in ("nats", "direct"):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            platform = stack.enter_context(empty_platform(folder))
            api = platform.start_api(transport=transport)
            worker = stack.enter_context(featherweight(platform.nats.url))
            platform.wait(stt=0)
            nats = int(platform.nats.server.pid_file.read_text())
            target = Target(platform.url, KEY, voice="heart", encoding=options.encoding)
            targets[transport] = target, [api.pid, worker, nats]
        uvloop.run(run(targets, options.rounds, options.requests))


if __name__ == "__main__":
    main()
