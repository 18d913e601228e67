"""The frame around a benchmark: Ctrl-C, what is shown, and what is written."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import typer
import uvloop

from antiphon.cli.benchoptions import MOST, Loads
from antiphon.cli.benchview import show, watching
from antiphon.cli.client import Server
from antiphon.errors import OperatorError
from antiphon.loadtest.page import to_html
from antiphon.loadtest.report import Report, to_json, to_markdown
from antiphon.loadtest.sweep import Sweep
from antiphon.loadtest.target import Target

WARM_UP_S = 1.0

_INTERRUPTED = 130
_LEAST, _MOST = 4, 4096
"""Where the search for the most begins and ends."""


def bench_facts(target: Target, more: Mapping[str, str]) -> dict[str, str]:
    """How something is measured: where, of what, when and from which machine; and more."""
    load = ", ".join(f"{average:.2f}" for average in os.getloadavg())
    return {
        "server": target.url,
        "model": target.model,
        **more,
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "generator's machine": f"{os.cpu_count()} processors, load average {load}",
    }


def run_facts(duration_s: float, seeds: str) -> dict[str, str]:
    """How the runs of a load are made."""
    return {"each run": f"{duration_s:g} s", "seeds": seeds}


async def find(sweep: Sweep, kind: str, loads: Loads, slo: str, facts: dict[str, str]) -> Report:
    """Measure the loads that were asked for, or search for the most.

    Args:
        sweep: measures one load.
        kind: ``tts`` or ``stt``.
        loads: what was asked for.
        slo: the objective as it was written.
        facts: how it was measured.
    """
    if loads.values == MOST:
        held = await sweep.most(_LEAST, _MOST)
        return Report(kind, loads.axis, facts, slo, sweep.points, held)
    await sweep.over(loads.values)
    return Report(kind, loads.axis, facts, slo, sweep.points)


def run_bench(
    bench: Callable[[asyncio.Event, Callable[[str], None]], Awaitable[Report]],
    *,
    run_s: float,
    check: bool,
    json: Path | None,
    markdown: Path | None,
    html: Path | None,
) -> None:
    """Run a benchmark, show what it found, and write it where it was asked for.

    Args:
        bench: called with what Ctrl-C sets, and with what tells the person at the keyboard what goes on.
        run_s: seconds that a run takes.
        check: whether an objective that is not kept is an error.
        json: file that gets every figure.
        markdown: file that gets the tables.
        html: file that gets the page.

    Raises:
        typer.Exit: with status 1 or 130.
        OperatorError: a file can't be written.
    """

    async def run() -> tuple[Report, bool]:
        stop = asyncio.Event()
        _first_interrupt_sets(stop)
        async with watching(run_s) as tell:
            return await bench(stop, tell), stop.is_set()

    try:
        report, interrupted = uvloop.run(run())
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    show(report)
    for path, form in ((json, to_json), (markdown, to_markdown), (html, to_html)):
        if path:
            _write(path, form(report))
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if check and not report.kept:
        raise typer.Exit(1)


def accept(errors: set[str | None], server: Server) -> None:
    """Go on only if something of the first requests succeeded.

    Args:
        errors: their kinds of failure; None for success.
        server: that they were made to.

    Raises:
        OperatorError: all of it failed, and why.
    """
    if None in errors or not errors:
        return
    kind = ", ".join(sorted(filter(None, errors)))
    if kind == "unreachable":
        raise OperatorError(
            f"Nothing answers at {server.url}: start it with `antiphon up`, or name another with --url."
        )
    if kind.startswith("401"):
        raise OperatorError(f"{server.url} refuses the API key: give it with --api-key or ANTIPHON_API_KEY.")
    raise OperatorError(f"{server.url} does not do what the load would ask for: {kind}.")


def _first_interrupt_sets(stop: asyncio.Event) -> None:
    """Have the first Ctrl-C end the load; the next one ends the command. Only a main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()

    def handle() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, handle)


def _write(path: Path, content: bytes | str) -> None:
    try:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        raise OperatorError(f"Can't write {path}: {error.strerror}.") from None
