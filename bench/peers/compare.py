"""Antiphon beside other servers of the same voice, under the same load in one run.

    bench/peers/setup                                                # once
    bench/peers/.venv/bin/python bench/peers/compare.py --rps 10,20 --duration 60 --rounds 3
    bench/peers/.venv/bin/python bench/peers/compare.py --load 0.3,0.6 --listeners

Each round starts every server in turn, in another order each time, warms it up and puts each load on it;
the seed is the round's, so that every server gets the same requests at the same times. Loads are requests a
second, or shares of the sentences that a bare loop of the model makes on all cores, measured first.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvloop
from listeners import Trial, attempt, most_listeners
from report import Points, listeners_table, loads_table
from servers import ANTIPHON, CORES, DEFAULT, HERE, SERVERS, Server, find, serving

from antiphon.loadtest.loads import open_loop
from antiphon.loadtest.speech import SseClient

FIRST_LISTENERS_SHARE = 0.1
"""The search begins at this share of the seconds of audio that the bare loop makes in a second."""


class Comparison:
    """All that is measured.

    Args:
        arguments: of the command line.
        bare: the pace of the bare loop.
    """

    def __init__(self, arguments: argparse.Namespace, bare: dict[str, float]) -> None:
        self._arguments = arguments
        self._bare = bare
        self._whats = {server.name: server.what for server in arguments.servers}
        self.rates: list[float] = arguments.rps or [
            round(share * bare["sentences_per_s"], 2) for share in arguments.load
        ]
        self.points: Points = defaultdict(list)
        self.listeners: dict[str, list[int]] = defaultdict(list)
        self.trials: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Go through the rounds."""
        servers = self._arguments.servers
        for number in range(self._arguments.rounds):
            first = number % len(servers)
            for server in servers[first:] + servers[:first]:
                load = os.getloadavg()[0]
                print(f"round {number + 1}: {server.name} (load average {load:.1f})", file=sys.stderr)
                async with serving(server) as client:
                    await self._measure(server.name, client, self._arguments.seed + number)

    async def _measure(self, name: str, client: SseClient, seed: int) -> None:
        duration_s = self._arguments.duration
        for rps in self.rates:
            self.points[name, rps].append(await open_loop(client, rps=rps, duration_s=duration_s, seed=seed))
            await asyncio.sleep(1)
        if self._arguments.listeners:
            await self._listen(name, client, seed)

    async def _listen(self, name: str, client: SseClient, seed: int) -> None:
        async def listen(listeners: int) -> Trial:
            trial = await attempt(client, listeners, duration_s=self._arguments.listen, seed=seed)
            print(f"  {listeners} listeners: {'kept' if trial.kept else 'lost'}", file=sys.stderr)
            self.trials.append({"server": name, "kept": trial.kept, **asdict(trial)})
            await asyncio.sleep(1)
            return trial

        first = max(1, round(FIRST_LISTENERS_SHARE * self._bare["audio_per_s"]))
        most, _ = await most_listeners(listen, first=first)
        self.listeners[name].append(most)

    def figures(self) -> dict[str, Any]:
        """Everything, for a JSON file."""
        return {
            "cores": CORES,
            "versions": {name: version(name) for name in ("litserve", "mosec", "fastapi", "onnxruntime")},
            "bare": self._bare,
            "servers": self._whats,
            "listeners": self.listeners,
            "trials": self.trials,
            "loads": [
                {"server": name, "rps": rps, "runs": [asdict(run) for run in runs]}
                for (name, rps), runs in self.points.items()
            ],
        }

    def tables(self) -> str:
        """The figures as Markdown."""
        chars, audio_s, sentences = (
            self._bare[name] for name in ("chars_per_s", "audio_per_s", "sentences_per_s")
        )
        bare = f"{chars:.0f} characters/s, {audio_s:.0f} s of audio/s, {sentences:.1f} sentences/s"
        parts = [f"Bare loop on {CORES} cores: {bare}."]
        parts += [loads_table(rps, self.points, self._whats, ANTIPHON) for rps in self.rates]
        if self.listeners:
            parts.append(listeners_table(self.listeners, self._whats, ANTIPHON))
        return "\n\n".join(parts)


def measure_bare(seconds: float) -> dict[str, float]:
    """The pace of the model alone, on all cores."""
    argv = [sys.executable, HERE / "bare.py", "--seconds", str(seconds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            answer, _ = process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        sys.exit("The bare loop failed; what it said stands above.")
    return json.loads(answer)


def numbers(text: str) -> list[float]:
    """Numbers with commas between them."""
    return [float(part) for part in text.split(",")]


def servers(text: str) -> list[Server]:
    """Servers by their names, with commas between them."""
    try:
        return [find(name) for name in text.split(",")]
    except LookupError as error:
        raise argparse.ArgumentTypeError(error.args[0]) from None


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    loads = parser.add_mutually_exclusive_group()
    loads.add_argument("--rps", type=numbers, help="requests a second, such as 10,20")
    loads.add_argument("--load", type=numbers, default=[0.3, 0.6], help="shares of the bare loop's pace")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds of each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--servers", type=servers, default=",".join(DEFAULT), help=f"of {', '.join(SERVERS)}")
    parser.add_argument("--listeners", action="store_true", help="also search the most real-time listeners")
    parser.add_argument("--listen", type=float, default=20.0, help="seconds of each trial of that search")
    parser.add_argument("--bare-seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def main() -> None:
    """Measure, print the tables, and write the figures where asked to."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parse()
    comparison = Comparison(arguments, measure_bare(arguments.bare_seconds))
    try:
        uvloop.run(comparison.run())
    except KeyboardInterrupt:
        print("Interrupted: this is what was measured so far.", file=sys.stderr)
    print(comparison.tables())
    if arguments.json:
        arguments.json.write_text(json.dumps(comparison.figures(), indent=1))


if __name__ == "__main__":
    main()
