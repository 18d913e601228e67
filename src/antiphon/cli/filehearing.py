"""A whole file heard by a server: what it tells meanwhile, and what has come of it so far."""

import io
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import msgspec

from antiphon.cli.client import Refused, Server, Word
from antiphon.errors import OperatorError

Fields = Mapping[str, str | Sequence[str]]


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the server is, in seconds of the audio."""

    heard: float
    total: float | None = None


class Piece(msgspec.Struct, frozen=True, tag="transcript"):
    """Text that will not change, and where it was said. Pieces join as they are."""

    text: str
    start: float = 0.0
    end: float = 0.0
    duration: float = 0.0
    language: str = ""
    words: tuple[Word, ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All of it was heard."""

    duration: float
    language: str = ""


class _Failure(msgspec.Struct, frozen=True, tag="error"):
    title: str = "Error"
    message: str = ""


Event = Progress | Piece | Done


@dataclass
class Heard:
    """What has been heard of a file so far.

    Attributes:
        pieces: of its text, in order.
        seconds: of its audio that they tell of.
        complete: nothing is missing.
    """

    pieces: list[Piece] = field(default_factory=list[Piece])
    seconds: float = 0.0
    language: str = ""
    complete: bool = False

    def take(self, event: Event) -> None:
        """Add what the server told."""
        match event:
            case Piece():
                self.pieces.append(event)
                self.seconds = event.end
                self.language = event.language or self.language
            case Done():
                self.seconds, self.complete = event.duration, True
                self.language = event.language or self.language
            case Progress():
                pass


def hear_file(server: Server, path: Path, fields: Fields, sent: Callable[[int], None]) -> Generator[Event]:
    """Send a file, and tell what is heard in it as it is heard; closing the generator ends that.

    A server that does not stream tells all at the end.

    Args:
        server: who hears.
        path: of the file.
        fields: of the request, such as ``model``.
        sent: told the bytes that were sent, piece by piece.

    Raises:
        Refused: the server does not take this file.
        OperatorError: it failed or went away, or the file can't be read.
    """
    try:
        yield from _streamed(server, path, {**fields, "stream": "true"}, sent)
    except Refused as refused:
        if refused.http_status != HTTPStatus.BAD_REQUEST or "stream is" not in str(refused):
            raise
        yield from _streamed(server, path, fields, sent)


def _streamed(server: Server, path: Path, fields: Fields, sent: Callable[[int], None]) -> Generator[Event]:
    with _reading(path, sent) as file, server.upload("/stt", file, path.name, fields) as response:
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            whole = msgspec.json.decode(response.read(), type=Piece)
            yield msgspec.structs.replace(whole, end=whole.duration)
            yield Done(whole.duration, whole.language)
            return
        for line in response.iter_lines():
            name, _, data = line.partition(": ")
            if name != "data":
                continue
            event = msgspec.json.decode(data, type=Progress | Piece | Done | _Failure)
            if isinstance(event, _Failure):
                raise OperatorError(f"{event.title}: {event.message}")
            yield event
            if isinstance(event, Done):
                return
    raise OperatorError(f"The connection to {server.url} ended before the file did.")


def _reading(path: Path, sent: Callable[[int], None]) -> "_Watched":
    try:
        return _Watched(io.FileIO(path), sent)
    except OSError as error:
        raise OperatorError(f"Can't read {path}: {error.strerror}.") from None


class _Watched(io.BufferedReader):
    """A file that tells how much of it is being read."""

    def __init__(self, raw: io.FileIO, sent: Callable[[int], None]) -> None:
        super().__init__(raw)
        self._sent = sent

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._sent(len(data))
        return data
