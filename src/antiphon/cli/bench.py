"""``antiphon bench``: what a server's listeners hear under load."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from antiphon.audio.encodings import OUTPUT_ENCODINGS
from antiphon.audio.formats import SAMPLE_RATES
from antiphon.cli.benchoptions import parse_loads, parse_seconds, parse_seeds
from antiphon.cli.benchquality import STREAMS, hear_manifest
from antiphon.cli.benchrun import WARM_UP_S, accept, bench_facts, find, run_bench, run_facts
from antiphon.cli.benchstreams import load_streams
from antiphon.cli.client import Config, Key, Url, find_server
from antiphon.cli.console import plain_errors
from antiphon.errors import OperatorError
from antiphon.loadtest.figures import figures
from antiphon.loadtest.loads import closed_loop, listening_loop, open_loop
from antiphon.loadtest.report import Report
from antiphon.loadtest.run import Run
from antiphon.loadtest.sentences import SENTENCES, read_sentences
from antiphon.loadtest.slo import QUALITY_SLO, STT_SLO, TTS_SLO, Term, parse_slo
from antiphon.loadtest.speech import CLIENTS
from antiphon.loadtest.summary import TTFA_GOAL_S, summarise
from antiphon.loadtest.sweep import Sweep
from antiphon.loadtest.target import VERSION, VOICE, Target

app = typer.Typer(add_completion=False, no_args_is_help=True)

# Loads by the option that asks for them, which is also their parameter.
_Load = Callable[..., Awaitable[Run[Any]]]
_SPEECH_LOADS: dict[str, _Load] = {"rps": open_loop, "concurrency": closed_loop, "listeners": listening_loop}

_CONCURRENCY = "1,2,4,8,16"

_EXAMPLES = """Examples:

antiphon bench tts — 1, 2, 4, 8 and 16 clients, as the tables of vendors

antiphon bench tts --rps 5,10,20 --seeds 1,2,3 --html load.html

antiphon bench tts --listeners most --slo "ttfa_p95<=100ms,underruns==0"
"""
_STT_EXAMPLES = """Examples:

antiphon bench stt --concurrency 4,8,16

antiphon bench stt --concurrency most --audio recordings/

