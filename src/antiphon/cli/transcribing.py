"""Recordings heard one after the other, each transcript written where it belongs."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from antiphon.audio.files import told_duration
from antiphon.cli.client import Refused, Server
from antiphon.cli.console import complain, err
from antiphon.cli.filebar import file_bar, length
from antiphon.cli.filehearing import Fields, Heard, Progress, hear_file
from antiphon.cli.recordings import Recording
from antiphon.cli.transcripts import Form, render
from antiphon.errors import OperatorError, UnsupportedAudio

_BUSY_WAITS_S = (2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0)
"""While every place is taken, a file waits so long before each further try."""

_FOR_ALL = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
"""What is refused so would be refused for every other file too."""


class Unheard(OperatorError):
    """There is nothing to hear in this file, which the message names; others may fare better."""


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Has recordings heard.

    Attributes:
        server: who hears.
        fields: of every request.
        form: of the transcripts.
        words: whether text and JSON tell the times of words.
        raw: the files are bare samples, whose form the fields tell.
    """

    server: Server
    fields: Fields
    form: Form
    words: bool
    raw: bool

    def all(self, recordings: Sequence[Recording], *, overwrite: bool) -> bool:
        """Hear them all but those whose transcript is there; whether none failed.

        What is wrong with one file is told, and the next one is heard.

        Raises:
            OperatorError: the server can't be reached, or does this for nobody.
        """
        well = True
        for recording in recordings:
            if recording.done and not overwrite:
                _note(f"{recording.target} is there already; --overwrite would write it anew.")
                continue
            if recording.target is None and len(recordings) > 1 and self.form == "text":
                print(f"==> {recording.name} <==", flush=True)
            try:
                self.one(recording)
            except (Refused, Unheard) as error:
                if isinstance(error, Refused) and error.http_status in _FOR_ALL:
                    raise
                which = f"{recording.name}: " if isinstance(error, Refused) and len(recordings) > 1 else ""
                complain(OperatorError(f"{which}{error}"))
                well = False
        return well

    def one(self, recording: Recording) -> None:
        """Hear one. Whatever ends this early, what was heard until then is kept, and where is told."""
        if not self.raw:
            _require_audio(recording.path)
        heard = Heard()
        began = time.monotonic()
        try:
            self._hear(recording, heard)
        finally:
            self._write(recording, heard, began)

    def _hear(self, recording: Recording, heard: Heard) -> None:
        for wait_s in (*_BUSY_WAITS_S, None):
            try:
                self._try(recording, heard)
            except Refused as refused:
                if refused.http_status != HTTPStatus.TOO_MANY_REQUESTS or wait_s is None:
                    raise
                _note(f"{recording.name} waits {wait_s:.0f} s for a place. {refused}")
                time.sleep(wait_s)
            else:
                return

    def _try(self, recording: Recording, heard: Heard) -> None:
        size = recording.path.stat().st_size
        with (
            file_bar(recording.name, size) as bar,
            closing(hear_file(self.server, recording.path, self.fields, bar.sent)) as events,
        ):
            for event in events:
                heard.take(event)
                if isinstance(event, Progress):
                    bar.heard(event.heard, event.total)

    def _write(self, recording: Recording, heard: Heard, began: float) -> None:
        if not heard.complete and not heard.pieces:
            return
        told = render(heard, self.form, recording.name, words=self.words)
        took_s = time.monotonic() - began
        place = ""
        if recording.target is None:
            print(told, end="", flush=True)
        else:
            place = f" → {_kept(told, recording.target, complete=heard.complete)}"
        if heard.complete:
            speed = f" ({heard.seconds / took_s:.0f} times real time)" if took_s else ""
            _note(f"{recording.name}: {length(heard.seconds)} in {length(took_s)}{speed}{place}")
        else:
            _note(f"{recording.name}: stopped after {length(heard.seconds)}{place}")


def _require_audio(path: Path) -> None:
    """Tell what is no audio before it is sent, which may take long."""
    try:
        if path.stat().st_size == 0:
            raise Unheard(f"{path} is empty.")
        told_duration(path)
    except OSError as error:
        raise Unheard(f"Can't read {path}: {error.strerror}.") from None
    except UnsupportedAudio as error:
        raise Unheard(
            f"Can't hear {path}: {error}. Samples without a header need --encoding and --sample-rate."
        ) from None


def _kept(told: str, target: Path, *, complete: bool) -> Path:
    """Write a transcript; what is not complete goes beside its place, which stays for the whole."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(told, encoding="utf-8")
        return part.replace(target) if complete else part
    except OSError as error:
        raise OperatorError(f"Can't write {target}: {error.strerror}.") from None


def _note(line: str) -> None:
    err.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)
