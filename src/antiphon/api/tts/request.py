"""What a client asks for when it asks for speech: every shape the wire ever had, read into one.

Sources: https://docs.cartesia.ai/api-reference/tts and what its SDKs from 1.x on send. Keys that are not
known here are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from antiphon.api.versions import STRICT_VOICES
from antiphon.audio.formats import OutputFormat
from antiphon.errors import BadRequest, NotFound

MIN_SPEED, MAX_SPEED = 0.6, 2.0
MIN_VOLUME, MAX_VOLUME = 0.5, 2.0
MAX_BUFFER_DELAY_MS = 5000
DEFAULT_BUFFER_DELAY_MS = 3000
MAX_CONTEXT_ID_CHARS = 256

NAMED_SPEEDS = {"slowest": 0.6, "slow": 0.8, "normal": 1.0, "fast": 1.25, "fastest": 1.5}


@dataclass(frozen=True, slots=True)
class TextInput:
    """One input to a context.

    Attributes:
        transcript: text to speak, joined verbatim to the inputs before it.
        more: further inputs may follow.
        flush: everything up to here is to be spoken now.
        speed: factor of the pace, 1.0 = the voice's own.
        volume: factor of the amplitude.
    """

    transcript: str
    more: bool
    flush: bool
    speed: float
    volume: float


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A request that opens a context (over HTTP: is one).

    Attributes:
        model: as the client named it.
        voice: as the client named it; None for an embedding, which the default voice stands in for.
        language: without region; None for the voice's own.
        output_format: what the audio is to be encoded as.
        word_timestamps, phoneme_timestamps: send them.
        buffer_delay_s: how long text may wait for more text.
        context_id: names the context; None when the client gave none.
        input: its first text.
    """

    model: str
    voice: str | None
    language: str | None
    output_format: OutputFormat
    word_timestamps: bool
    phoneme_timestamps: bool
    buffer_delay_s: float
    context_id: str | None
    input: TextInput


def parse_request(fields: Mapping[str, Any], *, version: str, raw_only: bool) -> GenerationRequest:
    """Check a generation request as it came from JSON.

    Args:
        fields: the JSON object.
        version: of the wire (`antiphon.api.versions`).
        raw_only: whether the transport (SSE, WebSocket) carries bare samples alone.

    Raises:
        BadRequest: naming the field, what it is and what it must be.
        NotFound: a pronunciation dictionary that is not there.
    """
    text_input = parse_input(fields)
    _refuse_dictionary(fields)
    for ignored in ("use_normalized_timestamps", "use_original_timestamps", "stream", "save"):
        _flag(fields, ignored)
    _number(fields, "duration")
    return GenerationRequest(
        model=_required_text(fields, "model_id"),
        voice=_voice(fields, version),
        language=_language(fields, version),
        output_format=OutputFormat.parse(fields.get("output_format"), raw_only=raw_only),
        word_timestamps=_flag(fields, "add_timestamps"),
        phoneme_timestamps=_flag(fields, "add_phoneme_timestamps"),
        buffer_delay_s=_buffer_delay_s(fields),
        context_id=context_id_of(fields),
        input=text_input,
    )


def parse_input(fields: Mapping[str, Any]) -> TextInput:
    """Check what a message adds to a context that is open; its other fields were settled by the first.

    Raises:
        BadRequest: naming the field, what it is and what it must be.
    """
    transcript = fields.get("transcript")
    if not isinstance(transcript, str):
        raise _wrong("transcript", transcript, "a string")
    config = _object(fields, "generation_config")
    volume = _number(config, "volume", "generation_config.volume")
    return TextInput(
        transcript=transcript,
        more=_flag(fields, "continue"),
        flush=_flag(fields, "flush"),
        speed=_clamp(_speed(fields, config), MIN_SPEED, MAX_SPEED),
        volume=1.0 if volume is None else _clamp(volume, MIN_VOLUME, MAX_VOLUME),
    )


def context_id_of(fields: Mapping[str, Any]) -> str | None:
    """The ``context_id`` of a message, or None.

    Raises:
        BadRequest: it is there and no string, or too long, or empty.
    """
    value = fields.get("context_id")
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CONTEXT_ID_CHARS:
        raise _wrong("context_id", value, f"a string of 1 to {MAX_CONTEXT_ID_CHARS} characters")
    return value


