import io
import itertools
import struct
import wave

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.containers import make_encoder, mp3_bit_rate, wav_bytes, wav_header
from antiphon.audio.encodings import OUTPUT_ENCODINGS, decode, encode
from antiphon.audio.formats import BIT_RATES, SAMPLE_RATES, OutputFormat
from antiphon.audio.resample import resample
from antiphon.errors import BadRequest

MODEL_RATE = 24_000
PACKED = {"opus": "opus", "aac": "aac", "flac": "flac"}
"""The codec that FFmpeg finds in each."""

FORMATS = (
    st.builds(
        OutputFormat,
        st.sampled_from(["raw", "wav"]),
        st.sampled_from(OUTPUT_ENCODINGS),
        st.sampled_from(SAMPLE_RATES),
    )
    | st.builds(
        OutputFormat, st.just("mp3"), st.none(), st.sampled_from(SAMPLE_RATES), st.sampled_from(BIT_RATES)
    )
    | st.builds(OutputFormat, st.sampled_from(list(PACKED)), st.none(), st.sampled_from(SAMPLE_RATES))
)


def speech(samples: int = 6000) -> np.ndarray:
    times = np.arange(samples) / MODEL_RATE
    return (0.4 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def encoded(fmt: OutputFormat, parts: list[np.ndarray]) -> bytes:
    encoder = make_encoder(fmt, MODEL_RATE)
    return b"".join([*map(encoder.push, parts), encoder.finish()])


def read_back(data: bytes) -> tuple[str, int, np.ndarray]:
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        to_float = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
        parts = [
            part.to_ndarray()[0] for frame in container.decode(stream) for part in to_float.resample(frame)
        ]
        return stream.codec_context.name, stream.rate, np.concatenate(parts)


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("encoding", OUTPUT_ENCODINGS)
def test_raw_is_the_bare_encoding_of_the_resampled_speech(encoding: str, rate: int) -> None:
    data = encoded(OutputFormat("raw", encoding, rate), np.split(speech(), [0, 1, 700]))
    expected = encode(resample(speech(), MODEL_RATE, rate), encoding)
    assert data == expected


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("encoding", OUTPUT_ENCODINGS)
def test_a_streamed_wav_is_read_by_ffmpeg(encoding: str, rate: int) -> None:
    data = encoded(OutputFormat("wav", encoding, rate), np.split(speech(), 3))
    codec, found_rate, heard = read_back(data)
    assert (codec, found_rate) == (encoding, rate)
    raw = encoded(OutputFormat("raw", encoding, rate), [speech()])
    np.testing.assert_allclose(heard, decode(raw, encoding), atol=1e-6)


def test_a_streamed_wav_begins_with_the_header_even_before_there_are_samples() -> None:
    encoder = make_encoder(OutputFormat("wav", "pcm_s16le", 8000), MODEL_RATE)
    header = wav_header("pcm_s16le", 8000)
    assert encoder.push(np.zeros(0, np.float32)) == header
    assert encoder.finish() == b""
    assert encoded(OutputFormat("wav", "pcm_s16le", 8000), []) == header


def test_a_streamed_wav_is_read_by_the_standard_library() -> None:
    data = encoded(OutputFormat("wav", "pcm_s16le", 24000), [speech()])
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 24000)
        assert reader.readframes(reader.getnframes()) == encode(speech(), "pcm_s16le")


@pytest.mark.parametrize(
    ("encoding", "tag", "bits"),
    [("pcm_s16le", 1, 16), ("pcm_f32le", 3, 32), ("pcm_alaw", 6, 8), ("pcm_mulaw", 7, 8)],
)
@pytest.mark.parametrize("samples", [None, 4])
def test_wav_header_fields(encoding: str, tag: int, bits: int, samples: int | None) -> None:
    header = wav_header(encoding, 8000, samples)
    width = bits // 8
    assert header[:4] == b"RIFF"
    assert header[8:16] == b"WAVEfmt "
    assert struct.unpack_from("<HHIIHH", header, 20) == (tag, 1, 8000, 8000 * width, width, bits)
    assert header[-8:-4] == b"data"
    (riff_size,), (data_size,) = struct.unpack_from("<I", header, 4), struct.unpack_from("<I", header[-4:])
    if samples is None:
        assert (riff_size, data_size) == (0xFFFFFFFF, 0xFFFFFFFF)
    else:
        assert (riff_size, data_size) == (len(header) - 8 + samples * width, samples * width)
    assert (b"fact" in header) == (encoding != "pcm_s16le")


