from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.tts.request import GenerationRequest, parse_input, parse_request
from antiphon.errors import BadRequest, NotFound, RequestError

NEWEST = "2026-08-14"
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
MINIMAL = {"model_id": "sonic-3", "transcript": "Hello.", "voice": "v", "output_format": RAW}


def parse(version: str = NEWEST, **changes: Any) -> GenerationRequest:
    return parse_request(MINIMAL | changes, version=version, raw_only=True)


def test_a_minimal_request_gets_the_defaults_of_the_wire() -> None:
    request = parse()
    assert (request.model, request.voice, request.language) == ("sonic-3", "v", None)
    assert request.buffer_delay_s == 3.0
    assert request.context_id is None
    assert not request.word_timestamps
    assert not request.phoneme_timestamps
    assert (request.input.transcript, request.input.more, request.input.flush) == ("Hello.", False, False)
    assert (request.input.speed, request.input.volume) == (1.0, 1.0)


@pytest.mark.parametrize("version", ["", "2024-06-10", NEWEST])
@pytest.mark.parametrize("voice", ["v", {"id": "v"}, {"mode": "id", "id": "v"}, {"id": "v", "extra": 1}])
def test_a_voice_has_its_id_in_every_shape(version: str, voice: Any) -> None:
    assert parse(version, voice=voice).voice == "v"


@pytest.mark.parametrize("voice", [{"mode": "embedding", "embedding": [0.1] * 192}, {"embedding": [0.1]}])
def test_embeddings_are_taken_by_old_versions_alone(voice: Any) -> None:
    assert parse("2024-06-10", voice=voice).voice is None
    with pytest.raises(BadRequest, match=r"voice\.embedding"):
        parse(NEWEST, voice=voice)


@pytest.mark.parametrize(
    ("fields", "language"),
    [
        ({"language": None}, None),
        ({"language": "en"}, "en"),
        ({"language": "en-GB"}, "en"),
        ({"locale": "en-GB"}, "en"),
        ({"locale": "EN_us", "language": None}, "en"),
    ],
)
def test_a_language_loses_its_region(fields: dict[str, Any], language: str | None) -> None:
    assert parse(**fields).language == language


def test_language_and_locale_exclude_each_other_in_the_newest_version() -> None:
    with pytest.raises(BadRequest, match="locale"):
        parse(NEWEST, language="en", locale="en-GB")
    assert parse("2026-03-01", language="de", locale="en-GB").language == "de"


@pytest.mark.parametrize(
    ("fields", "speed"),
    [
        ({"generation_config": {"speed": 1.3}}, 1.3),
        ({"generation_config": {"speed": 0}}, 0.6),
        ({"generation_config": {"speed": 99}}, 2.0),
        ({"generation_config": {"speed": 1.3}, "speed": "slow"}, 1.3),
        ({"generation_config": None, "speed": "slow"}, 0.8),
        ({"speed": "fast"}, 1.25),
        ({"speed": 1.1}, 1.1),
        ({"voice": {"id": "v", "__experimental_controls": {"speed": "slowest"}}}, 0.6),
        ({"voice": {"id": "v", "__experimental_controls": {"speed": 1}}}, 1.5),
        ({"voice": {"id": "v", "__experimental_controls": {"emotion": ["anger:high"]}}}, 1.0),
        ({"__experimental_controls": {"speed": -0.5}}, 0.75),
    ],
)
def test_speed_comes_from_the_newest_place_and_is_clamped(fields: dict[str, Any], speed: float) -> None:
    assert parse(**fields).input.speed == pytest.approx(speed)


@pytest.mark.parametrize(("volume", "gain"), [(0, 0.5), (1.5, 1.5), (7, 2.0)])
def test_volume_is_clamped(volume: float, gain: float) -> None:
    assert parse(generation_config={"volume": volume, "emotion": "Happy"}).input.volume == gain


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"transcript": None}, "transcript"),
        ({"transcript": 5}, "transcript"),
        ({"model_id": None}, "model_id"),
        ({"model_id": ""}, "model_id"),
        ({"voice": None}, "voice"),
        ({"voice": 5}, "voice"),
        ({"voice": {}}, r"voice\.id"),
        ({"voice": {"id": 7}}, r"voice\.id"),
        ({"output_format": None}, "output_format"),
        ({"output_format": {**RAW, "sample_rate": 1}}, "sample_rate"),
        ({"output_format": {"container": "mp3", "sample_rate": 44100}}, "container"),
        ({"language": 3}, "language"),
        ({"continue": "yes"}, "continue"),
        ({"flush": 1}, "flush"),
        ({"add_timestamps": "true"}, "add_timestamps"),
        ({"max_buffer_delay_ms": -1}, "max_buffer_delay_ms"),
        ({"max_buffer_delay_ms": 5001}, "max_buffer_delay_ms"),
        ({"max_buffer_delay_ms": "1"}, "max_buffer_delay_ms"),
        ({"generation_config": []}, "generation_config"),
        ({"generation_config": {"speed": "fast"}}, r"generation_config\.speed"),
        ({"generation_config": {"volume": True}}, r"generation_config\.volume"),
        ({"speed": "warp"}, "speed"),
        ({"context_id": 5}, "context_id"),
        ({"context_id": ""}, "context_id"),
        ({"duration": "long"}, "duration"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        parse(**changes)


def test_an_unknown_pronunciation_dictionary_is_not_found() -> None:
    assert parse(pronunciation_dict_id=None)
    with pytest.raises(NotFound):
        parse(pronunciation_dict_id="nope")


def test_later_inputs_need_their_text_alone() -> None:
    text = parse_input({"transcript": " more", "continue": True, "flush": True})
    assert (text.transcript, text.more, text.flush) == (" more", True, True)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    *("model_id", "transcript", "voice", "output_format", "language", "locale", "generation_config", "speed"),
    *("duration", "add_timestamps", "context_id", "continue", "flush", "max_buffer_delay_ms"),
    *("pronunciation_dict_id", "__experimental_controls"),
]


@given(st.dictionaries(st.sampled_from(FIELDS), json))
def test_any_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    with suppress(RequestError):
        request = parse_request(MINIMAL | changes, version=NEWEST, raw_only=False)
        assert 0.6 <= request.input.speed <= 2.0
