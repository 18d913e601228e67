"""``antiphon worker tts`` and ``antiphon worker stt``: one worker."""

import typer

from antiphon.cli.console import plain_errors
from antiphon.cli.options import takes_settings
from antiphon.settings import Settings

app = typer.Typer(
    help="Run one worker until SIGTERM or Ctrl-C. Every option is also a name in the settings file and, as "
    "ANTIPHON_<NAME>, a variable.",
    no_args_is_help=True,
    add_completion=False,
)

_COMMON = (
    "nats_url",
    "batch_size",
    "max_streams",
    "models_dir",
    "metrics_host",
    "metrics_port",
    "shutdown_grace_s",
    "log_level",
    "log_format",
)


@app.command(epilog="Example: antiphon worker tts --batch-size 8 --nats nats://nats:4222")
@plain_errors()
@takes_settings(*_COMMON, tts_model="--model")
def tts(settings: Settings) -> None:
    """Run one worker that speaks."""
    from antiphon.workers.main import run

    run("tts", settings)


@app.command(epilog="Example: antiphon worker stt --max-streams 32 --nats nats://nats:4222")
@plain_errors()
@takes_settings(*_COMMON, stt_model="--model")
def stt(settings: Settings) -> None:
    """Run one worker that hears."""
    from antiphon.workers.main import run

    run("stt", settings)
