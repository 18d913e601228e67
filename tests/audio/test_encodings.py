import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon.audio.encodings import (
    INPUT_ENCODINGS,
    OUTPUT_ENCODINGS,
    StreamDecoder,
    bytes_per_sample,
    decode,
    encode,
)
from antiphon.errors import BadRequest

ANY_FLOATS = hnp.arrays(np.float32, st.integers(0, 300), elements=st.floats(width=32))
UNIT_FLOATS = hnp.arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32))
EVERY_S16 = np.arange(-(2**15), 2**15, dtype=np.int16)
G711 = ("pcm_mulaw", "pcm_alaw")


def ffmpeg_encode(values: np.ndarray, codec_name: str) -> bytes:
    codec = av.CodecContext.create(codec_name, "w")
    codec.sample_rate, codec.layout, codec.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(values[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def ffmpeg_decode(data: bytes, codec_name: str) -> np.ndarray:
    codec = av.CodecContext.create(codec_name, "r")
    codec.sample_rate, codec.layout = 8000, "mono"
    (frame,) = codec.decode(av.Packet(data))
    return frame.to_ndarray()[0]


@pytest.mark.parametrize("encoding", G711)
def test_every_s16_value_gets_the_g711_code_that_ffmpeg_gives_it(encoding: str) -> None:
    samples = EVERY_S16.astype(np.float32) / 2**15
    assert encode(samples, encoding) == ffmpeg_encode(EVERY_S16, encoding)


@pytest.mark.parametrize("encoding", G711)
def test_every_g711_code_has_the_value_that_ffmpeg_gives_it(encoding: str) -> None:
    codes = bytes(range(256))
    np.testing.assert_array_equal(decode(codes, encoding) * 2**15, ffmpeg_decode(codes, encoding))


@pytest.mark.parametrize("encoding", G711)
def test_every_g711_code_survives_except_negative_zero(encoding: str) -> None:
    codes = bytes(range(256))
    again = encode(decode(codes, encoding), encoding)
    changed = [code for code, back in zip(codes, again, strict=True) if code != back]
    assert changed == ([0x7F] if encoding == "pcm_mulaw" else [])


@pytest.mark.parametrize(
    ("encoding", "width"),
    [
        ("pcm_f32le", 4),
        ("pcm_s16le", 2),
        ("pcm_mulaw", 1),
        ("pcm_alaw", 1),
        ("pcm_s32le", 4),
        ("pcm_f16le", 2),
    ],
)
def test_bytes_per_sample(encoding: str, width: int) -> None:
    assert bytes_per_sample(encoding) == width
    assert len(encode(np.zeros(7, np.float32), encoding)) == 7 * width


@given(ANY_FLOATS, st.sampled_from(INPUT_ENCODINGS))
def test_whatever_is_encoded_comes_back_finite_and_within_full_scale(
    samples: np.ndarray, encoding: str
) -> None:
    back = decode(encode(samples, encoding), encoding)
    assert back.dtype == np.float32
    assert back.shape == samples.shape
    assert np.all(np.abs(back) <= 1)


@given(UNIT_FLOATS)
def test_linear_and_float_encodings_round_to_the_nearest_code(samples: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode(samples, "pcm_f32le"), "pcm_f32le"), samples)
    np.testing.assert_allclose(decode(encode(samples, "pcm_s32le"), "pcm_s32le"), samples, atol=2**-30)
    np.testing.assert_allclose(
        decode(encode(samples, "pcm_f16le"), "pcm_f16le"), samples, rtol=2**-11, atol=2**-25
    )
    below_top = np.minimum(samples, np.float32(1 - 2**-15))
    np.testing.assert_allclose(decode(encode(below_top, "pcm_s16le"), "pcm_s16le"), below_top, atol=2**-16)


@given(UNIT_FLOATS, st.sampled_from(G711))
def test_g711_error_stays_within_half_a_step_of_its_segment(samples: np.ndarray, encoding: str) -> None:
    error = np.abs(decode(encode(samples, encoding), encoding) - samples)
    assert np.all(error <= np.abs(samples) / 32 + 33 / 2**15)


def test_too_loud_is_clipped_and_never_wraps() -> None:
    loud = np.array([1.0, 1.0001, 7.0, 1e30, -1.0, -1.0001, -7.0, -1e30], np.float32)
    s16 = np.frombuffer(encode(loud, "pcm_s16le"), "<i2")
    assert s16.tolist() == [32767] * 4 + [-32768] * 4
    s32 = np.frombuffer(encode(loud, "pcm_s32le"), "<i4")
    assert s32.tolist() == [2**31 - 1] * 4 + [-(2**31)] * 4
    for encoding in INPUT_ENCODINGS:
        assert np.all(decode(encode(loud, encoding), encoding) * np.sign(loud) > 0.95)


def test_nan_and_infinity_on_the_wire_are_silence() -> None:
    values = [np.nan, np.inf, -np.inf, 2.0, -2.0, 0.5]
    for encoding, dtype in (("pcm_f32le", "<f4"), ("pcm_f16le", "<f2")):
        assert decode(np.array(values, dtype).tobytes(), encoding).tolist() == [0, 0, 0, 1, -1, 0.5]


@given(st.binary(max_size=200), st.sampled_from(INPUT_ENCODINGS), st.data())
def test_a_stream_cut_anywhere_decodes_as_a_whole(data: bytes, encoding: str, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=12)))
    decoder = StreamDecoder(encoding)
    parts = [decoder.push(data[a:b]) for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole = len(data) - len(data) % bytes_per_sample(encoding)
    np.testing.assert_array_equal(np.concatenate(parts), decode(data[:whole], encoding))


def test_bytes_that_end_inside_a_sample_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"3 bytes of pcm_s16le .* 2 bytes"):
        decode(b"abc", "pcm_s16le")


def test_an_unknown_encoding_is_refused_with_the_known_ones() -> None:
    for use in (
        lambda: encode(np.zeros(1, np.float32), "mp3"),
        lambda: decode(b"", "mp3"),
        lambda: bytes_per_sample("mp3"),
        lambda: StreamDecoder("mp3"),
    ):
        with pytest.raises(BadRequest, match=r"'mp3'; allowed: .*pcm_s16le.*pcm_alaw"):
            use()


def test_all_that_can_be_asked_for_can_also_be_sent() -> None:
    assert set(OUTPUT_ENCODINGS) < set(INPUT_ENCODINGS)
