"""``antiphon bench stt --manifest``: how well recordings of known text are heard."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from antiphon.cli.benchoptions import Loads
from antiphon.cli.benchrun import accept, bench_facts
from antiphon.cli.client import Server
from antiphon.errors import OperatorError
from antiphon.loadtest.figures import figures
from antiphon.loadtest.manifest import read_manifest
from antiphon.loadtest.quality import hear_files, hear_streams, summarise_quality
from antiphon.loadtest.qualityreport import quality_report
from antiphon.loadtest.report import Report
from antiphon.loadtest.slo import parse_slo
from antiphon.loadtest.target import Target
from antiphon.loadtest.transcribing import Transcriber

STREAMS = "4"
"""In real time at once, unless ``--concurrency`` says otherwise."""

_CPU = "process_cpu_seconds"


async def hear_manifest(
    manifest: Path,
    *,
    loads: Loads,
    slo: str,
    server: Server,
    target: Target,
    metrics: str | None,
    stop: asyncio.Event,
    tell: Callable[[str], None],
) -> Report:
    """Have every recording of a manifest heard as a file, as a stream and as turns.

    Args:
        manifest: see `antiphon.loadtest.manifest`.
        loads: how many streams at once.
        slo: what each group must keep.
        server: that hears.
        target: the same, with the model and language that are asked for.
        metrics: address of the worker's metrics, from which its processor time is read.
        stop: set by Ctrl-C.
        tell: told what goes on.

    Raises:
        OperatorError: the manifest, the objective or an option is wrong, or the server does not hear.
    """
    if loads.axis != "concurrency" or len(loads.values) != 1:
        raise OperatorError("--manifest takes one number of streams at a time: --concurrency 4.")
    terms = parse_slo(slo, figures(summarise_quality()))
    tell("reading recordings")
    clips = read_manifest(manifest)
    transcriber = Transcriber(target)
    try:
        files = await hear_files(transcriber, clips, stop, tell)
        accept({error for heard in files for error in heard.errors or (None,)}, server)
        before_s = await _cpu_seconds(metrics) if metrics else 0.0
        run = await hear_streams(transcriber, files, streams=int(loads.values[0]), stop=stop, tell=tell)
        used_s = await _cpu_seconds(metrics) - before_s if metrics else 0.0
    finally:
        await transcriber.aclose()
    facts = {"manifest": str(manifest), "streams at a time": f"{loads.values[0]:g}"}
    streamed_s = sum(heard.streamed_s for heard in run.requests)
    if used_s:
        facts["streams a core"] = (
            f"{streamed_s / used_s:.1f} (the worker used {used_s:.0f} s of processor "
            f"for {streamed_s:.0f} s of streams)"
        )
    return quality_report(run, terms, slo, bench_facts(target, facts))


async def _cpu_seconds(url: str) -> float:
    """Processor time that a worker has used, from its metrics.

    Raises:
        OperatorError: they don't tell it.
    """
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = (await http.get(url)).raise_for_status()
        families = {family.name: family for family in text_string_to_metric_families(answer.text)}
        return families[_CPU].samples[0].value
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, IndexError):
        raise OperatorError(
            f"--metrics {url} does not tell {_CPU}_total; it looks like http://127.0.0.1:9102/metrics."
        ) from None
