"""``antiphon bench stt``: streams that are spoken into in real time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from antiphon.cli.benchoptions import Loads, parse_seeds
from antiphon.cli.benchrun import WARM_UP_S, accept, bench_facts, find, run_facts
from antiphon.cli.client import Server
from antiphon.loadtest.figures import figures
from antiphon.loadtest.hearing import HearingClient, Stream
from antiphon.loadtest.hearingloads import open_streams, steady_streams
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.recordings import read_recordings, speak_recordings
from antiphon.loadtest.report import Report
from antiphon.loadtest.run import Run
from antiphon.loadtest.slo import parse_slo
from antiphon.loadtest.sweep import Sweep
from antiphon.loadtest.target import Target

_LOADS: dict[str, Callable[..., Awaitable[Run[Stream]]]] = {
    "rps": open_streams,
    "concurrency": steady_streams,
}
"""By the option that asks for them, which is also their parameter."""


async def load_streams(
    audio: Path | None,
    *,
    loads: Loads,
    slo: str,
    server: Server,
    target: Target,
    speaking: Target,
    duration_s: float,
    seeds: str,
    stop: asyncio.Event,
    tell: Callable[[str], None],
) -> Report:
    """Speak into streams.

    Args:
        audio: folder of recordings; None has ``speaking`` speak sentences first.
        loads: how many streams.
        slo: what each load must keep.
        server: that hears.
        target: the same, with the model and language that are asked for.
        speaking: what speaks the sentences.
        duration_s: of each run.
        seeds: a run for each.
        stop: set by Ctrl-C.
        tell: told what goes on.

    Raises:
        OperatorError: an option is wrong, or the server does not do what is asked.
    """
    terms, all_seeds = parse_slo(slo, figures(summarise_streams())), parse_seeds(seeds)
    tell("getting recordings")
    recordings = read_recordings(audio) if audio else await speak_recordings(speaking)
    client = HearingClient(target)

    async def measure(load: float, seed: int) -> Run[Stream]:
        tell(f"{loads.axis} {load:g}, seed {seed}")
        return await _LOADS[loads.axis](
            client,
            **{loads.axis: load},
            duration_s=duration_s,
            recordings=recordings,
            seed=seed,
            stop=stop,
        )

    tell("warming up")
    warm = await steady_streams(client, concurrency=1, duration_s=WARM_UP_S, recordings=recordings, stop=stop)
    accept({stream.error for stream in warm.requests}, server)
    facts = {"recordings": str(audio) if audio else f"{len(recordings)} sentences, spoken by the server"}
    sweep = Sweep(measure, summarise_streams, terms, all_seeds, stop)
    return await find(sweep, "stt", loads, slo, bench_facts(target, facts | run_facts(duration_s, seeds)))
