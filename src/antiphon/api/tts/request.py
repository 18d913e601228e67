"""What a client asks for when it asks for speech: every shape the wire ever had, read into one.

Sources: https://docs.cartesia.ai/api-reference/tts and what its SDKs from 1.x on send. Keys that are not
known here are passed over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from antiphon.api.tts.fields import flag, number, object_of, required_text, text_of, wrong
from antiphon.api.versions import STRICT_VOICES
from antiphon.audio.formats import OutputFormat
from antiphon.errors import BadRequest
from antiphon.speech.style import MAX_SPEED, MAX_VOLUME, MIN_SPEED, MIN_VOLUME, Manner

MAX_BUFFER_DELAY_MS = 5000
DEFAULT_BUFFER_DELAY_MS = 3000
MAX_CONTEXT_ID_CHARS = 256

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")

NAMED_SPEEDS = {"slowest": 0.6, "slow": 0.8, "normal": 1.0, "fast": 1.25, "fastest": 1.5}


@dataclass(frozen=True, slots=True)
class TextInput:
    """One input to a context.

    Attributes:
        transcript: text to speak, joined verbatim to the inputs before it.
        more: further inputs may follow.
        flush: everything up to here is to be spoken now.
        manner: how it is to be spoken, as far as it says.
    """

    transcript: str
    more: bool
    flush: bool
    manner: Manner


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A request that opens a context (over HTTP: is one).

    Attributes:
        model: as the client named it.
        voice: as the client named it; None for an embedding, which the default voice stands in for.
        language: without region; None for the voice's own.
        locale: with region, as the client wrote it; None if it gave none.
        normalization: ``auto``, ``off``, or the locale by whose habits text is read.
        dictionary: id of the pronunciation dictionary, if one is to be used.
        output_format: what the audio is to be encoded as.
        word_timestamps, phoneme_timestamps: send them.
        as_spoken: word timestamps tell the words that are spoken, not those that are written.
        buffer_delay_s: how long text may wait for more text.
        context_id: names the context; None when the client gave none.
        ignored: fields that ask for what no voice here can do.
        input: its first text.
    """

    model: str
    voice: str | None
    language: str | None
    locale: str | None
    normalization: str
    dictionary: str | None
    output_format: OutputFormat
    word_timestamps: bool
    phoneme_timestamps: bool
    as_spoken: bool
    buffer_delay_s: float
    context_id: str | None
    ignored: tuple[str, ...]
    input: TextInput


def parse_request(fields: Mapping[str, Any], *, version: str, raw_only: bool) -> GenerationRequest:
    """Check a generation request as it came from JSON.

    Args:
        fields: the JSON object.
        version: of the wire (`antiphon.api.versions`).
        raw_only: whether the transport (SSE, WebSocket) carries bare samples alone.

    Raises:
        BadRequest: naming the field, what it is and what it must be.
    """
    text_input = parse_input(fields)
    flag(fields, "stream")  # old clients say it where there is nothing but streams
    tag = _language_tag(fields, version)
    return GenerationRequest(
        model=required_text(fields, "model_id"),
        voice=_voice(fields, version),
        language=_language(tag) if tag else None,
        locale=tag if tag and "-" in tag else None,
        normalization=_normalization(fields),
        dictionary=text_of(fields, "pronunciation_dict_id") or None,
        output_format=OutputFormat.parse(fields.get("output_format"), raw_only=raw_only),
        word_timestamps=flag(fields, "add_timestamps"),
        phoneme_timestamps=flag(fields, "add_phoneme_timestamps"),
        as_spoken=_as_spoken(fields),
        buffer_delay_s=_buffer_delay_s(fields),
        context_id=context_id_of(fields),
        ignored=_ignored(fields),
        input=text_input,
    )


