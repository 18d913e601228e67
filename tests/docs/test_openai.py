"""Holds docs/openai.md to the code."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from starlette.routing import WebSocketRoute

from antiphon.api.app import OPENAI_ROUTERS
from antiphon.api.openai import forms, requests
from antiphon.api.openai.realtime import config, conversation, secrets, socket
from antiphon.api.openai.voices import OPENAI_VOICES
from antiphon.audio.formats import SAMPLE_RATES
from antiphon.speech import subtitles
from antiphon.speech.style import MAX_SPEED, MAX_VOLUME, MIN_SPEED, MIN_VOLUME

PAGE = (Path(__file__).parents[2] / "docs" / "openai.md").read_text()


def section(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def endpoints() -> set[str]:
    return {
        f"WS {route.path}" if isinstance(route, WebSocketRoute) else f"{method} {route.path}"
        for router in OPENAI_ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ["WS"])
    }


def test_the_list_of_endpoints_is_that_of_the_app() -> None:
    listed = re.findall(r"\[`((?:GET|POST|WS) /\S*)`\]", PAGE.partition("\n## ")[0])
    assert sorted(listed) == sorted(path.replace("{name:path}", "{name}") for path in endpoints())


def first_keys(function: object) -> set[str]:
    """The names of fields that the calls in a function read: the second argument, where it is a string."""
    calls = [n for n in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(n, ast.Call)]
    keys = [call.args[1] for call in calls if len(call.args) > 1]
    return {key.value for key in keys if isinstance(key, ast.Constant) and str(key.value).isidentifier()}


@pytest.mark.parametrize(
    "field",
    sorted({*first_keys(requests.parse_speech), *requests._WITHOUT_EFFECT, "voice", "sample_rate"}),
)
def test_every_field_of_a_request_to_speak_is_told(field: str) -> None:
    assert f"`{field}`" in section("POST /v1/audio/speech")


def test_the_reading_of_the_code_finds_fields() -> None:
    assert {"input", "model", "response_format", "speed", "stream_format"} <= first_keys(
        requests.parse_speech
    )


@pytest.mark.parametrize(
    "field", [name for name in (*forms._OWN, *forms._WITHOUT_EFFECT) if name != "timestamp_granularities"]
)
def test_every_field_of_a_transcription_is_told(field: str) -> None:
    told = section("POST /v1/audio/transcriptions")
    assert f"`{field}`" in told or f"`{field}[]`" in told


@pytest.mark.parametrize(
    "kind",
    sorted(
        set(
            re.findall(
                r'"((?:session|transcription_session|input_audio_buffer)\.[a-z_]+|'
                r'conversation\.item\.input_audio_transcription\.[a-z]+)"',
                inspect.getsource(conversation),
            )
        )
    ),
)
def test_every_message_of_the_socket_is_told(kind: str) -> None:
    prefix, _, last = kind.rpartition(".")
    told = section("WS /v1/realtime")
    assert f"`{kind}`" in told or (f"`{prefix}." in told and f"`.{last}`" in told)


@pytest.mark.parametrize(
    "value",
    [
        *(f"`{voice}`" for voice in OPENAI_VOICES),
        *(f"`{form}`" for form in (*requests.SPEECH_FORMATS, *forms.FORMATS, *config._ENCODINGS)),
        *(f"`{name}`" for name in (*config.OLD_NAMES.values(), *config.EAGERNESS)),
        *(f"{judged.end:g}" for judged in config.EAGERNESS.values()),
        *map(str, SAMPLE_RATES),
        "{:g} to {:g} is taken".format(*requests.SPEEDS),
        f"into {MIN_SPEED:g} to {MAX_SPEED:g}",
        f"into {MIN_VOLUME:g} to {MAX_VOLUME:g}",
        f"two lines of {subtitles.LINE_CHARS} characters",
        f"longer than {subtitles.LONGEST_S:g} s",
        f"(default {config.DEFAULT_SILENCE_MS})",
        f"at {config.PCM_RATE_HZ} Hz",
        f"{socket.IDLE_S:g} s without a message",
        f'{{"seconds": {secrets.Expiry().seconds}}}',
        conversation.EmptyBuffer.code,
    ],
)
def test_every_limit_and_choice_is_told(value: str) -> None:
    assert value in PAGE
