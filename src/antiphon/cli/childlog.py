"""The log file of a child process, and which of its lines a person should see at once."""

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

from antiphon.errors import StorageError

_ALARMING = re.compile(
    r"\[(?:warning|error|critical)\s*\]"  # ours, for people
    r'|"level": ?"(?:warning|error|critical)"'  # ours, as JSON
    r"|\[(?:WRN|ERR|FTL)\]"  # the NATS server's
)
_FATAL = re.compile(r"^Error: (?P<ours>.+)|\[FTL\] (?P<nats>.+)")
_TAIL_LINES = 20
_LONGEST_LINE = 64 * 1024


class ChildLog:
    """Everything a child prints, over all its restarts, in one file; the file of the last start is kept too.

    Args:
        path: the file; the one that is there moves to ``<path>.1``.
        alarm: called with each line that reports a warning or an error.

    Raises:
        StorageError: the file can't be written.
    """

    def __init__(self, path: Path, alarm: Callable[[str], None]) -> None:
        self.path = path
        self._alarm = alarm
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._rest = b""
        self._full = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.replace(path.with_name(f"{path.name}.1"))
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise StorageError(f"Can't write the log {path}: {error.strerror}.") from None

    def write(self, output: bytes) -> None:
        """Append what the child printed: any bytes, cut anywhere."""
        try:
            self._file.write(output)
            self._full = False
        except OSError as error:
            # A full disk must not stop a child; it is said once, until writing works again.
            if not self._full:
                self._alarm(f"Can't write the log {self.path}: {error.strerror}.")
            self._full = True
        *lines, self._rest = (self._rest + output).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            self._look_at(line.decode(errors="replace").rstrip())

    def last_words(self) -> str:
        """Why the child ended, as far as its output tells; empty when it does not.

        The message of its fatal error, else its last line, which for a Python traceback is the exception.
        """
        self._look_at(self._rest.decode(errors="replace").rstrip())
        self._rest = b""
        for line in reversed(self._tail):
            fatal = _FATAL.search(line)
            if fatal:
                return fatal["ours"] or fatal["nats"]
        return self._tail[-1].strip() if self._tail else ""

    def forget(self) -> None:
        """Begin anew: what comes from here on is the next run's."""
        self._tail.clear()
        self._rest = b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _look_at(self, line: str) -> None:
        if line:
            self._tail.append(line)
        if _ALARMING.search(line):
            self._alarm(line)
