"""Whatever a client sends is understood, or refused by name: nothing else is raised."""

from contextlib import suppress
from itertools import count
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.api.openai.errors import error_fields, status_of
from antiphon.api.openai.forms import parse_form
from antiphon.api.openai.realtime.config import SessionConfig
from antiphon.api.openai.realtime.conversation import Conversation
from antiphon.api.openai.requests import parse_speech
from antiphon.errors import RequestError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def fields(*names: str, values: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


SPEECH = fields(
    "input", "model", "voice", "response_format", "speed", "stream_format", "sample_rate", "volume_multiplier"
)
INPUT = fields(
    "format",
    "transcription",
    "turn_detection",
    "noise_reduction",
    values=JSON
    | fields("type", "rate", "model", "language", "prompt", "eagerness", "silence_duration_ms")
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["server_vad", "semantic_vad", "audio/pcm", "audio/pcmu", "pcm16"])},
        optional={"rate": JSON, "eagerness": JSON, "silence_duration_ms": JSON},
    ),
)
SESSION = st.one_of(
    JSON,
    INPUT,
    fields("input_audio_format", "input_audio_transcription", "turn_detection", "type", "audio"),
    st.builds(lambda given: {"audio": {"input": given}}, INPUT),
)
MESSAGE = st.one_of(
    fields("type", "audio", "session"),
    st.builds(lambda session: {"type": "session.update", "session": session}, SESSION),
    st.sampled_from(
        [
            {"type": "input_audio_buffer.append", "audio": "AAAA"},
            {"type": "input_audio_buffer.append", "audio": "A"},
            {"type": "input_audio_buffer.commit"},
            {"type": "input_audio_buffer.clear"},
        ]
    ),
)
FORM_FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "model",
                "response_format",
                "stream",
                "language",
                "timestamp_granularities[]",
                "temperature",
                "encoding",
                "sample_rate",
                "chunking_strategy[type]",
                "keyterm",
            ]
        ),
        st.text(max_size=6)
        | st.sampled_from(["whisper-1", "json", "srt", "true", "word", "pcm_s16le", "8000"]),
    ),
    max_size=8,
)


def check_told(error: RequestError) -> None:
    assert 400 <= status_of(error) < 500
    assert orjson.dumps(error_fields(error))


@given(SPEECH)
def test_any_request_to_speak(asked: dict[str, Any]) -> None:
    try:
        assert parse_speech(asked).text
    except RequestError as error:
        check_told(error)


@given(FORM_FIELDS)
def test_any_form(asked: list[tuple[str, str]]) -> None:
    try:
        assert parse_form(asked).asked.model
    except RequestError as error:
        check_told(error)


@settings(max_examples=400)
@given(st.lists(MESSAGE, max_size=6))
def test_any_messages_of_a_session(messages: list[dict[str, Any]]) -> None:
    ids = map("item_{}".format, count())
    conversation = Conversation(
        SessionConfig("m"), "sess_1", check=lambda config: config.raw, new_id=lambda: next(ids)
    )
    for message in messages:
        try:
            steps = conversation.receive(message)
        except RequestError as error:
            check_told(error)
            continue
        for step in steps:
            with suppress(AttributeError):  # not every step says something
                assert orjson.dumps(step.event)
