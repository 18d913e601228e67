"""``antiphon listen``: the text of a file, or of what comes through a pipe while it is spoken."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from antiphon.cli.client import Config, Key, Server, Transcript, Url, find_server
from antiphon.cli.console import err, out, plain_errors
from antiphon.cli.pipe import standard_input
from antiphon.cli.pipedaudio import open_piped
from antiphon.cli.streams import hear
from antiphon.errors import OperatorError

app = typer.Typer(add_completion=False)

_INTERRUPTED = 130
_EXAMPLES = """Examples:

antiphon listen interview.mp3 --words

arecord -q -f S16_LE -r 16000 -c 1 | antiphon listen - — live from the microphone
"""


@app.command(epilog=_EXAMPLES)
@plain_errors()
def listen(
    file: Annotated[str, typer.Argument(help="Audio of any common format; - reads raw samples or WAV.")],
    *,
    words: Annotated[bool, typer.Option("--words", help="Tell when each word begins and ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the server's JSON.")] = False,
    encoding: Annotated[
        str | None, typer.Option(help="Of headerless samples.", show_default="pcm_s16le for -")
    ] = None,
    sample_rate: Annotated[
        int | None, typer.Option(help="Of headerless samples, in Hz.", show_default="16000 for -")
    ] = None,
    language: Annotated[str, typer.Option(help="Code such as en.")] = "en",
    model: Annotated[str, typer.Option(help="Model, or a name that stands for one.")] = "ink-whisper",
    url: Url = None,
    api_key: Key = None,
    config: Config = None,
) -> None:
    """Transcribe a file, or what comes through a pipe while it is spoken.

    On a terminal the text that may still change is shown below what is final;
    elsewhere only finals are printed, a line each. Ctrl-C ends the recording
    and still prints what was said.
    """
    server = find_server(url, api_key, config)
    fields = {"model": model, "language": language}
    if words:
        fields["timestamp_granularities[]"] = "word"
    show = _show_json if as_json else _show_words if words else _show_text
    try:
        if file == "-":
            _listen_to_pipe(
                server, fields, encoding or "pcm_s16le", sample_rate or 16_000, show, as_json=as_json
            )
        else:
            if encoding:
                fields["encoding"] = encoding
            if sample_rate:
                fields["sample_rate"] = str(sample_rate)
            show(_transcribe(server, Path(file), fields))
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def _transcribe(server: Server, path: Path, fields: dict[str, str]) -> bytes:
    """Upload a file with a bar, then wait with a spinner."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    try:
        size = path.stat().st_size
        with (
            Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress,
            io.FileIO(path) as raw,
        ):
            task = progress.add_task("sending", total=size)

            def advance(sent: int) -> None:
                progress.update(task, advance=sent)
                if progress.tasks[0].finished:
                    progress.update(task, description="listening", total=None)

            return server.transcribe(_Watched(raw, advance), path.name, fields)
    except OSError as error:
        raise OperatorError(f"Can't read {path}: {error.strerror}.") from None


class _Watched(io.BufferedReader):
    """A file that tells how much of it is being read."""

    def __init__(self, raw: io.FileIO, advance: Callable[[int], None]) -> None:
        super().__init__(raw)
        self._advance = advance

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._advance(len(data))
        return data


def _listen_to_pipe(
    server: Server,
    query: dict[str, str],
    encoding: str,
    sample_rate: int,
    show: Callable[[bytes], None],
    *,
    as_json: bool,
) -> None:
    if sys.stdin.isatty():
        raise OperatorError(
            "listen - wants audio in a pipe, such as: arecord -q -f S16_LE -r 16000 -c 1 | antiphon listen -"
        )
    audio = open_piped(standard_input(), encoding, sample_rate)
    query |= {"encoding": audio.encoding, "sample_rate": str(audio.sample_rate)}
    messages = hear(server, query, audio.pieces)
    if out.is_terminal and not as_json:
        _show_live(messages, show)
        return
    for message in messages:
        if as_json or _parse(message).is_final:
            show(message)


def _show_live(messages: Iterator[bytes], show: Callable[[bytes], None]) -> None:
    """Finals above, and below them in place the text that may still change."""
    with Live(console=out, transient=True, auto_refresh=False) as live:
        for message in messages:
            transcript = _parse(message)
            if transcript.is_final:
                live.update(Text(""), refresh=True)
                show(message)
            else:
                live.update(Text(transcript.text.strip(), style="dim"), refresh=True)


def _parse(message: bytes) -> Transcript:
    return msgspec.json.decode(message, type=Transcript)


def _show_json(message: bytes) -> None:
    print(message.decode(), flush=True)


def _show_text(message: bytes) -> None:
    text = _parse(message).text.strip()
    if text:
        out.print(text, markup=False, highlight=False, soft_wrap=True)


def _show_words(message: bytes) -> None:
    _show_text(message)
    for word in _parse(message).words:
        out.print(f"{word.start:9.2f} {word.end:9.2f}  {word.word}", markup=False, highlight=False)
