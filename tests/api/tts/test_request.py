from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.tts.request import GenerationRequest, parse_input, parse_request
from antiphon.errors import BadRequest, RequestError
from antiphon.speech.style import Manner

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
    assert request.input.manner == Manner(None, None, None)
    assert (request.locale, request.normalization, request.dictionary) == (None, "auto", None)
    assert not request.as_spoken
    assert request.ignored == ()


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
        ({"__experimental_controls": {"speed": -0.5}}, 0.75),
    ],
)
def test_speed_comes_from_the_newest_place_and_is_clamped(fields: dict[str, Any], speed: float) -> None:
    assert parse(**fields).input.manner.speed == pytest.approx(speed)


@pytest.mark.parametrize(("volume", "gain"), [(0, 0.5), (1.5, 1.5), (7, 2.0)])
def test_volume_is_clamped(volume: float, gain: float) -> None:
    assert parse(generation_config={"volume": volume, "emotion": "Happy"}).input.manner.volume == gain


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"generation_config": {"emotion": "Joking/Comedic"}}, {"generation_config.emotion"}),
        ({"generation_config": {"emotion": ["Happy", "Sad"]}}, {"generation_config.emotion"}),
        ({"generation_config": {"emotion": None}}, set()),
        ({"generation_config": {"emotion": "neutral", "speed": 1.2}}, set()),
        (
            {"voice": {"id": "v", "__experimental_controls": {"emotion": ["anger:high"], "speed": 0}}},
            {"voice.__experimental_controls.emotion"},
        ),
        ({"__experimental_controls": {"emotion": ["anger"]}}, {"__experimental_controls.emotion"}),
        ({"voice": {"mode": "embedding", "embedding": [0.0] * 192}}, {"voice.embedding"}),
        ({"save": True}, {"save"}),
        ({"save": False}, set()),
    ],
)
def test_what_no_voice_can_do_is_taken_and_told(fields: dict[str, Any], ignored: set[str]) -> None:
    assert set(parse("2024-11-13", **fields).ignored) == ignored


@pytest.mark.parametrize(
    ("fields", "as_spoken"),
    [
        ({}, False),
        ({"use_normalized_timestamps": None}, False),
        ({"use_normalized_timestamps": True}, True),
        ({"use_normalized_timestamps": False}, False),
        ({"use_original_timestamps": True}, False),
        ({"use_original_timestamps": False}, True),
        ({"use_normalized_timestamps": True, "use_original_timestamps": True}, True),
    ],
)
def test_timestamps_tell_words_as_written_unless_asked(fields: dict[str, Any], as_spoken: bool) -> None:
    assert parse(**fields).as_spoken == as_spoken


@pytest.mark.parametrize(
    ("value", "normalization"),
    [
        (None, "auto"),
        ("auto", "auto"),
        ("Off", "off"),
        ("en_GB", "en-GB"),
        ("de", "de"),
        ("zh-Hans-CN", "zh-Hans-CN"),
    ],
)
def test_normalization_is_auto_off_or_a_locale(value: str | None, normalization: str) -> None:
    assert parse(normalization=value).normalization == normalization


def test_a_locale_keeps_its_region_for_the_reading() -> None:
    assert parse(locale="en_GB").locale == "en-GB"
    assert parse("2025-04-16", language="en-AU").locale == "en-AU"
    assert parse(language="en").locale is None


def test_duration_and_dictionary_are_taken() -> None:
    request = parse(duration=2.5, pronunciation_dict_id="pd_1")
    assert (request.input.manner.duration_s, request.dictionary) == (2.5, "pd_1")
    assert parse(pronunciation_dict_id="").dictionary is None


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
        ({"duration": 0}, "duration"),
        ({"normalization": "on the go"}, "normalization"),
        ({"normalization": True}, "normalization"),
        ({"pronunciation_dict_id": 3}, "pronunciation_dict_id"),
        ({"use_normalized_timestamps": "no"}, "use_normalized_timestamps"),
        ({"use_original_timestamps": 1}, "use_original_timestamps"),
        ({"generation_config": {"emotion": 3}}, r"generation_config\.emotion"),
        ({"save": "yes"}, "save"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        parse(**changes)


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
    *("pronunciation_dict_id", "__experimental_controls", "normalization", "save", "use_original_timestamps"),
]


@given(st.dictionaries(st.sampled_from(FIELDS), json))
def test_any_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    with suppress(RequestError):
        request = parse_request(MINIMAL | changes, version=NEWEST, raw_only=False)
        assert request.input.manner.speed is None or 0.6 <= request.input.manner.speed <= 2.0
