"""What a client asks of a transcription: query and form fields, checked one by one, and the job they make.

Sources: https://docs.cartesia.ai/api-reference/stt (names, limits, defaults) and the parameters that
Cartesia's SDKs send. Names that are not known here are passed over: clients add their own
(``api_key``, ``cartesia_version``, ``temperature`` …).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from uuid import uuid4

from antiphon.api.services import Services
from antiphon.audio.encodings import INPUT_ENCODINGS
from antiphon.contract.jobs import RecognitionJob
from antiphon.errors import BadRequest, RequestError

SAMPLE_RATES_HZ = (8_000, 192_000)
MIN_SILENCE_S, MAX_SILENCE_S = 0.1, 60.0
"""What the pause that ends an utterance is brought into: shorter ones are within words."""

MAX_KEYTERMS = 100
MAX_KEYTERM_CHARACTERS = 1200
DEFAULT_LANGUAGE = "en"
FIND_OUT = "auto"
"""What a client says for a language that the model is to find out."""

_GRANULARITIES = ("timestamp_granularities[]", "timestamp_granularities")


LIVE_PAUSE_S = 0.6
"""A pause this long ends an utterance of a live stream: somebody waits for the text."""

FILE_PAUSE_S = 2.0
"""The same in a file, where nobody does, and sentences are heard better together."""


@dataclass(frozen=True, slots=True)
class RawFormat:
    """Headerless audio: ``encoding`` is one of `INPUT_ENCODINGS`, ``sample_rate`` in Hz."""

    encoding: str
    sample_rate: int


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """A checked request.

    Attributes:
        model: name as the client gave it.
        language: primary language of the tag that the client gave (``en`` for ``en-GB``); empty: to be found
            out.
        max_silence_s: a pause this long ends an utterance; None for `LIVE_PAUSE_S` or `FILE_PAUSE_S`.
        min_volume: RMS level (0 to 1) under which audio counts as silence.
        keyterms: words to listen for.
        words: give each word its times.
    """

    model: str
    language: str = DEFAULT_LANGUAGE
    max_silence_s: float | None = None
    min_volume: float = 0.0
    keyterms: tuple[str, ...] = ()
    words: bool = False


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A checked request to hear a file.

    Attributes:
        transcription: what to hear, and how.
        raw: the form of headerless samples; None for a file that says its own.
        stream: answer with events, as text comes.
    """

    transcription: TranscriptionRequest
    raw: RawFormat | None
    stream: bool


def parse_file_request(fields: Iterable[tuple[str, str]]) -> FileRequest:
    """Read the query and form fields of an uploaded file.

    Raises:
        BadRequest: naming the parameter, what came and what is allowed.
    """
    fields = list(fields)
    encoding, sample_rate = _encoding(fields), _sample_rate(fields)
    if (encoding is None) != (sample_rate is None):
        raise BadRequest(
            "encoding and sample_rate belong together: give both for headerless samples, "
            "neither for a file that says its own format."
        )
    response_format = _one(fields, "response_format") or "json"
    if response_format != "json":
        raise BadRequest(
            f"response_format is {_shown(response_format)}; this path answers with json only, "
            "/v1/audio/transcriptions with others."
        )
    raw = RawFormat(encoding, sample_rate) if encoding and sample_rate else None
    return FileRequest(_parse(fields), raw, _flag(fields, "stream"))


def parse_stream_request(fields: Iterable[tuple[str, str]]) -> tuple[TranscriptionRequest, RawFormat]:
    """Read the query of a socket, where ``encoding`` and ``sample_rate`` are required.

    Raises:
        BadRequest: naming the parameter, what came and what is allowed.
    """
    fields = list(fields)
    request = _parse(fields)
    encoding, sample_rate = _encoding(fields), _sample_rate(fields)
    if encoding is None:
        raise BadRequest(f"encoding is missing; {_ENCODING_RULE}")
    if sample_rate is None:
        raise BadRequest(f"sample_rate is missing; {_RATE_RULE}")
    return request, RawFormat(encoding, sample_rate)


def without_effect(fields: Iterable[tuple[str, str]], services: Services) -> set[str]:
    """Names of the fields that are given and change nothing: key terms, when the model takes none.

    What is wrong with a request, and will be told, is no matter here.
    """
    fields = list(fields)
    if not any(name == "keyterm" and value for name, value in fields):
        return set()
    offerings = services.dispatcher.offerings("stt")
    try:
        language = language_asked(_one(fields, "language") or DEFAULT_LANGUAGE)
        model, _ = services.models.to_hear(_one(fields, "model") or "", language, offerings)
    except RequestError:
        return set()
    takes_none = any(each.model == model and not each.keyterms for each in offerings)
    return {"keyterm"} if takes_none else set()


