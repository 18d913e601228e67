"""Two workers of each kind that tests can do anything to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from antiphon.contract.subjects import Kind
from support.platform import Platform, empty_platform, proxied
from support.proxy import Proxy

NAMES = ["tts-0", "tts-1", "stt-0", "stt-1"]

PACE = 0.12
"""Seconds that a second of speech takes to be made: streams last long enough to be struck in their middle."""


@dataclass
class Pair:
    """Two workers a kind, each behind a proxy to the bus, whose models can be held."""

    platform: Platform
    proxies: dict[str, Proxy]
    pace: float

    def start_worker(self, name: str) -> None:
        kind: Kind = "tts" if name.startswith("tts") else "stt"
        pace = self.pace if kind == "tts" else 0.0
        # Given, not found out at the start: that takes time, and a model that sleeps tells nothing.
        size = {"batch_size": "8", "max_streams": "64"}
        self.platform.start_frail_worker(kind, name, pace=pace, nats_url=self.proxies[name].url, **size)

    def wait(self) -> None:
        """Wait until all four are there, those who came again too."""
        for name in NAMES:
            self.platform.wait_ready(name)
        self.platform.wait(tts=2, stt=2)

    def busiest(self, kind: Kind) -> str:
        """A worker of this kind that has something to do, as soon as there is one."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            # Between two segments a stream holds no place.
            name = max(self.platform.names(kind), key=self.platform.load)
            if self.platform.load(name):
                return name
        raise AssertionError(f"no {kind} worker has a stream")

    def moved(self) -> float:
        """How many jobs have gone on elsewhere so far."""
        return self.platform.metric("api", "antiphon_api_failovers_total")


@contextmanager
def pair_of_workers(folder: Path, pace: float = PACE) -> Iterator[Pair]:
    with empty_platform(folder) as running, proxied(running, NAMES) as proxies:
        pair = Pair(running, proxies, pace)
        running.start_api()
        for name in NAMES:
            pair.start_worker(name)
        pair.wait()
        yield pair
