"""Standard input as a stream that is read while it is written."""

import sys
from typing import Protocol, cast

PIECE_BYTES = 8192


class Pipe(Protocol):
    """Bytes that come in while they are read."""

    def read(self, size: int, /) -> bytes:
        """What is there, at most ``size`` bytes; waits for the first, and gives none at the end."""
        ...


def standard_input() -> Pipe:
    """Standard input without its buffer.

    A thread that waits in the buffer holds its lock, with which the interpreter can't end.
    """
    buffer = sys.stdin.buffer
    return cast("Pipe", getattr(buffer, "raw", buffer))


def read_exactly(pipe: Pipe, size: int) -> bytes:
    """The next ``size`` bytes, or fewer at the end."""
    data = b""
    while len(data) < size and (piece := pipe.read(size - len(data))):
        data += piece
    return data
