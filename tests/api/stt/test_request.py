import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.stt.request import (
    RawFormat,
    TranscriptionRequest,
    parse_file_request,
    parse_stream_request,
)
from antiphon.audio.encodings import INPUT_ENCODINGS
from antiphon.errors import BadRequest

STREAM = {"model": "ink-whisper", "encoding": "pcm_s16le", "sample_rate": "16000"}


def parse(**changes: str) -> tuple[TranscriptionRequest, RawFormat]:
    return parse_stream_request({**STREAM, **changes}.items())


def test_only_the_model_is_needed_for_a_file() -> None:
    asked = parse_file_request([("model", "ink-whisper")])
    request, raw = asked.transcription, asked.raw
    assert request == TranscriptionRequest(model="ink-whisper")
    assert raw is None


def test_everything_can_be_set() -> None:
    fields = [
        *STREAM.items(),
        ("language", "en"),
        ("min_volume", "0.15"),
        ("max_silence_duration_secs", "0.8"),
        ("keyterm", "antiphon"),
        ("keyterm", "call and response"),
        ("timestamp_granularities[]", "word"),
        ("cartesia_version", "2026-03-01"),
        ("api_key", "secret"),
    ]
    request, raw = parse_stream_request(fields)
    assert raw == RawFormat("pcm_s16le", 16_000)
    assert request == TranscriptionRequest(
        model="ink-whisper",
        language="en",
        max_silence_s=0.8,
        min_volume=0.15,
        keyterms=("antiphon", "call and response"),
        words=True,
    )


@pytest.mark.parametrize("tag", ["en", "EN", "en-GB", "en_us", "en-Latn-US", ""])
def test_regional_forms_mean_their_language(tag: str) -> None:
    assert parse(language=tag)[0].language == "en"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp_granularities", "word"),
        ("timestamp_granularities[]", "word"),
        ("word_timestamps", "true"),
        ("word_timestamps", "True"),
    ],
)
def test_words_can_be_asked_for_in_several_ways(name: str, value: str) -> None:
    assert parse(**{name: value})[0].words
    assert not parse()[0].words


@pytest.mark.parametrize(("asked", "kept"), [("0", 0.1), ("0.05", 0.1), ("1.5", 1.5), ("3600", 60.0)])
def test_a_silence_is_brought_into_what_makes_sense(asked: str, kept: float) -> None:
    assert parse(max_silence_duration_secs=asked)[0].max_silence_s == kept


@given(rate=st.integers(8_000, 192_000), encoding=st.sampled_from(INPUT_ENCODINGS))
def test_any_sane_format_is_taken(rate: int, encoding: str) -> None:
    assert parse(sample_rate=str(rate), encoding=encoding)[1] == RawFormat(encoding, rate)


@given(rate=st.one_of(st.integers(max_value=7_999), st.integers(min_value=192_001)))
def test_no_other_rate_is_taken(rate: int) -> None:
    with pytest.raises(BadRequest, match=r"^sample_rate is .*8000 to 192000"):
        parse(sample_rate=str(rate))


@given(st.text(min_size=1))
def test_any_text_for_a_number_is_a_number_in_range_or_refused_by_name(value: str) -> None:
    for name in ("sample_rate", "min_volume", "max_silence_duration_secs"):
        refusal = None
        request, raw = parse()
        try:
            request, raw = parse(**{name: value})
        except BadRequest as error:
            refusal = error
        assert refusal is None or refusal.message.startswith(name)
        assert 8_000 <= raw.sample_rate <= 192_000
        assert 0 <= request.min_volume <= 1
        assert request.max_silence_s is None or 0.1 <= request.max_silence_s <= 60


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("encoding", "opus", "pcm_s16le"),
        ("encoding", "PCM_S16LE", "pcm_s16le"),
        ("sample_rate", "16000.0", "8000 to 192000"),
        ("sample_rate", "١٦٠٠٠", "8000 to 192000"),
        ("min_volume", "1.01", "0 to 1"),
        ("min_volume", "nan", "0 to 1"),
        ("min_volume", "-0.1", "0 to 1"),
        ("max_silence_duration_secs", "-0.1", "a number from 0"),
        ("max_silence_duration_secs", "inf", "a number from 0"),
        ("max_silence_duration_secs", "long", "a number from 0"),
        ("timestamp_granularities[]", "segment", "word"),
        ("word_timestamps", "yes", "true or false"),
    ],
)
def test_an_error_names_the_parameter_what_came_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(**{name: value})
    message = caught.value.message
    assert message.startswith(name)
    assert f'"{value}"' in message
    assert allowed in message


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(BadRequest) as caught:
        parse(encoding="x" * 5000)
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", sorted(STREAM))
@pytest.mark.parametrize("empty", [True, False])
def test_a_socket_needs_model_and_format(name: str, empty: bool) -> None:
    fields = {**STREAM, name: ""} if empty else {key: STREAM[key] for key in STREAM if key != name}
    with pytest.raises(BadRequest, match=f"^{name} is missing"):
        parse_stream_request(fields.items())


@pytest.mark.parametrize("name", ["encoding", "sample_rate"])
def test_a_raw_file_needs_both_halves_of_its_format(name: str) -> None:
    with pytest.raises(BadRequest, match="belong together"):
        parse_file_request([("model", "ink-whisper"), (name, STREAM[name])])


def test_query_and_form_may_say_the_same_but_not_contradict() -> None:
    same = [("model", "ink-whisper"), ("model", "ink-whisper")]
    assert parse_file_request(same).transcription.model == "ink-whisper"
    with pytest.raises(BadRequest, match="model was given 2 values"):
        parse_file_request([("model", "ink-whisper"), ("model", "whisper-1")])


def test_keyterms_have_limits() -> None:
    most = [("keyterm", "twelve chars")] * 100
    assert len(parse_stream_request([*STREAM.items(), *most])[0].keyterms) == 100
    with pytest.raises(BadRequest, match="keyterm was given 101 times; at most 100"):
        parse_stream_request([*STREAM.items(), *most, ("keyterm", "")])
    with pytest.raises(BadRequest, match="keyterm holds 1201 characters"):
        parse_stream_request([*STREAM.items(), ("keyterm", "x" * 1201)])


def test_files_are_answered_with_json_or_events() -> None:
    model = ("model", "whisper-1")
    with pytest.raises(BadRequest, match="json only"):
        parse_file_request([model, ("response_format", "srt")])
    with pytest.raises(BadRequest, match="stream is"):
        parse_file_request([model, ("stream", "maybe")])
    assert not parse_file_request([model, ("response_format", "json"), ("stream", "false")]).stream
    assert parse_file_request([model, ("stream", "true")]).stream