antiphon bench stt --manifest pool.jsonl --html heard.html
"""

Rps = Annotated[
    str | None, typer.Option("--rps", metavar="RATES", help="Open loop: mean requests a second, e.g. 5,10.")
]
Concurrency = Annotated[
    str | None, typer.Option("--concurrency", metavar="COUNTS", help="Closed loop: clients at a time.")
]
Duration = Annotated[str, typer.Option("--duration", metavar="TIME", help="Of each run: 30s or 2m.")]
Seeds = Annotated[str, typer.Option("--seeds", metavar="SEEDS", help="A run for each: 1,2,3.")]
Slo = Annotated[str, typer.Option("--slo", metavar="BOUNDS", help="What each load must keep.")]
Check = Annotated[bool, typer.Option("--check", help="Exit with status 1 if it is not kept.")]
Version = Annotated[str, typer.Option("--version", metavar="DATE", help="Cartesia-Version.")]
Voice = Annotated[str, typer.Option(help="Id or name.", show_default="the server's")]
Language = Annotated[str | None, typer.Option(help="Code such as en.")]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every figure.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots.")]


@app.command(epilog=_EXAMPLES)
@plain_errors()
def tts(
    *,
    rps: Rps = None,
    concurrency: Concurrency = None,
    listeners: Annotated[
        str | None,
        typer.Option(
            metavar="COUNTS", help="Listeners in real time, e.g. 50,100; most searches for the most."
        ),
    ] = None,
    duration: Duration = "30s",
    seeds: Seeds = "1",
    transport: Annotated[str, typer.Option(help="websocket, sse or bytes.")] = "websocket",
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sentences, one a line.", show_default="40 of ours")
    ] = None,
    slo: Slo = TTS_SLO,
    check: Check = False,
    model: Annotated[str, typer.Option(help="Model, or a name that stands for one.")] = "sonic-3",
    voice: Voice = VOICE,
    language: Language = "en",
    encoding: Annotated[str, typer.Option(help="Of the audio asked for.")] = "pcm_s16le",
    sample_rate: Annotated[int, typer.Option(help="Of the audio asked for, in Hz.")] = 24_000,
    version: Version = VERSION,
    json: Json = None,
    markdown: Markdown = None,
    html: Html = None,
    url: Url = None,
    api_key: Key = None,
    config: Config = None,
) -> None:
    """Have sentences spoken under load, by any server of this protocol.

    Each request's playback is simulated with no buffer. Latency counts from
    the time a request was due to the first audible sample. Ctrl-C ends the
    load and tells what was measured so far.
    """
    server = find_server(url, api_key, config)
    loads = parse_loads({"rps": rps, "concurrency": concurrency, "listeners": listeners}, _CONCURRENCY)
    if transport not in CLIENTS:
        raise OperatorError(f"--transport {transport} is unknown; there are {', '.join(CLIENTS)}.")
    _check_format(encoding, sample_rate)
    texts = read_sentences(text) if text else SENTENCES
    terms = parse_slo(slo, figures(summarise()))
    target = Target(
        server.url, server.key, version, model, voice, language, encoding=encoding, sample_rate=sample_rate
    )
    duration_s = parse_seconds(duration)

    async def bench(stop: asyncio.Event, tell: Callable[[str], None]) -> Report:
        client = CLIENTS[transport](target)

        async def measure(load: float, seed: int) -> Run[Any]:
            tell(f"{loads.axis} {load:g}, seed {seed}")
            return await _SPEECH_LOADS[loads.axis](
                client, **{loads.axis: load}, duration_s=duration_s, seed=seed, texts=texts, stop=stop
            )

        try:
            tell("warming up")
            warm = await closed_loop(client, concurrency=2, duration_s=WARM_UP_S, texts=texts, stop=stop)
            accept({request.error for request in warm.requests}, server)
            facts = {"transport": transport, "voice": voice, "audio": f"{encoding}, {sample_rate} Hz"}
            facts |= run_facts(duration_s, seeds)
            summarise_to_goal = partial(summarise, ttfa_goal_s=_ttfa_goal(terms))
            sweep = Sweep(measure, summarise_to_goal, terms, parse_seeds(seeds), stop)
            return await find(sweep, "tts", loads, slo, bench_facts(target, facts))
        finally:
            await client.aclose()

    run_bench(bench, run_s=duration_s, check=check, json=json, markdown=markdown, html=html)


@app.command(epilog=_STT_EXAMPLES)
@plain_errors()
def stt(
    *,
    rps: Rps = None,
    concurrency: Annotated[
        str | None,
        typer.Option(metavar="COUNTS", help="Streams at a time, e.g. 4,8; most searches for the most."),
    ] = None,
    duration: Duration = "30s",
    seeds: Seeds = "1",
    audio: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Recordings (.wav, .flac), their texts beside them (.txt).",
            show_default="sentences that the server speaks",
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Recordings and their texts: measure errors instead of load."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of the worker's metrics: tells streams a core of a --manifest."),
    ] = None,
    slo: Annotated[
        str | None,
        typer.Option(
            metavar="BOUNDS", help="What each load or group must keep.", show_default="see the documents"
        ),
    ] = None,
    check: Check = False,
    model: Annotated[str, typer.Option(help="Model, or a name that stands for one.")] = "ink-whisper",
    language: Language = "en",
    voice: Annotated[str, typer.Option(help="Who speaks where there is no --audio.")] = VOICE,
    tts_model: Annotated[str, typer.Option(help="What speaks where there is no --audio.")] = "sonic-3",
    version: Version = VERSION,
    json: Json = None,
    markdown: Markdown = None,
    html: Html = None,
    url: Url = None,
    api_key: Key = None,
    config: Config = None,
) -> None:
    """Speak into streams in real time, to any server of this protocol.

    Utterances fill 60 % of the time. After every second one the client says
    finalize, after the others it waits for the server to notice. Ctrl-C ends
    the load and tells what was measured so far.

    With a --manifest each recording is heard once as a file, as a stream and
    as turns, and every word that was heard wrong is listed.
    """
    server = find_server(url, api_key, config)
    target = Target(server.url, server.key, version, model, voice, language)
    duration_s = parse_seconds(duration)
    loads = parse_loads({"rps": rps, "concurrency": concurrency}, STREAMS if manifest else _CONCURRENCY)

    async def bench(stop: asyncio.Event, tell: Callable[[str], None]) -> Report:
        if manifest:
            return await hear_manifest(
                manifest,
                loads=loads,
                slo=slo or QUALITY_SLO,
                server=server,
                target=target,
                metrics=metrics,
                stop=stop,
                tell=tell,
            )
        return await load_streams(
            audio,
            loads=loads,
            slo=slo or STT_SLO,
            server=server,
            target=target,
            speaking=replace(target, model=tts_model),
            duration_s=duration_s,
            seeds=seeds,
            stop=stop,
            tell=tell,
        )

    run_bench(bench, run_s=duration_s, check=check, json=json, markdown=markdown, html=html)


def _check_format(encoding: str, sample_rate: int) -> None:
    if encoding not in OUTPUT_ENCODINGS:
        raise OperatorError(f"--encoding {encoding} is unknown; there are {', '.join(OUTPUT_ENCODINGS)}.")
    if sample_rate not in SAMPLE_RATES:
        raise OperatorError(
            f"--sample-rate {sample_rate} is unknown; there are {', '.join(map(str, SAMPLE_RATES))}."
        )


def _ttfa_goal(terms: Sequence[Term]) -> float:
    """What a good request must keep: the tightest bound of the objective on first audio."""
    bounds = [t.bound for t in terms if t.figure.startswith("ttfa_") and t.sign.startswith("<")]
    return min(bounds, default=TTFA_GOAL_S)
