"""The parsers read what the documents tell, and the documents tell what the parsers read."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from antiphon.api.schemas.hearing import FIELDS
from antiphon.api.schemas.shapes import Schema
from antiphon.api.schemas.speech import EXAMPLE
from antiphon.api.schemas.tables import SCHEMAS
from antiphon.api.stt.request import parse_file_request
from antiphon.api.tts.request import parse_request
from antiphon.api.versions import UNKNOWN
from antiphon.errors import BadRequest

WITHOUT_EFFECT = {"voice.mode"}
"""Told, as clients send it, and never looked at."""

SOCKET = SCHEMAS["SpeechSocketRequest"]
FILE = SCHEMAS["SpeechRequest"]


class Asked(dict[str, Any]):
    """A JSON object that tells of each of its keys, at any depth, that a parser asks for."""

    def __init__(self, fields: Mapping[str, Any], seen: set[str], above: str = "") -> None:
        super().__init__(
            {
                key: Asked(value, seen, f"{above}{key}.") if isinstance(value, dict) else value
                for key, value in fields.items()
            }
        )
        self._seen, self._above = seen, above

    def get(self, key: str, default: Any = None) -> Any:
        self._seen.add(self._above + key)
        return super().get(key, default)


def names(schema: Schema, above: str = "") -> Iterator[str]:
    """The fields that a schema tells of, with dots between the levels."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    for key, below in schema.get("properties", {}).items():
        yield above + key
        yield from names(below, f"{above}{key}.")
    for variant in schema.get("anyOf", []):
        yield from names(variant, above)


def test_the_parser_of_requests_to_speak_reads_the_fields_that_are_told_and_no_others() -> None:
    seen: set[str] = set()
    mp3 = {"container": "mp3", "sample_rate": 24000, "bit_rate": 64000}
    controls = {"__experimental_controls": {"speed": "fast"}}
    for request in (
        {**EXAMPLE, "output_format": mp3, "generation_config": {"speed": None}},
        {**EXAMPLE, **controls},
        {**EXAMPLE, "voice": {"embedding": [0.0], **controls}},
    ):
        parse_request(Asked(request, seen), version=UNKNOWN, raw_only=False)
    assert set(names(SOCKET)) | set(names(FILE)) == seen | WITHOUT_EFFECT


WRONG: dict[str, Any] = {
    "model_id": 1,
    "transcript": None,
    "voice": [],
    "output_format": {},
    "language": 1,
    "locale": 1,
    "normalization": "what?",
    "generation_config": 1,
    "pronunciation_dict_id": 1,
    "speed": "very",
    "__experimental_controls": 1,
    "duration": 0,
    "stream": 1,
    "save": 1,
    "add_timestamps": 1,
    "add_phoneme_timestamps": 1,
    "use_normalized_timestamps": 1,
    "use_original_timestamps": 1,
    "context_id": "",
    "continue": 1,
    "flush": 1,
    "max_buffer_delay_ms": 5001,
}


@pytest.mark.parametrize("field", sorted({*SOCKET["properties"], *FILE["properties"]}))
def test_every_field_that_is_told_is_checked(field: str) -> None:
    with pytest.raises(BadRequest):
        parse_request({**EXAMPLE, field: WRONG[field]}, version=UNKNOWN, raw_only=True)


WRONG_IN_FORMS = {
    "timestamp_granularities[]": "letter",
    "word_timestamps": "perhaps",
    "max_silence_duration_secs": "-1",
    "min_volume": "2",
    "keyterm": "x" * 1201,
}


@pytest.mark.parametrize("field", sorted({*FIELDS} - {"language"}))  # any text may be one, a model decides
def test_every_field_of_a_transcription_that_is_told_is_checked(field: str) -> None:
    with pytest.raises(BadRequest):
        parse_file_request([("model", "ink-whisper"), (field, WRONG_IN_FORMS[field])])
