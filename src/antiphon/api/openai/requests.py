"""What a client of OpenAI's asks for when it asks for speech.

Sources: https://platform.openai.com/docs/api-reference/audio/createSpeech, and what Kokoro-FastAPI
(``volume_multiplier`` …) and Speaches (``sample_rate``) take beside it. Keys that are not known here are
passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from antiphon.api.openai.errors import WrongField
from antiphon.audio.formats import DEFAULT_BIT_RATE, SAMPLE_RATES, OutputFormat

SPEEDS = (0.25, 4.0)
DEFAULT_RATE = 24_000

_FORMATS: Mapping[str, OutputFormat] = {
    "mp3": OutputFormat("mp3", None, DEFAULT_RATE, DEFAULT_BIT_RATE),
    "opus": OutputFormat("opus", None, DEFAULT_RATE),
    "aac": OutputFormat("aac", None, DEFAULT_RATE),
    "flac": OutputFormat("flac", None, DEFAULT_RATE),
    "wav": OutputFormat("wav", "pcm_s16le", DEFAULT_RATE),
    "pcm": OutputFormat("raw", "pcm_s16le", DEFAULT_RATE),
}
SPEECH_FORMATS = tuple(_FORMATS)

_WITHOUT_EFFECT = (
    "instructions",
    "lang_code",
    "normalization_options",
    "download_format",
    "return_download_link",
)


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A checked request to speak.

    Attributes:
        text: what to say.
        model: as the client named it; None for the one that is served.
        voice: likewise; None for the default voice.
        output_format: of the audio.
        speed: factor of the pace.
        volume: factor of the amplitude.
        stream_format: whether the audio comes as it is, or in events.
        ignored: the fields that were given and change nothing.
    """

    text: str
    model: str | None
    voice: str | None
    output_format: OutputFormat
    speed: float
    volume: float
    stream_format: Literal["audio", "sse"]
    ignored: tuple[str, ...]


def parse_speech(fields: Mapping[str, Any]) -> SpeechRequest:
    """Check a request to speak as it came from JSON.

    Raises:
        WrongField: naming the field, what it is and what it must be.
    """
    text = _text(fields, "input")
    if not text:
        raise WrongField("input", "is missing or empty; it must be the text to speak.")
    response_format = _choice(fields, "response_format", SPEECH_FORMATS, "mp3")
    return SpeechRequest(
        text=text,
        model=_text(fields, "model"),
        voice=_voice(fields),
        output_format=_at_rate(_FORMATS[response_format], _sample_rate(fields)),
        speed=_number(fields, "speed", *SPEEDS),
        volume=_number(fields, "volume_multiplier", 0.0, 100.0),
        stream_format="sse"
        if _choice(fields, "stream_format", ("audio", "sse"), "audio") == "sse"
        else "audio",
        ignored=tuple(name for name in _WITHOUT_EFFECT if fields.get(name)),
    )


def _voice(fields: Mapping[str, Any]) -> str | None:
    value = fields.get("voice")
    if isinstance(value, dict):
        return _text(cast("dict[str, Any]", value), "id", "voice.id")
    return _text(fields, "voice")


def _text(fields: Mapping[str, Any], key: str, name: str = "") -> str | None:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise WrongField(name or key, f"is {_kind(value)}; it must be a string.")
    return value


def _number(fields: Mapping[str, Any], key: str, low: float, high: float) -> float:
    """A factor; 1 when it is not given."""
    value = fields.get(key)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongField(key, f"is {_kind(value)}; it must be a number from {low:g} to {high:g}.")
    if not low <= value <= high:
        raise WrongField(key, f"is {value:g}; it must be from {low:g} to {high:g}.")
    return float(value)


def _choice(fields: Mapping[str, Any], key: str, allowed: Sequence[str], default: str) -> str:
    value = _text(fields, key)
    if value is None:
        return default
    if value not in allowed:
        raise WrongField(key, f"is {value[:40]!r}; it must be one of {', '.join(allowed)}.")
    return value


def _sample_rate(fields: Mapping[str, Any]) -> int:
    value = fields.get("sample_rate")
    if value is None:
        return DEFAULT_RATE
    if isinstance(value, bool) or value not in SAMPLE_RATES:
        raise WrongField("sample_rate", f"must be one of {', '.join(map(str, SAMPLE_RATES))}.")
    return int(value)


def _at_rate(form: OutputFormat, rate: int) -> OutputFormat:
    return OutputFormat(form.container, form.encoding, rate, form.bit_rate)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "a string"
