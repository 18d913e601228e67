"""What many paths have in common: errors, versions, formats of audio."""

from antiphon import errors
from antiphon.api import versions
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
    constant,
    flag,
    integer,
    named,
    nullable,
    number,
    record,
    text,
)
from antiphon.audio.encodings import INPUT_ENCODINGS, OUTPUT_ENCODINGS
from antiphon.audio.formats import BIT_RATES, CONTENT_TYPES, DEFAULT_BIT_RATE, SAMPLE_RATES, Container
from antiphon.errors import AntiphonError

UUID_EXAMPLE = "7d0a1f0c-5c1e-4b7e-9d63-2f4f6f0f9b1e"

REQUEST_ID = text("Names this request in the log of the server.", examples=[UUID_EXAMPLE])

VERSION = text(
    "Version of the API that the client speaks, a date (`YYYY-MM-DD`). None, or what is no date, counts as "
    f"older than all. From {versions.STRUCTURED_ERRORS} on HTTP errors are JSON, from "
    f"{versions.STRICT_VOICES} on a voice is an id; up to {versions.BARE_VOICE_LIST} the list of voices is a "
    "bare array.",
    examples=[versions.STRICT_VOICES],
)

INPUT_ENCODING = choice(INPUT_ENCODINGS, "Encoding of samples without a header: mono, little-endian.")


PAGE = {
    "limit": "How many to list.",
    "starting_after": "Id of one: list those after it. After an unknown one there are none.",
    "ending_before": "Id of one: list those before it.",
}
"""What the parameters of `antiphon.api.pages` mean."""


def page_of(name: str) -> Schema:
    """A page of a list of what this schema describes."""
    return record(
        {
            "data": array(named(name)),
            "has_more": flag(),
            "next_page": nullable(text("Id of the last: `starting_after` of the next request.")),
        }
    )


def error_kinds(root: type[AntiphonError] = AntiphonError) -> list[type[AntiphonError]]:
    """Every kind of error, each after the one it is a kind of."""
    return [root, *(kind for below in root.__subclasses__() for kind in error_kinds(below))]


def error_codes() -> list[str]:
    """What ``error_code`` can be; the kinds of errors that OpenAI's clients alone meet are none of them."""
    return sorted({kind.code for kind in error_kinds() if kind.code and kind.__module__ == errors.__name__})


def _error_fields() -> dict[str, Schema]:
    return {
        "error_code": nullable(choice(error_codes(), "Null for errors that have none.")),
        "title": text("What kind of error it is."),
        "message": text("What was wrong, and what would be right."),
        "request_id": REQUEST_ID,
    }


def _format(container: Container) -> Schema:
    fields = {"container": constant(container), "sample_rate": choice(SAMPLE_RATES, "In Hz.")}
    if container != "mp3":
        return record({**fields, "encoding": choice(OUTPUT_ENCODINGS, "Mono, little-endian.")})
    bit_rate = nullable(choice(BIT_RATES, "In bit/s.", default=DEFAULT_BIT_RATE))
    return record(fields, {"bit_rate": bit_rate})


def timed(unit: str) -> Schema:
    """Three arrays of one length: what is spoken, and from when to when in seconds of the context."""
    return record({unit: array(text()), "start": array(number()), "end": array(number())})


SCHEMAS: dict[str, Schema] = {
    "Error": record(
        _error_fields(), description=f"An error over HTTP, from {versions.STRUCTURED_ERRORS} on."
    ),
    "ErrorEvent": record(
        {
            "type": constant("error"),
            "done": constant(True),
            "status_code": integer("The HTTP status that this error has."),
            "code": integer("The same, where older clients look for it."),
            "error": text("`Title: Message`, where older clients look for it."),
            **_error_fields(),
        },
        {"context_id": text("The context that this ends.")},
        description="An error on a socket or event stream, in every version.",
    ),
    "OutputFormat": {
        "anyOf": [_format(container) for container in CONTENT_TYPES],
        "description": "The form of the audio.",
    },
    "RawOutputFormat": {**_format("raw"), "description": "The form of the audio: samples without a header."},
    "Word": record(
        {"word": text(), "start": number("In seconds."), "end": number("In seconds.")},
        description="A word and when it is said, from the start of the audio.",
    ),
}
