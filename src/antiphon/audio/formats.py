"""The ``output_format`` of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from antiphon.audio.encodings import OUTPUT_ENCODINGS
from antiphon.errors import BadRequest

Container = Literal["raw", "wav", "mp3"]
"""What an ``output_format`` may ask for."""

Packed = Literal["opus", "aac", "flac"]
"""Other forms that speech can be had in: Opus in Ogg, AAC in ADTS, and FLAC."""

SAMPLE_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
BIT_RATES = (32_000, 64_000, 96_000, 128_000, 192_000)
DEFAULT_BIT_RATE = 128_000

_CONTAINERS: tuple[Container, ...] = ("raw", "wav", "mp3")
_STREAMED_CONTAINERS: tuple[Container, ...] = ("raw",)
MEDIA_TYPES: Mapping[Container | Packed, str] = {
    "raw": "audio/raw",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
}
CONTENT_TYPES: Mapping[Container, str] = {container: MEDIA_TYPES[container] for container in _CONTAINERS}

T = TypeVar("T", bound=str | int)


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The form a client wants its speech in; always mono.

    Attributes:
        container: ``raw`` (bare samples), ``wav`` or ``mp3``; `parse` gives none of the others.
        encoding: one of `OUTPUT_ENCODINGS` for raw and wav; None otherwise.
        sample_rate: in Hz, one of `SAMPLE_RATES`.
        bit_rate: in bit/s, one of `BIT_RATES` for mp3; None otherwise. MPEG audio allows less at low sample
            rates; the encoder then takes the most that is allowed.
    """

    container: Container | Packed
    encoding: str | None
    sample_rate: int
    bit_rate: int | None = None

    @property
    def content_type(self) -> str:
        """Media type of the encoded audio."""
        return MEDIA_TYPES[self.container]

    @staticmethod
    def parse(value: object, *, raw_only: bool = False) -> "OutputFormat":
        """Check an ``output_format`` as it came from JSON. Keys that don't concern its container are ignored.

        Args:
            value: the decoded JSON value.
            raw_only: whether the transport (SSE, WebSocket) carries no container but ``raw``.

        Raises:
            BadRequest: no object, or a field that is missing or not among the allowed values.
        """
        if not isinstance(value, dict):
            raise BadRequest(
                f"output_format is {_shown(value)}; it must be an object with container, sample_rate, "
                "and encoding (raw, wav) or bit_rate (mp3)"
            )
        fields = cast("Mapping[str, object]", value)
        container = _choice(fields, "container", _STREAMED_CONTAINERS if raw_only else _CONTAINERS)
        sample_rate = _choice(fields, "sample_rate", SAMPLE_RATES)
        if container != "mp3":
            return OutputFormat(container, _choice(fields, "encoding", OUTPUT_ENCODINGS), sample_rate)
        if fields.get("bit_rate") is None:
            return OutputFormat(container, None, sample_rate, DEFAULT_BIT_RATE)
        return OutputFormat(container, None, sample_rate, _choice(fields, "bit_rate", BIT_RATES))


def _choice(fields: Mapping[str, object], name: str, allowed: Sequence[T]) -> T:
    """The allowed value that ``fields[name]`` is, in type too: neither True nor 24000.0 is a sample rate."""
    value = fields.get(name)
    for candidate in allowed:
        if type(value) is type(candidate) and value == candidate:
            return candidate
    came = _shown(value) if name in fields else "missing"
    raise BadRequest(f"output_format.{name} is {came}; allowed: {', '.join(map(str, allowed))}")


def _shown(value: object) -> str:
    """A JSON value in a few characters."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | str():
            text = repr(value)
            return text if len(text) <= 40 else f"{text[:40]}…"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return type(value).__name__
