"""``antiphon tune tts`` and ``antiphon tune stt``: what this machine can carry, and the settings for it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from antiphon.cli.benchoptions import parse_seconds
from antiphon.cli.console import err, out, plain_errors
from antiphon.cli.options import takes_settings
from antiphon.errors import ModelMissing, OperatorError
from antiphon.settings import Settings
from antiphon.telemetry.logs import configure_logging

app = typer.Typer(
    help="Measure a model on this machine and find the batch_size and max_streams for a goal. Nothing else "
    "should run meanwhile; no server is needed.",
    no_args_is_help=True,
    add_completion=False,
)

BatchSizes = Annotated[
    str, typer.Option("--batch-sizes", help="Rows a step to try, with commas.", metavar="1,2,4")
]
Write = Annotated[
    Path | None,
    typer.Option("--write", help="Set batch_size and max_streams in this settings file.", metavar="FILE"),
]


@app.command(epilog="Example: antiphon tune tts --ttfa-p95 100ms --rtf 0.8 --write antiphon.toml")
@plain_errors()
@takes_settings("models_dir", "log_level", tts_model="--model")
def tts(
    settings: Settings,
    *,
    batch_sizes: BatchSizes = "1,2,4,8",
    ttfa_p95: Annotated[
        str, typer.Option("--ttfa-p95", help="Goal: time to the first audio, 95th percentile.")
    ] = "100ms",
    rtf: Annotated[
        float, typer.Option("--rtf", min=0.01, help="Goal: time to make a sentence, by its length.")
    ] = 0.8,
    underruns: Annotated[
        int, typer.Option("--underruns", min=0, help="Goal: moments without anything to play, of everybody.")
    ] = 0,
    write: Write = None,
) -> None:
    """Find out how many real-time listeners one TTS worker serves.

    Measures what the model's steps cost with each batch size, then lets more and more listeners hear
    sentence after sentence, in simulated time, for as long as the goal is met for all of them.
    """
    from antiphon.models.registry import load_tts
    from antiphon.models.store import ModelStore
    from antiphon.tuning.speech import Goal, carry, knee

    configure_logging(settings.log_level, settings.log_format)
    sizes = _sizes(batch_sizes)
    goal = Goal(parse_seconds(ttfa_p95, "--ttfa-p95"), rtf, underruns)
    model = load_tts(settings.tts_model, ModelStore(settings.models_dir))
    with err.status("measuring") as status:
        found = carry(model, sizes, goal, progress=lambda size: status.update(f"batch_size {size}"))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("batch_size", "step", "audio/s", "listeners", "TTFA p50", "TTFA p95", "RTF p95"):
        table.add_column(heading, justify="right")
    for row in found:
        heard = row.summary
        table.add_row(
            str(row.batch_size),
            _ms(row.step_s),
            f"{row.audio_per_s:.1f} s",
            str(row.listeners),
            _ms(heard.ttfa.p50 if heard else None),
            _ms(heard.ttfa.p95 if heard else None),
            f"{heard.rtf.p95:.2f}" if heard and heard.rtf.p95 is not None else "-",
        )
    out.print(table)
    best = knee(found)
    if best is None:
        raise OperatorError(
            f"{settings.tts_model} serves nobody on this machine within TTFA p95 {ttfa_p95}, RTF {rtf:g} and "
            f"{underruns} underruns: relax the goal or take a faster machine."
        )
    _advise("tts", best.batch_size, best.listeners, write)


@app.command(epilog="Example: antiphon tune stt --final-p95 300ms --partial-every 500ms")
@plain_errors()
@takes_settings("models_dir", "log_level", "tts_model", stt_model="--model")
def stt(
    settings: Settings,
    *,
    batch_sizes: BatchSizes = "1,2,4",
    final_p95: Annotated[
        str, typer.Option("--final-p95", help="Goal: `finalize` to the last text, 95th percentile.")
    ] = "300ms",
    partial_every: Annotated[
        str, typer.Option("--partial-every", help="Goal: between two texts of an utterance, median.")
    ] = "500ms",
    write: Write = None,
) -> None:
    """Find out how many real-time streams one STT worker hears.

    The voice model speaks first. Then more and more streams of it are heard, for as long as the goal is met
    for all of them; time in which the core would be idle is skipped. Where the turn model is installed, it
    judges the pauses of all of them.
    """
    from antiphon.models.registry import load_stt, load_tts, load_turn, load_vad
    from antiphon.models.store import ModelStore
    from antiphon.tuning.recognition import HearingGoal, knee, most_streams
    from antiphon.tuning.talk import spoken

    configure_logging(settings.log_level, settings.log_format)
    sizes = _sizes(batch_sizes)
    goal = HearingGoal(
        parse_seconds(final_p95, "--final-p95"), parse_seconds(partial_every, "--partial-every")
    )
    store = ModelStore(settings.models_dir)
    model, vad = load_stt(settings.stt_model, store), load_vad(store)
    try:
        turns = load_turn(store)
    except ModelMissing:
        turns = None  # a worker has none either
    with err.status("speaking") as status:
        speech = spoken(load_tts(settings.tts_model, store), model.sample_rate)

        def tell(size: int, streams: int) -> None:
            status.update(f"batch_size {size}: {streams} streams")

        found = most_streams(model, vad, speech, sizes, goal, turns=turns, progress=tell)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("batch_size", "streams", "core", "final p50", "final p95", "partial every"):
        table.add_column(heading, justify="right")
    for row in found:
        table.add_row(
            str(row.batch_size),
            str(row.streams),
            f"{row.core_share:.0%}",
            _ms(row.final.p50),
            _ms(row.final.p95),
            _ms(row.partial_every.p50),
        )
    out.print(table)
    best = knee(found)
    if best is None:
        raise OperatorError(
            f"{settings.stt_model} hears nobody on this machine with finals within {final_p95} and texts "
            f"every {partial_every}: relax the goal or take a faster machine."
        )
    _advise("stt", best.batch_size, best.streams, write)


def _sizes(text: str) -> list[int]:
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < 1:
        raise OperatorError(f"--batch-sizes: {text!r} is no list of numbers such as 1,2,4.")
    return sizes


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.1f} ms"


def _advise(kind: str, batch_size: int, max_streams: int, write: Path | None) -> None:
    from antiphon.tuning.advice import write_settings

    found = {"batch_size": batch_size, "max_streams": max_streams}
    if write:
        write_settings(write, found)
        out.print(
            f"Written to {write}: " + ", ".join(f"{k} = {v}" for k, v in found.items()), highlight=False
        )
        return
    out.print(
        f"Best here: antiphon worker {kind} --batch-size {batch_size} --max-streams {max_streams}\n"
        "(auto, the default of both, measures the same as it goes.)",
        highlight=False,
    )
