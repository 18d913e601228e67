"""What ``antiphon bench`` shows: one line while it runs, tables at the end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from antiphon.cli.console import err, out
from antiphon.loadtest.report import Report, tables, verdict

_EVERY_S = 0.5
_BAR = 30
_FILE_WIDTH = 140
"""Of tables that go into a file or a pipe, which have no width of their own."""


@asynccontextmanager
async def watching(run_s: float) -> AsyncGenerator[Callable[[str], None]]:
    """Tell what runs in a line of standard error, with a bar for the time of a run.

    The line is written by hand, twice a second: rich's bar takes milliseconds each time, in which no audio
    would be heard.

    Args:
        run_s: seconds that a run takes; it may wait longer for its last answers.

    Yields:
        What to call with a description whenever something else begins.
    """
    label, began = "", time.monotonic()

    def tell(text: str) -> None:
        nonlocal label, began
        label, began = text, time.monotonic()

    async def draw() -> None:
        while True:
            passed_s = time.monotonic() - began
            bar = "━" * round(_BAR * min(1.0, passed_s / run_s))
            err.file.write(f"\r\x1b[K{bar:─<{_BAR}} {passed_s:.0f} s  {label}")
            err.file.flush()
            await asyncio.sleep(_EVERY_S)

    drawing = asyncio.create_task(draw()) if err.is_terminal else None
    try:
        yield tell
    finally:
        if drawing:
            drawing.cancel()
            err.file.write("\r\x1b[K")
            err.file.flush()


def show(report: Report) -> None:
    """Print the tables and what is to be said about them."""
    page = out if out.is_terminal else Console(width=_FILE_WIDTH)
    for found in tables(report) if report.points else ():
        table = Table(
            title=found.title,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        for name in found.header:
            heading = name if found.prose else "\n".join(name.split())
            table.add_column(heading, justify="left" if found.prose else "right", no_wrap=not found.prose)
        for row in found.rows:
            table.add_row(*map(Text, row))  # brackets in what was said are no markup
        page.print(table)
    for sentence in verdict(report):
        out.print(sentence, markup=False, highlight=False, soft_wrap=True)
