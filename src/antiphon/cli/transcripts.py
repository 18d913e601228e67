"""What was heard of a file, as text, JSON or subtitles."""

from itertools import pairwise
from typing import Any, Literal

import msgspec

from antiphon.cli.client import Word
from antiphon.cli.filehearing import Heard, Piece
from antiphon.contract.events import Word as TimedWord
from antiphon.speech.subtitlefiles import srt, vtt
from antiphon.speech.subtitles import cut, shown, spread

Form = Literal["text", "json", "srt", "vtt"]

SUFFIXES: dict[Form, str] = {"text": ".txt", "json": ".json", "srt": ".srt", "vtt": ".vtt"}

PARAGRAPH_S = 1.0
"""Silence between two pieces that begins a new line; where the recogniser only had enough, there is none."""


def needs_words(form: Form) -> bool:
    """Whether the times of words are needed for it."""
    return form in ("srt", "vtt")


def render(heard: Heard, form: Form, name: str, *, words: bool) -> str:
    """The whole file to write, with a line break at its end; empty where nothing was said.

    Args:
        heard: what to tell.
        form: how.
        name: of the recording, for JSON.
        words: whether to tell the times of words, in text and JSON.
    """
    match form:
        case "text":
            return _text(heard) + (_word_table(heard) if words else "")
        case "json":
            return msgspec.json.encode(_fields(heard, name, words=words)).decode() + "\n"
        case "srt":
            return srt(shown(cut(_timed(heard))))
        case "vtt":
            return vtt(shown(cut(_timed(heard))))


def _text(heard: Heard) -> str:
    """The text with a line for each stretch of speech between pauses."""
    said = [piece for piece in heard.pieces if piece.text.strip()]
    if not said:
        return ""
    rest = (
        f"\n{after.text.strip()}" if after.start - before.end >= PARAGRAPH_S else after.text
        for before, after in pairwise(said)
    )
    return "".join((said[0].text.strip(), *rest)).rstrip() + "\n"


def _word_table(heard: Heard) -> str:
    return "".join(f"{word.start:9.2f} {word.end:9.2f}  {word.word}\n" for word in _words(heard))


def _fields(heard: Heard, name: str, *, words: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "type": "transcript",
        "file": name,
        "text": "".join(piece.text for piece in heard.pieces).strip(),
        "language": heard.language,
        "duration": heard.seconds,
        "is_final": heard.complete,
        "segments": [
            {"start": piece.start, "end": piece.end, "text": piece.text.strip()} for piece in heard.pieces
        ],
    }
    return fields | ({"words": _words(heard)} if words else {})


def _words(heard: Heard) -> list[Word]:
    return [word for piece in heard.pieces for word in piece.words]


def _timed(heard: Heard) -> list[TimedWord]:
    return [word for piece in heard.pieces for word in _timed_words(piece)]


def _timed_words(piece: Piece) -> list[TimedWord]:
    told = [TimedWord(word.word, word.start, word.end) for word in piece.words]
    return told or spread(piece.text, piece.start, piece.end)
