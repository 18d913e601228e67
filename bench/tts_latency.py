"""First-audio latency over the whole path, beside the same model in this process.

    antiphon up                      # in one terminal
    python bench/tts_latency.py      # in another

Open loop: requests start at Poisson times whatever the server does, and latency counts from the time a
request was due, so a stalled server can't hide. Each request speaks one sentence of about 100 characters over
one WebSocket. Blocks of requests alternate with blocks in which the same engine speaks the same sentences in
this process: the difference is what the path costs (wire, bus, scheduling, encoding, process switches).

TTFA: request due → arrival of the chunk that holds the first sample above −50 dBFS. Playback is simulated
with no prebuffer; an underrun is a moment at which the listener has nothing left to play before the end.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from base64 import b64decode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import websockets

from antiphon.audio.playback import PlaybackClock
from antiphon.contract.events import AudioOut, Event
from antiphon.contract.jobs import SynthesisJob
from antiphon.engine.speaking import SpeakingEngine
from antiphon.engine.trimming import AUDIBLE
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

SENTENCES = [
    "The train to the coast leaves at half past seven, so please be on the platform a little before that.",
    "I have checked your account and the payment went through this morning without any trouble at all.",
    "Could you tell me the name of the street and the number of the house where the parcel should go?",
    "When the rain finally stopped, the children ran outside and jumped into every puddle they could find.",
    "Our office is open from Monday to Friday, and someone will call you back before the end of the day.",
    "She put the letter on the kitchen table, made a cup of strong coffee, and sat down to read it slowly.",
    "If the light on the front turns red, unplug the device, wait for ten seconds, and plug it in again.",
    "The old bridge was built of stone by hand, and it has carried people over the river for centuries.",
    "Thank you for waiting so patiently; I can see your order now, and it should arrive on Thursday noon.",
    "Most of the work is done at night, when the streets are empty and the machines can run undisturbed.",
]
RATE = 24_000
APART_S = 0.4


@dataclass(frozen=True)
class Spoken:
    """One request: times in seconds since it was due."""

    audible_s: float
    first_byte_s: float
    done_s: float
    audio_s: float
    underruns: int


class Client:
    """One socket that speaks several contexts at once."""

    def __init__(self, socket: Any, voice: str) -> None:
        self._socket = socket
        self._voice = voice
        self._arrivals: dict[str, asyncio.Queue[tuple[float, dict[str, Any]]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def speak(self, text: str, due: float) -> Spoken:
        """Speak one sentence and play it back on a simulated clock."""
        context = uuid4().hex
        arrivals = self._arrivals[context] = asyncio.Queue()
        await self._socket.send(json.dumps(self._request(text, context)))
        clock, audible, first_byte, audio_s = PlaybackClock(), None, None, 0.0
        while True:
            now, message = await arrivals.get()
            if message["type"] == "error":
                sys.exit(f"The server answered with an error: {message['title']}: {message['message']}")
            if message["type"] == "done":
                break
            samples = np.frombuffer(b64decode(message["data"]), np.float32)
            first_byte = first_byte or now
            if audible is None and (np.abs(samples) > AUDIBLE).any():
                audible = now
            clock = clock.sent(now, len(samples) / RATE)
            audio_s += len(samples) / RATE
        del self._arrivals[context]
        if audible is None or first_byte is None:
            sys.exit("The server sent no audible audio.")
        return Spoken(audible - due, first_byte - due, now - due, audio_s, clock.underruns)

    async def _read(self) -> None:
        async for data in self._socket:
            now = time.perf_counter()
            message = json.loads(data)
            self._arrivals[message["context_id"]].put_nowait((now, message))

    def _request(self, text: str, context: str) -> dict[str, Any]:
        return {
            "model_id": "sonic-3",
            "transcript": text,
            "voice": {"mode": "id", "id": self._voice},
            "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": RATE},
            "context_id": context,
            "continue": False,
            "max_buffer_delay_ms": 0,
        }


class InProcess:
    """The same engine and model without the path."""

    def __init__(self, models_dir: Path, voice: str) -> None:
        model = load_tts("hibari", ModelStore(models_dir))
        self._voice, self._events = voice, list[Event]()
        self._engine = SpeakingEngine(
            model, batch_size=8, emit=self._events.append, released=lambda _job: None
        )

    def audible_s(self, text: str) -> float:
        """Seconds from the job to its first audible chunk."""
        self._events.clear()
        started = time.perf_counter()
        self._engine.add(
            SynthesisJob(
                job="bench",
                api="",
                model="hibari",
                voice=self._voice,
                language="en",
                text=text,
                trim_lead=True,
            )
        )
        while not any(isinstance(e, AudioOut) for e in self._events):
            self._engine.step()
        spent = time.perf_counter() - started
        while self._engine.busy:
            self._engine.step()
        return spent


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The whole benchmark; the figures by name."""
    settings = load_settings()
    baseline = InProcess(settings.models_dir, arguments.voice)
    rng = random.Random(arguments.seed)
    url = f"{arguments.url}/tts/websocket?cartesia_version=2026-03-01&api_key={arguments.key}"
    spoken: list[Spoken] = []
    in_process: list[float] = []
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        client = Client(socket, arguments.voice)
        for text in SENTENCES[:3]:  # warm up
            await client.speak(text, time.perf_counter())
            baseline.audible_s(text)
        for _ in range(arguments.requests // len(SENTENCES)):
            in_process += await in_process_block(baseline, rng, arguments.rps)
            spoken += await open_loop(client, rng, arguments.rps)
    return figures(spoken, in_process, arguments)


def pause(rng: random.Random, rps: float) -> float:
    """Seconds between two requests; never so few that two of them overlap: this measures one stream."""
    return APART_S + rng.expovariate(rps)


async def in_process_block(baseline: InProcess, rng: random.Random, rps: float) -> list[float]:
    """Speak every sentence once in this process, with the same pauses: a rested processor is slower."""
    seconds: list[float] = []
    for text in SENTENCES:
        await asyncio.sleep(pause(rng, rps))
        seconds.append(baseline.audible_s(text))
    return seconds


async def until(due: float) -> None:
    """Wait precisely: the event loop's timer is late by a millisecond or two, no fault of the server's."""
    await asyncio.sleep(due - time.perf_counter() - 0.003)
    while time.perf_counter() < due:
        pass


async def open_loop(client: Client, rng: random.Random, rps: float) -> list[Spoken]:
    """Speak every sentence once, each when it is due."""
    due, tasks = time.perf_counter(), []
    for text in SENTENCES:
        due += pause(rng, rps)
        await until(due)
        tasks.append(asyncio.create_task(client.speak(text, due)))
    return await asyncio.gather(*tasks)


def figures(spoken: list[Spoken], in_process: list[float], arguments: argparse.Namespace) -> dict[str, Any]:
    """Percentiles in milliseconds."""

    def percentiles(seconds: list[float]) -> dict[str, float]:
        values = np.percentile(np.array(seconds) * 1000, [50, 95, 99])
        return {f"p{p}": round(float(v), 2) for p, v in zip((50, 95, 99), values, strict=True)}

    audible = [s.audible_s for s in spoken]
    return {
        "requests": len(spoken),
        "rps": arguments.rps,
        "seed": arguments.seed,
        "loadavg": os.getloadavg()[0],
        "ttfa_ms": percentiles(audible),
        "first_byte_ms": percentiles([s.first_byte_s for s in spoken]),
        "in_process_ms": percentiles(in_process),
        "path_cost_ms": round(float(np.median(audible) - np.median(in_process)) * 1000, 2),
        "rtf": round(float(np.median([s.done_s / s.audio_s for s in spoken])), 4),
        "underruns": sum(s.underruns for s in spoken),
        "each": [asdict(s) for s in spoken],
    }


def main() -> None:
    """Print the figures, and write them all where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--url", default="ws://127.0.0.1:5000", help="ws:// or wss:// address of the API")
    parser.add_argument("--key", default=os.environ.get("ANTIPHON_API_KEY", ""), help="API key")
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rps", type=float, default=2.0, help="mean requests a second beyond the pause")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every figure here")
    arguments = parser.parse_args()
    key_file = load_settings().state_dir / "api_key"
    if not arguments.key and not key_file.is_file():
        sys.exit(f"No API key: give --key or ANTIPHON_API_KEY; there is no {key_file}.")
    arguments.key = arguments.key or key_file.read_text().strip()
    try:
        result = asyncio.run(run(arguments))
    except OSError:
        sys.exit(f"Nothing answers at {arguments.url}: start it with `antiphon up`, or give --url.")
    except websockets.InvalidStatus as error:
        sys.exit(f"{arguments.url} refused the key (HTTP {error.response.status_code}).")
    print(f"{result['requests']} requests, {result['rps']:g}/s, seed {result['seed']}")
    for name in ("ttfa_ms", "first_byte_ms", "in_process_ms"):
        values = result[name]
        print(f"{name:14}  p50 {values['p50']:7.2f}   p95 {values['p95']:7.2f}   p99 {values['p99']:7.2f}")
    print(f"path_cost_ms    p50 {result['path_cost_ms']:7.2f}")
    print(f"rtf {result['rtf']}   underruns {result['underruns']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
