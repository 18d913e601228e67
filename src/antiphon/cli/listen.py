"""``antiphon listen``: the text of recordings, or of what comes through a pipe while it is spoken."""

from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.client import Config, Key, Url, find_server
from antiphon.cli.console import plain_errors
from antiphon.cli.pipelistening import Show, listen_to_pipe
from antiphon.cli.recordings import find_recordings
from antiphon.cli.transcribing import Transcriber
from antiphon.cli.transcripts import SUFFIXES, Form, needs_words
from antiphon.errors import OperatorError

app = typer.Typer(add_completion=False)

_FAILED = 1
_INTERRUPTED = 130
_EXAMPLES = """Examples:

antiphon listen interview.mp3 --words

antiphon listen talk.mp4 --output talk.srt

antiphon listen recordings/ --output transcripts/ --format vtt

arecord -q -f S16_LE -r 16000 -c 1 | antiphon listen - — live from the microphone
"""


@app.command(epilog=_EXAMPLES)
@plain_errors()
def listen(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Audio or video of any common format, and folders of it; - reads raw samples or WAV."
        ),
    ],
    *,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Of the transcript.", show_default="by the name of --output, or text"),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Where the transcript goes, for several a folder; - for standard output.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Hear also those whose transcript is there already.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="Tell when each word begins and ends.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    keyterm: Annotated[
        list[str] | None, typer.Option("--keyterm", help="A word or name that is likely to be said.")
    ] = None,
    turns: Annotated[
        bool, typer.Option("--turns", help="Of a pipe, tell each speaker's turn when it is over.")
    ] = False,
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
    """Transcribe recordings, or what comes through a pipe while it is spoken.

    Transcripts that are there already are not made again, so that a folder can
    be gone on with. Ctrl-C ends it; what was heard of a file until then is kept.
    Of a pipe, a terminal shows the text that may still change below what is
    final; elsewhere only finals are printed, a line each.
    """
    server = find_server(url, api_key, config)
    form = "json" if as_json else form or _form_of(output)
    fields: dict[str, str | list[str]] = {"model": model, "language": language, "keyterm": keyterm or []}
    if words or needs_words(form):
        fields["timestamp_granularities[]"] = "word"
    try:
        if files == ["-"]:
            if form not in ("text", "json") or output not in (None, "-"):
                raise OperatorError("listen - prints text or JSON as it comes; write it to a file with >.")
            show = _to_show(form, words=words, turns=turns)
            listen_to_pipe(server, fields, encoding or "pcm_s16le", sample_rate or 16_000, show)
            return
        if turns:
            raise OperatorError("--turns tells of speech as it comes: use it with - and a pipe.")
        given = {"encoding": encoding, "sample_rate": str(sample_rate) if sample_rate else None}
        fields |= {name: value for name, value in given.items() if value}
        recordings = find_recordings(
            [Path(file) for file in files], None if output == "-" else output, SUFFIXES[form]
        )
        transcriber = Transcriber(server, fields, form, words=words, raw=bool(encoding or sample_rate))
        if not transcriber.all(recordings, overwrite=overwrite):
            raise typer.Exit(_FAILED)
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def _form_of(output: str | None) -> Form:
    forms: dict[str, Form] = {suffix: form for form, suffix in SUFFIXES.items()}
    return forms.get(Path(output or "").suffix.lower(), "text")


def _to_show(form: Form, *, words: bool, turns: bool) -> Show:
    if form == "json":
        return "turns as json" if turns else "json"
    if turns and words:
        raise OperatorError("--turns comes without the times of words: leave --words out.")
    return "turns" if turns else "words" if words else "text"
