"""``antiphon up``: the whole platform on this machine."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
import uvloop
from rich.filesize import decimal
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from antiphon.cli.console import err, out, plain_errors
from antiphon.cli.options import takes_settings
from antiphon.cli.plan import Plan, make_plan, models_that_hear
from antiphon.cli.ports import require_free
from antiphon.cli.state import api_key, claimed, end_leftover
from antiphon.cli.summary import print_summary
from antiphon.cli.supervisor import Keeper, State, Supervisor, supervised
from antiphon.errors import OperatorError, SettingsError
from antiphon.models.store import ModelStore
from antiphon.settings import Settings

app = typer.Typer(add_completion=False)

_VAD_MODEL = "silero-vad"
_TURN_MODEL = "smart-turn-v3"
_READY_TIMEOUT_S = 120.0
_REDRAW_S = 0.1


@app.command(epilog="Example: antiphon up --tts-workers 2 --batch-size 16 --api-port 5001")
@plain_errors()
@takes_settings(
    "state_dir",
    "catalog_dir",
    "models_dir",
    "api_host",
    "api_port",
    "api_tls_port",
    "tls_cert",
    "tls_key",
    "metrics_host",
    "metrics_port",
    "nats_port",
    "nats_monitoring_port",
    "tts_workers",
    "stt_workers",
    "tts_model",
    "stt_model",
    "extra_stt_models",
    "batch_size",
    "max_streams",
    "transport",
    "queue_size",
    "queue_timeout_s",
    "worker_timeout_s",
    "shutdown_grace_s",
    "max_message_bytes",
    "max_upload_bytes",
    "max_audio_s",
    "max_clip_bytes",
    "max_clip_s",
    "tts_contexts_per_key",
    "stt_streams_per_key",
    "cors_origins",
    "default_voice",
    "log_level",
    "log_format",
)
def up(
    settings: Settings,
    *,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Serve TLS too, with a certificate of a private CA that is made (and renewed) here."
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Stop once it is proved; exit status 0 if it works, else 1.")
    ] = False,
) -> None:
    """Start everything on this machine, prove that it works, serve until Ctrl-C.

    Every option is also a name in the settings file and, as ANTIPHON_<NAME>, a variable. A second Ctrl-C
    does not wait for running streams.
    """
    provable = settings.tts_workers > 0 and settings.stt_workers > 0
    if check and not provable:
        raise SettingsError("--check speaks and hears: it needs at least one TTS and one STT worker.")
    if tls:
        settings = _with_certificate(settings)
    plan = make_plan(settings)
    with claimed(settings.state_dir, plan.url):
        key = settings.api_key.get_secret_value() if settings.api_key else api_key(settings.state_dir)
        leftover = end_leftover(plan.nats)
        if leftover:
            _tell(f"Ended the NATS server (pid {leftover}) that a killed run left behind.")
        require_free(plan.ports)
        _pull_models(settings)
        proved = uvloop.run(_run(plan, key, provable=provable, check=check))
    raise typer.Exit(0 if proved else 1)


def _with_certificate(settings: Settings) -> Settings:
    """The settings that serve with the certificate of ``antiphon tls create``, made or renewed if need be."""
    from antiphon.cli.tls import default_folder
    from antiphon.cli.tlsfiles import TlsFiles, ensured

    if settings.tls_cert:
        raise SettingsError(
            "--tls makes a certificate: give it, or tls_cert and tls_key of your own, not both."
        )
    files = TlsFiles(default_folder(settings))
    anywhere = settings.api_host in {"0.0.0.0", "::"}
    ensured(files, [] if anywhere else [settings.api_host], datetime.now(UTC))
    return settings.model_copy(update={"tls_cert": files.certificate, "tls_key": files.key})


def _pull_models(settings: Settings) -> None:
    wanted: list[str] = []
    if settings.tts_workers:
        wanted.append(settings.tts_model)
    if hearing := models_that_hear(settings):
        wanted += [*hearing, _VAD_MODEL, _TURN_MODEL]
    store = ModelStore(settings.models_dir)
    lacking = store.lacking(wanted)
    if lacking:
        from antiphon.cli.models import Bars

        names = ", ".join(dict.fromkeys(model.name for model, _ in lacking))
        size = decimal(sum(file.size for _, file in lacking))
        _tell(f"Pulling {names} ({size}) into {store.root}")
        with Bars() as bars:
            store.pull(wanted, bars)


async def _run(plan: Plan, key: str, *, provable: bool, check: bool) -> bool:
    """Serve until a signal, or with ``check`` until it is proved; return whether it came to that."""
    proved = False
    async with supervised(plan.api.settings.state_dir / "logs", _tell) as supervisor:
        began = time.monotonic()
        await _shown(supervisor, _start(plan, key, supervisor))
        out.print(f"Ready after {time.monotonic() - began:.1f} s.", highlight=False)
        if provable:
            await _prove(plan.url, key)
        proved = True
        if not check:
            print_summary(plan, key, {keeper.service.name: keeper.pid for keeper in supervisor.keepers})
            await supervisor.watch()
    return proved


async def _start(plan: Plan, key: str, supervisor: Supervisor) -> None:
    supervisor.start(plan.nats_service())
    await supervisor.ready(_READY_TIMEOUT_S)
    # They start side by side, but the API stops first: its streams need the workers to finish.
    supervisor.start(*(worker.service() for worker in plan.workers))
    supervisor.start(plan.api.service(key))
    await supervisor.ready(_READY_TIMEOUT_S)


async def _shown(supervisor: Supervisor, starting: Coroutine[Any, Any, None]) -> None:
    """Show how the services come up, until all have."""
    task = asyncio.create_task(starting)
    spinner = Spinner("dots")
    # Redrawn from here and not by Live's own thread: children are forked meanwhile.
    with Live(console=err, auto_refresh=False, transient=True) as live:
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_REDRAW_S)
                live.update(_progress(supervisor.keepers, spinner), refresh=True)
        finally:
            task.cancel()
    await task


def _progress(keepers: list[Keeper], spinner: Spinner) -> Table:
    table = Table.grid(padding=(0, 1))
    for keeper in keepers:
        mark = Text("✓", style="green") if keeper.state is State.READY else spinner
        table.add_row(mark, keeper.service.name, Text(keeper.detail or keeper.state, style="dim"))
    return table


async def _prove(url: str, key: str) -> None:
    from antiphon.cli.selftest import prove

    proof = await prove(url, key)
    out.print(f"Said   {proof.said}", highlight=False, markup=False, soft_wrap=True)
    out.print(f"Heard  {proof.heard}", highlight=False, markup=False, soft_wrap=True)
    out.print(
        f"First audio after {proof.ttfa_s * 1000:.0f} ms, real-time factor {proof.rtf:.3f}, "
        f"word error {proof.word_error:.0%}.",
        highlight=False,
    )
    if not proof.holds:
        raise OperatorError("The self-test failed: what was heard is not what was said.")


def _tell(line: str) -> None:
    with suppress(OSError):  # a terminal that is gone must not keep what it started from ending
        err.print(line, highlight=False, markup=False, soft_wrap=True)