@given(st.integers(0, 500), st.sampled_from(SAMPLE_RATES))
def test_wav_bytes_is_a_file_with_exact_sizes(samples: int, rate: int) -> None:
    data = wav_bytes(speech(samples), rate)
    assert struct.unpack_from("<I", data, 4) == (len(data) - 8,)
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getframerate(), reader.getnframes()) == (rate, samples)
        assert reader.readframes(samples) == encode(speech(samples), "pcm_s16le")


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("bit_rate", BIT_RATES)
def test_mp3_holds_the_speech_at_the_bit_rate_asked_for_or_the_highest_allowed(
    bit_rate: int, rate: int
) -> None:
    fmt = OutputFormat("mp3", None, rate, bit_rate)
    data = encoded(fmt, np.split(speech(MODEL_RATE), 10))
    codec, found_rate, heard = read_back(data)
    assert codec.startswith("mp3")
    assert found_rate == rate
    frame = 576 if rate < 32_000 else 1152
    assert rate <= len(heard) < rate + 4 * frame
    assert len(data) * 8 / (len(heard) / rate) == pytest.approx(mp3_bit_rate(fmt), rel=0.03)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * rate / len(heard) == pytest.approx(440, abs=2)
    assert np.max(np.abs(heard)) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    ("rate", "asked", "given_rate"),
    [
        (8000, 192000, 64000),
        (8000, 32000, 32000),
        (16000, 192000, 160000),
        (24000, 192000, 160000),
        (24000, 128000, 128000),
        (44100, 192000, 192000),
    ],
)
def test_mp3_bit_rate_is_held_to_what_the_sample_rate_allows(rate: int, asked: int, given_rate: int) -> None:
    assert mp3_bit_rate(OutputFormat("mp3", None, rate, asked)) == given_rate


def test_mp3_of_nothing_is_no_error() -> None:
    assert isinstance(encoded(OutputFormat("mp3", None, 24000, 128000), []), bytes)


@pytest.mark.parametrize("rate", SAMPLE_RATES)
@pytest.mark.parametrize("container", PACKED)
def test_packed_speech_is_read_by_ffmpeg_at_its_length_and_pitch(container: str, rate: int) -> None:
    data = encoded(OutputFormat(container, None, rate), np.split(speech(MODEL_RATE), 10))
    codec, found_rate, heard = read_back(data)
    assert codec == PACKED[container]
    assert found_rate == (48_000 if container == "opus" else rate)  # Opus always plays at 48 kHz
    delayed = 0 if container == "flac" else 2 * 1024
    assert found_rate <= len(heard) <= found_rate + delayed
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * found_rate / len(heard) == pytest.approx(440, abs=2)
    middle = heard[found_rate // 4 : -found_rate // 4]
    assert np.sqrt(np.mean(np.square(middle))) == pytest.approx(0.4 / np.sqrt(2), rel=0.05)


def test_flac_loses_nothing() -> None:
    data = encoded(OutputFormat("flac", None, MODEL_RATE), [speech(MODEL_RATE)])
    _, _, heard = read_back(data)
    np.testing.assert_allclose(heard, decode(encode(speech(MODEL_RATE), "pcm_s16le"), "pcm_s16le"), atol=4e-5)


@pytest.mark.parametrize("container", PACKED)
def test_packed_speech_comes_while_it_is_made(container: str) -> None:
    encoder = make_encoder(OutputFormat(container, None, MODEL_RATE), MODEL_RATE)
    tenth = speech(MODEL_RATE // 10)
    sizes = [len(encoder.push(tenth)) for _ in range(20)]
    # After the first fifth of a second nothing is held back for longer than another.
    assert all(sum(pair) > 200 for pair in itertools.pairwise(sizes[2:]))
    assert encoder.finish()


@pytest.mark.parametrize("container", PACKED)
def test_packed_nothing_is_no_error(container: str) -> None:
    assert isinstance(encoded(OutputFormat(container, None, 24000), []), bytes)


@settings(deadline=None, max_examples=40)
@given(FORMATS, st.lists(st.integers(0, 900), max_size=6))
def test_the_bytes_do_not_depend_on_the_cuts(fmt: OutputFormat, lengths: list[int]) -> None:
    signal = speech(sum(lengths))
    parts = np.split(signal, np.cumsum(lengths))
    assert encoded(fmt, parts) == encoded(fmt, [signal])


def test_nan_and_too_loud_samples_reach_no_codec() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 9.0, -9.0] * 2000, np.float32)
    packed = [OutputFormat(container, None, 24000) for container in PACKED]
    for fmt in (
        OutputFormat("mp3", None, 24000, 64000),
        OutputFormat("wav", "pcm_f32le", 24000),
        *packed,
    ):
        _, _, heard = read_back(encoded(fmt, [wild]))
        assert np.all(np.isfinite(heard))


def test_a_source_rate_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadRequest, match="sample_rate is 1 Hz"):
        make_encoder(OutputFormat("raw", "pcm_s16le", 8000), 1)