def required_context_id(fields: Mapping[str, Any]) -> str:
    """The ``context_id`` of a message that must have one.

    Raises:
        BadRequest: it has none, or one as `context_id_of` refuses it.
    """
    context_id = context_id_of(fields)
    if context_id is None:
        raise BadRequest("context_id is missing; it must be a string that names the context.")
    return context_id


def _voice(fields: Mapping[str, Any], version: str) -> str | None:
    value = fields.get("voice")
    if isinstance(value, dict):
        voice = cast("dict[str, Any]", value)
        if voice.get("id") is not None:
            return _required_text(voice, "id", "voice.id")
        if isinstance(voice.get("embedding"), list):
            if version >= STRICT_VOICES:
                raise BadRequest("voice.embedding is not taken from version 2026-08-14 on: give voice an id.")
            return None
        raise BadRequest("voice.id is missing; it must be the id of a voice.")
    if not isinstance(value, str) or not value:
        raise _wrong("voice", value, "the id of a voice, or an object with it as `id`")
    return value


def _language(fields: Mapping[str, Any], version: str) -> str | None:
    language, locale = _text(fields, "language"), _text(fields, "locale")
    if language and locale and version >= STRICT_VOICES:
        raise BadRequest("language and locale exclude each other: give one of them.")
    tag = language or locale
    return tag.replace("_", "-").partition("-")[0].lower() if tag else None


def _speed(fields: Mapping[str, Any], config: Mapping[str, Any]) -> float:
    """The pace by the newest of the three places that clients have put it in."""
    newest = _number(config, "speed", "generation_config.speed")
    if newest is not None:
        return newest
    if (speed := fields.get("speed")) is not None:
        return _named_speed(speed, "speed")
    voice = fields.get("voice")
    in_voice = isinstance(voice, dict) and "__experimental_controls" in voice
    holder = cast("dict[str, Any]", voice) if in_voice else fields
    speed = _object(holder, "__experimental_controls").get("speed")
    if speed is None:
        return 1.0
    named = _named_speed(speed, "__experimental_controls.speed")
    # As a number it runs from -1.0 (slowest) over 0.0 (normal) to 1.0 (fastest).
    return named if isinstance(speed, str) else 1.0 + 0.5 * named


def _named_speed(value: object, name: str) -> float:
    if isinstance(value, str):
        if value in NAMED_SPEEDS:
            return NAMED_SPEEDS[value]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _wrong(name, value, f"a number, or one of {', '.join(NAMED_SPEEDS)}")


def _buffer_delay_s(fields: Mapping[str, Any]) -> float:
    delay_ms = _number(fields, "max_buffer_delay_ms")
    if delay_ms is None:
        delay_ms = DEFAULT_BUFFER_DELAY_MS
    if not 0 <= delay_ms <= MAX_BUFFER_DELAY_MS:
        raise _wrong("max_buffer_delay_ms", delay_ms, f"between 0 and {MAX_BUFFER_DELAY_MS}")
    return delay_ms / 1000


def _refuse_dictionary(fields: Mapping[str, Any]) -> None:
    if dictionary := _text(fields, "pronunciation_dict_id"):
        raise NotFound(f"There is no pronunciation dictionary with the id {dictionary[:64]!r}.")


def _required_text(fields: Mapping[str, Any], key: str, name: str = "") -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(name or key, value, "a string that is not empty")
    return value


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong(key, value, "a string or null")
    return value


def _flag(fields: Mapping[str, Any], key: str) -> bool:
    value = fields.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return bool(value)


def _number(fields: Mapping[str, Any], key: str, name: str = "") -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name or key, value, "a number")
    return float(value)


def _object(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = fields.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key, value, "an object")
    return cast("dict[str, Any]", value)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _wrong(name: str, value: object, right: str) -> BadRequest:
    match value:
        case None:
            came = "missing"
        case bool():
            came = "a boolean"
        case int() | float():
            came = f"{value:g}"
        case str():
            # What the client wrote stays out of messages: it may be a transcript in the wrong place.
            came = "empty" if not value else "a string"
        case list():
            came = "an array"
        case _:
            came = "an object"
    return BadRequest(f"{name} is {came}; it must be {right}.")
