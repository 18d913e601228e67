"""What listeners and talkers notice when workers die, and what a platform does with far too many requests.

    python bench/chaos.py --kills 200 --mode kill,stop
    python bench/chaos.py --overload 4 --duration 60

Starts a platform of its own with the real models, two workers a kind. Blows are appended to a file of one
JSON object a line, and the table is over all of it: many short runs (``--kills 20``) make a long one.

The voice model of these workers takes ``--pace`` seconds for a second of audio, asleep, as a heavier one
would: the default model makes a sentence in a tenth of a second, and a random blow would nearly never hit
one. A listener plays what comes at once, with no buffer built up before.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import overload
import striking
from antiphon.loadtest.percentiles import Spread
from support.pair import NAMES, pair_of_workers
from support.platform import KEY, empty_platform


async def strike_often(options: argparse.Namespace, folder: Path) -> None:
    """Add ``--kills`` blows to the log."""
    rng = random.Random()
    names = [name for name in NAMES if name.partition("-")[0] in options.kind.split(",")]
    with pair_of_workers(folder, options.pace) as pair:
        spy = striking.Spy()
        await spy.listen(pair.platform.nats.url)
        load = striking.Load(pair.platform.url, spy, listeners=options.listeners, talkers=options.talkers)
        await load.begin()
        for number in range(options.kills):
            await asyncio.sleep(rng.uniform(1, 3))
            mode, name = rng.choice(options.mode.split(",")), rng.choice(names)
            blow = await striking.strike(pair, spy, mode, name)
            blow |= {"finished": load.finished, "wrong": load.wrong, "pace": options.pace}
            load.finished, load.wrong = 0, []
            with options.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(blow) + "\n")
            held = ", ".join(f"{s['next_s'] or 0:.3f}" for s in blow["streams"])
            print(f"{number + 1:4}/{options.kills} {mode:6} {name}  next after [{held}] s", flush=True)
        await load.end()


async def flood(options: argparse.Namespace, folder: Path) -> overload.Overload:
    """Overload a platform of two voice workers."""
    given = {"batch_size": options.batch_size, "max_streams": options.max_streams}
    settings = {name: value for name, value in given.items() if value is not None}
    with empty_platform(folder) as running:
        running.start_api()
        for name in ("tts-0", "tts-1"):
            running.start_worker("tts", name, **settings)
        await asyncio.to_thread(running.wait, tts=2, stt=0)
        return await overload.overload(running.url, KEY, factor=options.overload, duration_s=options.duration)


def table(blows: list[dict[str, Any]]) -> str:
    """All blows, a row for each kind of blow and stream; times are p50 / p95 / most, in milliseconds."""
    lines = [
        "| blow | of | struck | moved after | next piece | silence heard | lost | doubled | other | failed |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for mode in sorted({blow["mode"] for blow in blows}):
        for kind in ("tts", "stt"):
            struck = [s for b in blows if b["mode"] == mode for s in b["streams"] if s["kind"] == kind]
            count = sum(b["mode"] == mode and b["worker"].startswith(kind) for b in blows)
            sums = [str(sum(s[what] for s in struck)) for what in ("lost", "doubled", "changed")]
            errors = sum(s["error"] is not None for s in struck)
            times = [_spread(struck, what) for what in ("moved_s", "next_s", "silence_s")]
            lines.append(
                "| "
                + " | ".join([f"{mode} × {count}", kind, str(len(struck)), *times, *sums, str(errors)])
                + " |"
            )
    finished, wrong = sum(blow["finished"] for blow in blows), sum(len(blow["wrong"]) for blow in blows)
    return "\n".join(
        [*lines, "", f"{finished} streams in all, struck or not; {wrong} of them not as they should be."]
    )


def _spread(struck: list[dict[str, Any]], what: str) -> str:
    values = [s[what] for s in struck if s.get(what) is not None]
    if not values:
        return "–"
    found = Spread.of(values)
    return " / ".join(f"{1000 * v:.0f}" for v in (found.p50, found.p95, max(values)))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="blows to add to the log")
    parser.add_argument(
        "--mode", default="kill,stop", help="kill, stop, hang, cut, freeze; several with commas"
    )
    parser.add_argument("--kind", default="tts,stt", help="workers that are struck")
    parser.add_argument("--listeners", type=int, default=12, help="who hear sentences in real time")
    parser.add_argument("--talkers", type=int, default=2, help="who are heard in real time")
    parser.add_argument(
        "--pace", type=float, default=0.1, help="seconds that a second of speech takes to be made"
    )
    parser.add_argument("--log", type=Path, default=Path("chaos.jsonl"), help="file of the blows")
    parser.add_argument("--overload", type=float, help="instead: so many times the capacity")
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of overload")
    parser.add_argument("--batch-size", help="of the workers under overload; auto without")
    parser.add_argument("--max-streams", help="likewise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.overload:
            found = uvloop.run(flood(options, Path(folder)))
            print(json.dumps(asdict(found)))
            print(overload.table(found, options.overload))
            return
        uvloop.run(strike_often(options, Path(folder)))
    blows = [json.loads(line) for line in options.log.read_text(encoding="utf-8").splitlines()]
    print(table(blows))


if __name__ == "__main__":
    main()
