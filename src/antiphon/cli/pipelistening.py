"""What comes through a pipe, told while it is spoken."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
from rich.live import Live
from rich.text import Text

from antiphon.cli.client import Server, Transcript, Word
from antiphon.cli.console import out
from antiphon.cli.pipe import standard_input
from antiphon.cli.pipedaudio import open_piped
from antiphon.cli.streams import Query, hear, hear_turns
from antiphon.errors import OperatorError

Show = Literal["text", "words", "turns", "json", "turns as json"]


@dataclass(frozen=True, slots=True)
class _Said:
    """A message of the server's: what is said, or was.

    Attributes:
        message: as it came.
        text: of it, without blanks at the ends.
        final: it will not change.
        words: those that have times.
    """

    message: bytes
    text: str
    final: bool
    words: tuple[Word, ...] = ()


class _Turn(msgspec.Struct):
    type: str
    transcript: str = ""


def listen_to_pipe(server: Server, fields: Query, encoding: str, sample_rate: int, show: Show) -> None:
    """Print what is said on standard input.

    Args:
        server: who hears.
        fields: of the request, but for the form of the audio.
        encoding: of samples without a header.
        sample_rate: of these, in Hz.
        show: what to print of it; JSON is the server's messages.

    Raises:
        OperatorError: standard input is no pipe or holds a WAV that can't be streamed; the server refused,
            failed or went away.
    """
    if sys.stdin.isatty():
        raise OperatorError(
            "listen - wants audio in a pipe, such as: arecord -q -f S16_LE -r 16000 -c 1 | antiphon listen -"
        )
    audio = open_piped(standard_input(), encoding, sample_rate)
    query = {**fields, "encoding": audio.encoding, "sample_rate": str(audio.sample_rate)}
    if show.startswith("turns"):
        said = map(_turn, hear_turns(server, query, audio.pieces))
    else:
        said = map(_transcript, hear(server, query, audio.pieces))
    if show.endswith("json"):
        for one in said:
            print(one.message.decode(), flush=True)
    elif out.is_terminal:
        _print_live(said, show)
    else:
        for one in said:
            if one.final:
                _print(one, show)


def _print_live(said: Iterable[_Said], show: Show) -> None:
    """Finals above, and below them in place the text that may still change."""
    with Live(console=out, transient=True, auto_refresh=False) as live:
        for one in said:
            if one.final:
                live.update(Text(""), refresh=True)
                _print(one, show)
            else:
                live.update(Text(one.text, style="dim"), refresh=True)


def _print(said: _Said, show: Show) -> None:
    if said.text:
        out.print(said.text, markup=False, highlight=False, soft_wrap=True)
    for word in said.words if show == "words" else ():
        out.print(f"{word.start:9.2f} {word.end:9.2f}  {word.word}", markup=False, highlight=False)


def _transcript(message: bytes) -> _Said:
    heard = msgspec.json.decode(message, type=Transcript)
    return _Said(message, heard.text.strip(), final=heard.is_final, words=heard.words)


def _turn(message: bytes) -> _Said:
    turn = msgspec.json.decode(message, type=_Turn)
    return _Said(message, turn.transcript.strip(), final=turn.type == "turn.end")
