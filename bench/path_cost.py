"""What the path costs: first audio through the platform, beside the same model in this process.

    antiphon up                  # in one terminal
    python bench/path_cost.py    # in another

Runs in which one client asks the platform for sentences over a WebSocket alternate with runs in which the
same engine speaks the same sentences in this process. The difference is the wire, the bus and the process
switches.
"""

import argparse
import os
from dataclasses import asdict
from pathlib import Path

import uvloop

from antiphon.cli.client import find_server
from antiphon.contract.events import AudioOut, Event
from antiphon.contract.jobs import SynthesisJob
from antiphon.engine.cost import Limits
from antiphon.engine.speaking import SpeakingEngine
from antiphon.loadtest.loads import closed_loop
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.request import Listener
from antiphon.loadtest.speech import SpeechClient, WebSocketClient
from antiphon.loadtest.summary import summarise
from antiphon.loadtest.target import Target
from antiphon.models.registry import load_tts
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.telemetry.logs import configure_logging


class InProcess:
    """The engine and the model without the path. See `SpeechClient`."""

    def __init__(self, target: Target, models_dir: Path) -> None:
        self.target = target
        self._listener: Listener | None = None
        self._engine = SpeakingEngine(
            load_tts("hibari", ModelStore(models_dir)),
            limits=Limits(8, 64),
            emit=self._emit,
            released=lambda _job: None,
        )

    async def speak(self, text: str, listener: Listener) -> None:
        """See `SpeechClient`."""
        self._listener = listener
        voice = self.target.voice
        self._engine.add(
            SynthesisJob(
                job="bench", api="", model="hibari", voice=voice, language="en", text=text, trim_lead=True
            )
        )
        while self._engine.busy:
            self._engine.step()

    async def aclose(self) -> None:
        """See `SpeechClient`."""

    def _emit(self, event: Event) -> None:
        if self._listener and isinstance(event, AudioOut):
            self._listener.hear(event.samples)


async def run(target: Target, models_dir: Path, blocks: int, block_s: float) -> None:
    """Alternate, then print both and their difference."""
    clients: tuple[SpeechClient, ...] = WebSocketClient(target), InProcess(target, models_dir)
    for client in clients:
        await closed_loop(client, concurrency=1, duration_s=1.0)  # warm up
    runs = [
        [await closed_loop(client, concurrency=1, duration_s=block_s, seed=block) for client in clients]
        for block in range(blocks)
    ]
    through, within = (summarise(*side) for side in zip(*runs, strict=True))
    for name, summary in (("platform", through), ("in process", within)):
        ttfa = "  ".join(f"{p.upper()} {value:6.1f}" for p, value in in_ms(summary.ttfa).items())
        rtf = summary.rtf.p50 or 0.0
        print(f"{name:10}  {summary.completed:4} requests  TTFA, ms: {ttfa}  RTF P50 {rtf:.3f}")
    path_ms = in_ms(through.ttfa)["p50"] - in_ms(within.ttfa)["p50"]
    print(f"The path costs {path_ms:.1f} ms at the median.")
    await clients[0].aclose()


def in_ms(spread: Spread) -> dict[str, float]:
    """Percentiles by name."""
    if spread.p50 is None:
        raise SystemExit("Nothing was heard: is the platform up, and the voice there?")
    return {name: seconds * 1000 for name, seconds in asdict(spread).items()}


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--url", help="address of the API; the local one by default")
    parser.add_argument("--key", default=os.environ.get("ANTIPHON_API_KEY"))
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--block-s", type=float, default=3.0)
    arguments = parser.parse_args()
    server = find_server(arguments.url, arguments.key, None)
    target = Target(server.url, server.key, voice=arguments.voice, encoding="pcm_f32le")
    configure_logging("warning", "console")
    uvloop.run(run(target, load_settings().models_dir, arguments.blocks, arguments.block_s))


if __name__ == "__main__":
    main()
