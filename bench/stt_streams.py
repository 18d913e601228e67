"""How many real-time streams one core hears: the engine and the model in this process, no server.

Tries the numbers of streams it is given, on recordings of people; `antiphon tune stt` searches for the most
in the same way. See `antiphon.tuning.recognition` for what the streams say and how time is counted.

Run: python bench/stt_streams.py --streams 1,4,8,12 --seconds 60
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from antiphon.audio.files import decode_file
from antiphon.loadtest.percentiles import Spread
from antiphon.models.registry import load_stt, load_vad
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from antiphon.tuning.recognition import Heard, HearingGoal, hear


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--streams", default="1,2,4,6,8,10,12")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--speech", type=Path, default=Path(__file__).parents[1] / "tests/data/speech")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings = load_settings()
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    files = sorted(options.speech.glob("*.wav"))
    speech = np.concatenate(
        [samples for path in files for samples in decode_file(path, target_rate=model.sample_rate)]
    )
    results: list[Heard] = []
    print(
        "streams  core   first text p50 p95    final p50 p95    between partials p50 p95 ms   capacity told"
    )
    for streams in map(int, options.streams.split(",")):
        heard = hear(model, vad, speech, streams=streams, batch_size=options.rows, seconds=options.seconds)
        results.append(heard)
        print(
            f"{heard.streams:7} {heard.core_share:5.0%} {_ms(heard.first_partial):>21}"
            f" {_ms(heard.final):>16} {_ms(heard.partial_every):>27} {heard.capacity:17}",
            flush=True,
        )
    goal = HearingGoal()
    most = max((heard.streams for heard in results if goal.met(heard)), default=0)
    print(f"Most streams with finals and partials in time: {most}")
    if options.json:
        options.json.write_text(json.dumps([asdict(heard) for heard in results], indent=2))


def _ms(spread: Spread) -> str:
    return " ".join("-" if s is None else f"{1000 * s:.0f}" for s in (spread.p50, spread.p95))


if __name__ == "__main__":
    main()