def parse_input(fields: Mapping[str, Any]) -> TextInput:
    """Check what a message adds to a context that is open; its other fields were settled by the first.

    Raises:
        BadRequest: naming the field, what it is and what it must be.
    """
    transcript = fields.get("transcript")
    if not isinstance(transcript, str):
        raise wrong("transcript", transcript, "a string")
    config = object_of(fields, "generation_config")
    return TextInput(
        transcript=transcript,
        more=flag(fields, "continue"),
        flush=flag(fields, "flush"),
        manner=Manner(
            speed=_clamped(_speed(fields, config), MIN_SPEED, MAX_SPEED),
            volume=_clamped(number(config, "volume", "generation_config.volume"), MIN_VOLUME, MAX_VOLUME),
            duration_s=_duration_s(fields),
        ),
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
        raise wrong("context_id", value, f"a string of 1 to {MAX_CONTEXT_ID_CHARS} characters")
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
            return required_text(voice, "id", "voice.id")
        if isinstance(voice.get("embedding"), list):
            if version >= STRICT_VOICES:
                raise BadRequest("voice.embedding is not taken from version 2026-08-14 on: give voice an id.")
            return None
        raise BadRequest("voice.id is missing; it must be the id of a voice.")
    if not isinstance(value, str) or not value:
        raise wrong("voice", value, "the id of a voice, or an object with it as `id`")
    return value


def _language_tag(fields: Mapping[str, Any], version: str) -> str | None:
    """The language as ``en`` or ``en-GB``, from either of its fields."""
    language, locale = text_of(fields, "language"), text_of(fields, "locale")
    if language and locale and version >= STRICT_VOICES:
        raise BadRequest("language and locale exclude each other: give one of them.")
    tag = language or locale
    return tag.replace("_", "-") if tag else None


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _normalization(fields: Mapping[str, Any]) -> str:
    value = text_of(fields, "normalization") or "auto"
    if value.lower() in {"auto", "off"}:
        return value.lower()
    if not _LOCALE.fullmatch(value):
        raise wrong("normalization", value, "auto, off or a locale such as en-GB")
    return value.replace("_", "-")


def _as_spoken(fields: Mapping[str, Any]) -> bool:
    """Whether timestamps tell the words as spoken: two names, of opposite meaning."""
    if fields.get("use_normalized_timestamps") is not None:
        return flag(fields, "use_normalized_timestamps")
    original = fields.get("use_original_timestamps") is None or flag(fields, "use_original_timestamps")
    return not original


def _ignored(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that ask for what no voice here can do."""
    config, (place, controls) = object_of(fields, "generation_config"), _controls(fields)
    asked = {
        "generation_config.emotion": _emotion(config, "emotion", "generation_config.emotion"),
        f"{place}.emotion": _emotion(controls, "emotion", f"{place}.emotion"),
        "voice.embedding": _voice(fields, "") is None,
        "save": flag(fields, "save"),
    }
    return tuple(name for name, wanted in asked.items() if wanted)


def _emotion(holder: Mapping[str, Any], key: str, name: str) -> bool:
    """Whether an emotion is asked for: by a word, or in old versions by a list of them."""
    value: object = holder.get(key)
    if value is not None and not isinstance(value, str | list):
        raise wrong(name, value, "a string, or an array of strings")
    return value not in (None, "", [], "neutral")


def _controls(fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The experimental controls, which some clients put in ``voice`` and others beside it."""
    voice = fields.get("voice")
    if isinstance(voice, dict) and "__experimental_controls" in voice:
        inside = cast("dict[str, Any]", voice)
        return "voice.__experimental_controls", object_of(inside, "__experimental_controls")
    return "__experimental_controls", object_of(fields, "__experimental_controls")


def _speed(fields: Mapping[str, Any], config: Mapping[str, Any]) -> float | None:
    """The pace by the newest of the three places that clients have put it in."""
    newest = number(config, "speed", "generation_config.speed")
    if newest is not None:
        return newest
    if (speed := fields.get("speed")) is not None:
        return _named_speed(speed, "speed")
    place, controls = _controls(fields)
    speed = controls.get("speed")
    if speed is None:
        return None
    named = _named_speed(speed, f"{place}.speed")
    # As a number it runs from -1.0 (slowest) over 0.0 (normal) to 1.0 (fastest).
    return named if isinstance(speed, str) else 1.0 + 0.5 * named


def _duration_s(fields: Mapping[str, Any]) -> float | None:
    duration_s = number(fields, "duration")
    if duration_s is not None and duration_s <= 0:
        raise wrong("duration", duration_s, "above 0 seconds")
    return duration_s


def _named_speed(value: object, name: str) -> float:
    if isinstance(value, str):
        if value in NAMED_SPEEDS:
            return NAMED_SPEEDS[value]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise wrong(name, value, f"a number, or one of {', '.join(NAMED_SPEEDS)}")


def _buffer_delay_s(fields: Mapping[str, Any]) -> float:
    delay_ms = number(fields, "max_buffer_delay_ms")
    if delay_ms is None:
        delay_ms = DEFAULT_BUFFER_DELAY_MS
    if not 0 <= delay_ms <= MAX_BUFFER_DELAY_MS:
        raise wrong("max_buffer_delay_ms", delay_ms, f"between 0 and {MAX_BUFFER_DELAY_MS}")
    return delay_ms / 1000


def _clamped(value: float | None, low: float, high: float) -> float | None:
    return None if value is None else min(max(value, low), high)
