"""The form of a transcription as OpenAI's clients send it.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription. Beside OpenAI's fields those
of ``POST /stt`` are taken (``encoding``, ``max_silence_duration_secs`` …), as Cartesia's clients use this
path too. Names that are not known are passed over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from antiphon.api.openai.errors import WrongField
from antiphon.api.openai.transcripts import Format, Granularity, needs_words
from antiphon.api.stt.request import RawFormat, TranscriptionRequest, parse_file_request

FORMATS: tuple[Format, ...] = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
GRANULARITIES: tuple[Granularity, ...] = ("word", "segment")

_OWN = ("response_format", "stream", "timestamp_granularities[]", "timestamp_granularities")
"""What is read here; the rest is as with ``POST /stt``."""

_WITHOUT_EFFECT = ("prompt", "hotwords", "temperature", "include", "chunking_strategy", "known_speaker_names")
"""Fields that change nothing; lists come with ``[]`` at their names, objects with keys in brackets."""

T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class TranscriptionForm:
    """A checked request.

    Attributes:
        asked: what to hear, and how.
        raw: the form of headerless samples; None for a file that says its own.
        response_format: of the answer, unless it streams.
        granularities: of the times in the answer.
        stream: answer with events, as text comes.
        ignored: names of what was given and changes nothing.
    """

    asked: TranscriptionRequest
    raw: RawFormat | None
    response_format: Format
    granularities: frozenset[Granularity]
    stream: bool
    ignored: tuple[str, ...]

    @property
    def tells_segments(self) -> bool:
        """Whether a stream has events of segments too."""
        return self.response_format == "diarized_json" or "segment" in self.granularities


def parse_form(fields: Iterable[tuple[str, str]]) -> TranscriptionForm:
    """Check the fields of a form.

    Raises:
        BadRequest: naming the field, what came and what is allowed.
    """
    fields = list(fields)
    response_format: Format = _one(fields, "response_format", FORMATS, "json")
    stream = _one(fields, "stream", ("true", "false", "True", "False", "1", "0"), "false")
    granularities: set[Granularity] = {
        _checked(value, name, GRANULARITIES)
        for name, value in fields
        if name in ("timestamp_granularities[]", "timestamp_granularities") and value
    }
    rest = [(name, value) for name, value in fields if name not in _OWN]
    if not any(name == "model" and value for name, value in rest):
        raise WrongField("model", "is missing; GET /v1/models lists those there are.")
    file_request = parse_file_request(rest)
    asked = file_request.transcription
    if asked.words:
        granularities.add("word")
    return TranscriptionForm(
        asked=replace(
            asked,
            words=needs_words(response_format, granularities),
            language=asked.language if any(name == "language" and value for name, value in rest) else "",
        ),
        raw=file_request.raw,
        response_format=response_format,
        granularities=frozenset(granularities),
        stream=stream in ("true", "True", "1"),
        ignored=_ignored(fields, response_format),
    )


def _one(fields: Sequence[tuple[str, str]], name: str, allowed: Sequence[T], default: T) -> T:
    values = {value for key, value in fields if key == name and value}
    if len(values) > 1:
        raise WrongField(name, f"was given {len(values)} values; give one.")
    return _checked(values.pop(), name, allowed) if values else default


def _checked(value: str, name: str, allowed: Sequence[T]) -> T:
    for candidate in allowed:
        if value == candidate:
            return candidate
    raise WrongField(name, f"is {value[:40]!r}; it must be one of {', '.join(allowed)}.")


def _ignored(fields: Sequence[tuple[str, str]], response_format: Format) -> tuple[str, ...]:
    given = {name.partition("[")[0] for name, value in fields if value}
    diarized: Sequence[Literal["diarization"]] = (
        ("diarization",) if response_format == "diarized_json" else ()
    )
    return (*(name for name in _WITHOUT_EFFECT if name in given), *diarized)
