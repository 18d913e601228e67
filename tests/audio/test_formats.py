import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.encodings import OUTPUT_ENCODINGS
from antiphon.audio.formats import BIT_RATES, SAMPLE_RATES, OutputFormat
from antiphon.errors import BadRequest

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
MP3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("encoding", OUTPUT_ENCODINGS)
@pytest.mark.parametrize("container", ["raw", "wav"])
def test_every_pcm_format_is_understood(container: str, encoding: str, rate: int) -> None:
    fmt = OutputFormat.parse({"container": container, "encoding": encoding, "sample_rate": rate})
    assert (fmt.container, fmt.encoding, fmt.sample_rate, fmt.bit_rate) == (container, encoding, rate, None)
    assert fmt.content_type == f"audio/{container}"


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("bit_rate", BIT_RATES)
def test_every_mp3_format_is_understood(bit_rate: int, rate: int) -> None:
    fmt = OutputFormat.parse({"container": "mp3", "sample_rate": rate, "bit_rate": bit_rate})
    assert fmt == OutputFormat("mp3", None, rate, bit_rate)
    assert fmt.content_type == "audio/mpeg"


@pytest.mark.parametrize("given_rate", [{}, {"bit_rate": None}])
def test_mp3_without_a_bit_rate_gets_128_kbit(given_rate: dict[str, object]) -> None:
    assert OutputFormat.parse({"container": "mp3", "sample_rate": 24000, **given_rate}).bit_rate == 128000


def test_keys_of_other_containers_are_ignored() -> None:
    assert OutputFormat.parse({**MP3, "encoding": "pcm_f32le"}).encoding is None
    assert OutputFormat.parse({**RAW, "bit_rate": "much", "else": []}).bit_rate is None


@pytest.mark.parametrize("container", ["wav", "mp3"])
def test_streams_carry_raw_only(container: str) -> None:
    with pytest.raises(BadRequest, match=rf"output_format\.container is '{container}'; allowed: raw$"):
        OutputFormat.parse({**RAW, "container": container}, raw_only=True)
    assert OutputFormat.parse(RAW, raw_only=True) == OutputFormat("raw", "pcm_s16le", 24000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "output_format is null; it must be an object"),
        ([], "output_format is an array; it must be an object"),
        ("raw", "output_format is 'raw'; it must be an object"),
        ({}, "output_format.container is missing; allowed: raw, wav, mp3"),
        ({**RAW, "container": "ogg"}, "output_format.container is 'ogg'; allowed: raw, wav, mp3"),
        ({**RAW, "container": {}}, "output_format.container is an object; allowed"),
        ({**RAW, "encoding": "pcm_f16le"}, "output_format.encoding is 'pcm_f16le'; allowed: pcm_f32le"),
        ({**RAW, "encoding": None}, "output_format.encoding is null; allowed"),
        ({"container": "wav", "sample_rate": 8000}, "output_format.encoding is missing; allowed"),
        ({**RAW, "sample_rate": 11025}, "output_format.sample_rate is 11025; allowed: 8000, 16000"),
        ({**RAW, "sample_rate": "24000"}, "output_format.sample_rate is '24000'; allowed"),
        ({**RAW, "sample_rate": 24000.0}, "output_format.sample_rate is 24000.0; allowed"),
        ({**RAW, "sample_rate": True}, "output_format.sample_rate is true; allowed"),
        ({**MP3, "bit_rate": 320000}, "output_format.bit_rate is 320000; allowed: 32000, 64000"),
        ({**MP3, "bit_rate": False}, "output_format.bit_rate is false; allowed"),
    ],
)
def test_a_refusal_names_the_field_what_came_and_what_is_allowed(value: object, message: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        OutputFormat.parse(value)
    assert refusal.value.message.startswith(message)


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(BadRequest) as refusal:
        OutputFormat.parse({**RAW, "container": "x" * 10_000})
    assert len(refusal.value.message) < 120


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("container", "encoding", "sample_rate", "bit_rate"), JSON)
    )
    | JSON,
    st.booleans(),
)
def test_junk_is_a_bad_request_and_nothing_else(value: object, raw_only: bool) -> None:
    with pytest.raises(BadRequest, match="output_format"):
        OutputFormat.parse(value, raw_only=raw_only)