def _parse(fields: Sequence[tuple[str, str]]) -> TranscriptionRequest:
    model = _one(fields, "model")
    if model is None:
        raise BadRequest("model is missing; GET /status lists the models served here.")
    max_silence = _one(fields, "max_silence_duration_secs")
    return TranscriptionRequest(
        model=model,
        language=language_asked(_one(fields, "language") or DEFAULT_LANGUAGE),
        max_silence_s=None if max_silence is None else _silence(max_silence),
        min_volume=_volume(_one(fields, "min_volume") or "0"),
        keyterms=_keyterms([value for name, value in fields if name == "keyterm"]),
        words=_wants_words(fields),
    )


def _one(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    """The value of a parameter that is given once at most; an empty one counts as not given."""
    values = {value for key, value in fields if key == name and value}
    if len(values) > 1:
        raise BadRequest(f"{name} was given {len(values)} values; give one.")
    return values.pop() if values else None


def language_asked(tag: str) -> str:
    """The language to listen for: ``en`` for ``en-GB``, ``en_gb`` and ``EN``, none for ``auto``.

    In a tag the primary subtag comes first (RFC 5646).
    """
    return "" if tag == FIND_OUT else tag.replace("_", "-").split("-")[0].lower()


_ENCODING_RULE = f"it must be one of {', '.join(INPUT_ENCODINGS)}."
_RATE_RULE = f"it must be a whole number from {SAMPLE_RATES_HZ[0]} to {SAMPLE_RATES_HZ[1]} (Hz)."


def _encoding(fields: Sequence[tuple[str, str]]) -> str | None:
    value = _one(fields, "encoding")
    if value is not None and value not in INPUT_ENCODINGS:
        raise BadRequest(f"encoding is {_shown(value)}; {_ENCODING_RULE}")
    return value


def _sample_rate(fields: Sequence[tuple[str, str]]) -> int | None:
    value = _one(fields, "sample_rate")
    if value is None:
        return None
    lowest, highest = SAMPLE_RATES_HZ
    digits = value.isascii() and value.isdigit() and len(value) <= len(str(highest))
    if not digits or not lowest <= int(value) <= highest:
        raise BadRequest(f"sample_rate is {_shown(value)}; {_RATE_RULE}")
    return int(value)


def _silence(value: str) -> float:
    seconds = _number(value)
    if seconds is None or not 0 <= seconds < inf:
        raise BadRequest(f"max_silence_duration_secs is {_shown(value)}; it must be a number from 0 on.")
    return min(max(seconds, MIN_SILENCE_S), MAX_SILENCE_S)


def _volume(value: str) -> float:
    level = _number(value)
    if level is None or not 0 <= level <= 1:
        raise BadRequest(f"min_volume is {_shown(value)}; it must be a number from 0 to 1.")
    return level


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _keyterms(terms: list[str]) -> tuple[str, ...]:
    if len(terms) > MAX_KEYTERMS:
        raise BadRequest(f"keyterm was given {len(terms)} times; at most {MAX_KEYTERMS} are allowed.")
    characters = sum(map(len, terms))
    if characters > MAX_KEYTERM_CHARACTERS:
        raise BadRequest(
            f"keyterm holds {characters} characters in all; at most {MAX_KEYTERM_CHARACTERS} are allowed."
        )
    return tuple(terms)


def _wants_words(fields: Sequence[tuple[str, str]]) -> bool:
    granularities = {value for name, value in fields if name in _GRANULARITIES and value}
    for value in granularities - {"word"}:
        raise BadRequest(f"timestamp_granularities[] is {_shown(value)}; it must be word.")
    return bool(granularities) or _flag(fields, "word_timestamps")


def _flag(fields: Sequence[tuple[str, str]], name: str) -> bool:
    value = _one(fields, name) or "false"
    if value.lower() not in ("true", "false"):
        raise BadRequest(f"{name} is {_shown(value)}; it must be true or false.")
    return value.lower() == "true"


def _shown(value: str) -> str:
    longest = 40
    return f'"{value}"' if len(value) <= longest else f'"{value[:longest]}…"'


def make_job(request: TranscriptionRequest, services: Services, *, partials: bool) -> RecognitionJob:
    """The job for a request, in the names of the models served here.

    Raises:
        ModelNotFound: the name stands for no model that hears.
        LanguageNotSupported: none of the models that it stands for hears the language.
    """
    offerings = services.dispatcher.offerings("stt")
    model, language = services.models.to_hear(request.model, request.language, offerings)
    return RecognitionJob(
        job=uuid4().hex,
        api="",
        model=model,
        language=language,
        partials=partials,
        word_timestamps=request.words,
        keyterms=request.keyterms,
        max_silence_s=request.max_silence_s or (LIVE_PAUSE_S if partials else FILE_PAUSE_S),
        min_volume=request.min_volume,
    )
