"""``antiphon say``: speak a text, aloud or into a file."""

import codecs
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Protocol

import typer

from antiphon.audio.containers import wav_header
from antiphon.cli.client import Config, Key, Server, Url, find_server
from antiphon.cli.console import err, plain_errors
from antiphon.cli.pipe import PIECE_BYTES, Pipe, standard_input
from antiphon.cli.player import Player
from antiphon.cli.streams import speak
from antiphon.errors import OperatorError

app = typer.Typer(add_completion=False)

DEFAULT_VOICE = "f786b574-daa5-4673-aa0c-cbe3e8534c02"
"""A hosted id that every server has its own default voice for."""

ENCODING = "pcm_s16le"
SAMPLE_RATE = 24_000
MP3_BIT_RATE = 128_000
_INTERRUPTED = 130
_EXAMPLES = """Examples:

antiphon say "Good morning." — aloud

antiphon say "Good morning." -o morning.wav — into a file

llm "Tell me a story" | antiphon say - — while the text is being written
"""


@app.command(epilog=_EXAMPLES)
@plain_errors()
def say(
    text: Annotated[list[str], typer.Argument(help="What to say; - reads standard input as it comes.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write .wav, .mp3 or .raw (pcm_s16le, 24 kHz)."),
    ] = None,
    voice: Annotated[
        str, typer.Option(help="Id or name; `antiphon voices` lists them.", show_default="the server's")
    ] = DEFAULT_VOICE,
    speed: Annotated[float, typer.Option(min=0.6, max=2.0, help="Factor of the pace.")] = 1.0,
    model: Annotated[str, typer.Option(help="Model, or a name that stands for one.")] = "sonic",
    language: Annotated[
        str | None, typer.Option(help="Code such as en.", show_default="the voice's own")
    ] = None,
    url: Url = None,
    api_key: Key = None,
    config: Config = None,
) -> None:
    """Speak a text through the API: aloud while it arrives, or into a file.

    Tells on standard error how long the first audio took, and the real-time
    factor: the time it took to make the audio, divided by its length.
    Ctrl-C stops the speech, here and on the server.
    """
    server = find_server(url, api_key, config)
    request: dict[str, Any] = {
        "model_id": model,
        "voice": {"mode": "id", "id": voice},
        "generation_config": {"speed": speed},
        "output_format": _output_format(output),
        **({"language": language} if language else {}),
    }
    texts = _read_text(standard_input()) if text == ["-"] else iter([" ".join(text)])
    if output and output.suffix.lower() == ".mp3":
        audio = _mp3(server, request, texts)
        bytes_per_s = MP3_BIT_RATE / 8
    else:
        audio = speak(server, request, texts)
        bytes_per_s = SAMPLE_RATE * 2
    sink: Sink = FileSink(output) if output else Player(SAMPLE_RATE)
    with closing(audio):
        try:
            _copy(audio, sink, bytes_per_s)
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
        finally:
            sink.stop()


class Sink(Protocol):
    """Where the audio goes."""

    def write(self, pcm: bytes) -> None:
        """Take the next piece."""
        ...

    def close(self) -> None:
        """Everything has been written: wait until it is heard."""
        ...

    def stop(self) -> None:
        """Let go, in any case as the last thing: what is not out by now won't be."""
        ...


class FileSink:
    """A file, made when there is something to write; a ``.wav`` gets its header."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_wav = path.suffix.lower() == ".wav"
        self._file: BinaryIO | None = None

    def write(self, pcm: bytes) -> None:
        """See `Sink`."""
        try:
            if self._file is None:
                self._file = self._path.open("wb")
                if self._is_wav:
                    self._file.write(wav_header(ENCODING, SAMPLE_RATE))
            self._file.write(pcm)
        except OSError as error:
            raise OperatorError(f"Can't write {self._path}: {error.strerror}.") from None

    def close(self) -> None:
        """See `Sink`."""
        if self._file is None:
            raise OperatorError("The server sent no audio for this text.")

    def stop(self) -> None:
        """See `Sink`; the header then tells the true length."""
        if self._file is None:
            return
        with self._file as file:
            if self._is_wav and file.seekable():
                samples = (file.tell() - len(wav_header(ENCODING, SAMPLE_RATE))) // 2
                file.seek(0)
                file.write(wav_header(ENCODING, SAMPLE_RATE, samples))


def _output_format(output: Path | None) -> dict[str, Any]:
    suffix = output.suffix.lower() if output else ".raw"
    if suffix == ".mp3":
        return {"container": "mp3", "sample_rate": 44_100, "bit_rate": MP3_BIT_RATE}
    if suffix not in {".wav", ".raw", ".pcm"}:
        raise OperatorError(f"--output {output} has no known form; end it in .wav, .mp3 or .raw.")
    return {"container": "raw", "encoding": ENCODING, "sample_rate": SAMPLE_RATE}


def _read_text(pipe: Pipe) -> Iterator[str]:
    """Text as it comes in, in pieces of any size."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        while data := pipe.read(PIECE_BYTES):
            yield decode(data)
        yield decode(b"", final=True)
    except UnicodeDecodeError:
        raise OperatorError("Standard input is not text in UTF-8.") from None


def _mp3(server: Server, request: dict[str, Any], texts: Iterator[str]) -> Generator[bytes]:
    """The one form that sockets don't carry."""
    yield from server.speech_file({**request, "transcript": "".join(texts)})


def _copy(audio: Iterator[bytes], sink: Sink, bytes_per_s: float) -> None:
    """Bring the audio to the sink, and tell how fast it came."""
    asked = time.monotonic()
    first_s = last_s = 0.0
    size = 0
    for piece in audio:
        last_s = time.monotonic() - asked
        first_s = first_s or last_s
        size += len(piece)
        sink.write(piece)
    seconds = size / bytes_per_s
    if seconds:
        err.print(
            f"first audio after {first_s * 1000:.0f} ms; {seconds:.2f} s of audio in {last_s:.2f} s "
            f"(real-time factor {last_s / seconds:.3f})",
            style="dim",
            highlight=False,
        )
    sink.close()
