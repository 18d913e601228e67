"""What ``antiphon bench`` shows: one line while it runs, tables at the end."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from rich.markup import escape
from rich.table import Table

from antiphon.cli.console import err, out
from antiphon.loadtest.report import Report, tables, verdict

_EVERY_S = 0.5


@asynccontextmanager
async def watching() -> AsyncGenerator[Callable[[str], None]]:
    """Tell what runs, and for how long, in a line of standard error.

    The line is written as it is, twice a second: a drawn progress bar takes milliseconds each time, in which
    no audio would be heard.

    Yields:
        What to call with a description whenever something else begins.
    """
    label, began = "", time.monotonic()

    def tell(text: str) -> None:
        nonlocal label, began
        label, began = text, time.monotonic()

    async def draw() -> None:
        for mark in itertools.cycle("|/-\\"):
            err.file.write(f"\r\x1b[K{mark} {label}, {time.monotonic() - began:.0f} s")
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
    for found in tables(report):
        table = Table(title=found.title, title_justify="left", title_style="bold")
        for name in found.header:
            table.add_column(name, justify="right", no_wrap=name == report.axis)
        for row in found.rows:
            table.add_row(*row)
        out.print(table)
    for sentence in verdict(report):
        out.print(escape(sentence), highlight=False, soft_wrap=True)
