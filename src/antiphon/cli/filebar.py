"""How far a file is, shown while it is sent and heard."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from antiphon.cli.console import err

_MINUTE_S = 60.0


class FileBar:
    """A bar for one file: first of the bytes that are sent, then of the seconds that were heard.

    Args:
        progress: where it is shown.
        size: of the file in bytes.
    """

    def __init__(self, progress: Progress, size: int) -> None:
        self._progress = progress
        self._task = progress.add_task("sending", total=size)
        self._sent = 0
        self._began: float | None = None

    def sent(self, count: int) -> None:
        """So many more bytes are on their way."""
        self._sent += count
        self._progress.update(self._task, completed=self._sent)

    def heard(self, seconds: float, total: float | None) -> None:
        """So much of the audio has been heard."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
            self._progress.reset(self._task, total=total)
        speed = f", {seconds / (now - self._began):.0f} times real time" if seconds else ""
        of = f" of {clock(total)}" if total else ""
        self._progress.update(self._task, completed=seconds, description=f"heard {clock(seconds)}{of}{speed}")


@contextmanager
def file_bar(name: str, size: int) -> Generator[FileBar]:
    """A bar on standard error, if that is a terminal; it goes when it is over."""
    columns = (
        SpinnerColumn(),
        TextColumn(name, markup=False),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield FileBar(progress, size)


def clock(seconds: float) -> str:
    """``1:02:03``, or ``2:03`` in the first hour."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def length(seconds: float) -> str:
    """``2.5 s``, or from a minute on as on a clock."""
    return f"{seconds:.1f} s" if seconds < _MINUTE_S else clock(seconds)
