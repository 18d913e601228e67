import contextlib
import io
import itertools
import struct
import tempfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antiphon.audio.containers import wav_bytes
from antiphon.audio.encodings import INPUT_ENCODINGS, encode
from antiphon.audio.files import decode_file, told_duration
from antiphon.audio.samples import Samples
from antiphon.errors import BadRequest, UnsupportedAudio

RATE = 16_000

KINDS = {
    "wav": ("wav", "pcm_s16le", "s16", 44_100),
    "wav_f32": ("wav", "pcm_f32le", "flt", 48_000),
    "wav_u8": ("wav", "pcm_u8", "u8", 8_000),
    "wav_mulaw": ("wav", "pcm_mulaw", "s16", 8_000),
    "flac": ("flac", "flac", "s16", 44_100),
    "mp3": ("mp3", "libmp3lame", "fltp", 44_100),
    "oga_opus": ("ogg", "libopus", "flt", 48_000),
    "ogg_flac": ("ogg", "flac", "s16", 22_050),
    "webm_opus": ("webm", "libopus", "flt", 48_000),
    "m4a_aac": ("ipod", "aac", "fltp", 44_100),
    "mp4_aac": ("mp4", "aac", "fltp", 48_000),
    "mpeg_mp2": ("mpeg", "mp2", "s16", 44_100),
    "aac_adts": ("adts", "aac", "fltp", 24_000),
}


def tone(seconds: float, rate: int, hz: float = 440.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_file(
    target: BinaryIO | str,
    *,
    kind: tuple[str, str, str, int],
    blocks: Iterable[Samples],
    layout: str = "mono",
) -> None:
    """Write mono blocks to every channel of a file of one of the `KINDS`."""
    container, codec, sample_format, rate = kind
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, format=sample_format)
        channels = stream.layout.nb_channels
        position = 0
        for block in blocks:
            frame = av.AudioFrame.from_ndarray(
                np.repeat(block[np.newaxis], channels, axis=0), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts = rate, position
            position += len(block)
            for packet in stream.encode(frame):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)


def file_of(kind: str, seconds: float = 1.5, layout: str = "mono") -> bytes:
    buffer = io.BytesIO()
    write_file(buffer, kind=KINDS[kind], blocks=[tone(seconds, KINDS[kind][3])], layout=layout)
    return buffer.getvalue()


def heard(data: bytes, **options: object) -> Samples:
    blocks = list(decode_file(io.BytesIO(data), **options))
    rate = options.get("target_rate", RATE)
    assert all(len(block) == rate for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= rate
    assert all(block.dtype == np.float32 for block in blocks)
    return np.concatenate(blocks)


def loudest_hz(samples: Samples, rate: int = RATE) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_heard(kind: str, layout: str) -> None:
    samples = heard(file_of(kind, layout=layout))
    assert len(samples) / RATE == pytest.approx(1.5, abs=0.1)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)
    assert np.sqrt(2 * np.mean(samples**2)) == pytest.approx(0.5, abs=0.03)


def test_a_wav_at_the_target_rate_is_unchanged() -> None:
    samples = tone(2.3, RATE)
    np.testing.assert_allclose(heard(wav_bytes(samples, RATE)), samples, atol=2**-15)


def test_surround_is_mixed_down() -> None:
    buffer = io.BytesIO()
    write_file(buffer, kind=("wav", "pcm_s16le", "s16", 48_000), blocks=[tone(1, 48_000)], layout="5.1")
    samples = heard(buffer.getvalue())
    inside = slice(100, -100)
    np.testing.assert_allclose(samples[inside], tone(1, RATE)[inside], atol=1e-3)


def test_full_scale_stereo_is_not_clipped_when_mixed_down() -> None:
    loud = 1.99 * tone(1, RATE)
    buffer = io.BytesIO()
    write_file(buffer, kind=("wav", "pcm_s16le", "s16", RATE), blocks=[loud], layout="stereo")
    np.testing.assert_allclose(heard(buffer.getvalue()), loud, atol=1e-3)


@pytest.mark.parametrize("target_rate", [8_000, 16_000, 24_000])
def test_the_target_rate_is_kept(target_rate: int) -> None:
    samples = heard(file_of("flac"), target_rate=target_rate)
    assert len(samples) == pytest.approx(1.5 * target_rate, abs=2)
    assert loudest_hz(samples, target_rate) == pytest.approx(440, abs=2)


def test_a_path_is_read_and_its_file_closed(tmp_path: Path) -> None:
    path = tmp_path / "speech.flac"
    path.write_bytes(file_of("flac"))
    blocks = list(decode_file(path))
    assert sum(map(len, blocks)) == pytest.approx(1.5 * RATE, abs=2)
    with pytest.raises(FileNotFoundError):
        next(decode_file(tmp_path / "none.wav"))


def test_a_file_that_fails_to_be_read_is_no_truncated_file() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 100_000:
                raise OSError("the disk is gone")
            return super().read(size)

    with pytest.raises(OSError, match="the disk is gone"):
        list(decode_file(Failing(wav_bytes(tone(60, RATE), RATE))))


def test_the_callers_file_stays_open() -> None:
    file = io.BytesIO(file_of("wav"))
    for _ in decode_file(file):
        pass
    assert not file.closed


def test_a_temporary_file_open_for_writing_too_is_read() -> None:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(file_of("wav"))
        file.seek(0)
        assert sum(len(block) for block in decode_file(file)) > 0


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("encoding", INPUT_ENCODINGS)
def test_headerless_pcm_is_heard(encoding: str, rate: int) -> None:
    data = encode(tone(1.5, rate), encoding) + b"x"
    samples = heard(data, encoding=encoding, sample_rate=rate)
    assert len(samples) == pytest.approx(1.5 * RATE, abs=2)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "pcm_s16le"}, "needs both"),
        ({"sample_rate": 16000}, "needs both"),
        ({"encoding": "opus", "sample_rate": 16000}, "encoding is 'opus'; allowed"),
        ({"encoding": "pcm_s16le", "sample_rate": 1}, "sample_rate is 1 Hz; allowed"),
    ],
)
def test_senseless_headerless_settings_are_a_bad_request(options: dict[str, object], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        next(decode_file(io.BytesIO(bytes(100)), **options))


def video_only() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            for packet in stream.encode(av.VideoFrame(32, 32, "yuv420p")):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return buffer.getvalue()


def unknown_coding() -> bytes:
    data = bytearray(wav_bytes(tone(1, RATE), RATE))
    struct.pack_into("<H", data, 20, 0x1234)
    return bytes(data)


def many_channels(channels: int) -> bytes:
    data = bytearray(wav_bytes(tone(1, RATE), RATE))
    struct.pack_into("<H", data, 22, channels)
    struct.pack_into("<H", data, 32, 2 * channels)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "none of wav"),
        (b"\0" * 5000, "none of wav"),
        (b"Dear reader, this is no audio. " * 300, "none of wav"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n", "none of wav"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "none of wav"),
        (wav_bytes(tone(0, RATE), RATE), "no audio that can be decoded"),
        (wav_bytes(tone(1, RATE), 1), "sample rate is 1 Hz"),
        (wav_bytes(tone(1, RATE), RATE)[:30], "none of wav"),
        (many_channels(9), "9 channels.* can't be mixed"),
        (unknown_coding(), "no decoder"),
    ],
    ids=[
        "empty",
        "zeros",
        "text",
        "playlist",
        "concat",
        "no samples",
        "1 Hz",
        "header only",
        "9 channels",
        "unknown coding",
    ],
)
def test_what_is_no_audio_is_unsupported(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedAudio, match=message):
        next(decode_file(io.BytesIO(data)))


def test_video_without_sound_is_unsupported() -> None:
    with pytest.raises(UnsupportedAudio, match="no audio track"):
        next(decode_file(io.BytesIO(video_only())))


def test_empty_headerless_pcm_is_unsupported() -> None:
    for data in (b"", b"x"):
        with pytest.raises(UnsupportedAudio, match="no audio"):
            next(decode_file(io.BytesIO(data), encoding="pcm_s16le", sample_rate=RATE))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "oga_opus", "webm_opus", "mpeg_mp2", "aac_adts"])
def test_a_truncated_file_gives_what_it_still_holds(kind: str) -> None:
    data = file_of(kind, seconds=4)
    samples = heard(data[: len(data) // 2])
    assert 1 < len(samples) / RATE < 3
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("kind", ["flac", "mp3", "oga_opus", "m4a_aac", "aac_adts"])
def test_damage_in_the_middle_costs_only_what_is_damaged(kind: str) -> None:
    data = bytearray(file_of(kind, seconds=4))
    middle = len(data) // 2
    data[middle : middle + 400] = np.random.default_rng(1).bytes(400)
    samples = heard(bytes(data))
    assert 2.5 < len(samples) / RATE < 4.5
    assert loudest_hz(samples[-RATE:]) == pytest.approx(440, abs=4)


def test_a_stream_that_changes_its_rate_and_channels_is_heard_through() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    write_file(first, kind=("mp3", "libmp3lame", "fltp", 22_050), blocks=[tone(1, 22_050)])
    write_file(
        second, kind=("mp3", "libmp3lame", "fltp", 44_100), blocks=[tone(1, 44_100, 880)], layout="stereo"
    )
    samples = heard(first.getvalue() + second.getvalue())
    assert len(samples) / RATE == pytest.approx(2.1, abs=0.1)
    assert loudest_hz(samples[: RATE // 2]) == pytest.approx(440, abs=2)
    assert loudest_hz(samples[-RATE // 2 :]) == pytest.approx(880, abs=2)


def test_wild_float_samples_are_made_clean() -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 8.0, -8.0] * 1000, "<f4")
    data = bytearray(file_of("wav_f32", seconds=1))
    data[-wild.nbytes :] = wild.tobytes()
    assert np.all(np.abs(heard(bytes(data), target_rate=48_000)) <= 1)


WHOLE_FILES = {kind: file_of(kind, seconds=0.3) for kind in ("wav", "flac", "mp3", "oga_opus", "m4a_aac")}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=3000) | st.integers(0, 2**32 - 1).map(lambda s: np.random.default_rng(s).bytes(9000))
)
def test_junk_is_unsupported_and_nothing_else(data: bytes) -> None:
    # A few bytes in millions may look like a frame of something; then they are heard as noise.
    with contextlib.suppress(UnsupportedAudio):
        heard(data)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(WHOLE_FILES)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=40)), max_size=6),
    st.floats(0, 1),
)
def test_damaged_files_are_heard_or_unsupported(
    kind: str, damage: list[tuple[float, bytes]], length: float
) -> None:
    data = bytearray(WHOLE_FILES[kind])
    for place, junk in damage:
        start = int(place * len(data))
        data[start : start + len(junk)] = junk
    try:
        samples = heard(bytes(data[: int(length * len(data))]))
    except UnsupportedAudio:
        return
    assert np.all(np.abs(samples) <= 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wav", "m4a_aac"])
def test_ten_minutes_are_decoded_in_bounded_memory(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "long"
    write_file(str(path), kind=KINDS[kind], blocks=itertools.repeat(tone(1, KINDS[kind][3]), 600))
    tracemalloc.start()
    try:
        total = sum(len(block) for block in decode_file(path) if len(block) <= RATE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total / RATE == pytest.approx(600, abs=0.2)
    assert peak < 4_000_000


def test_a_file_says_how_long_it_is_and_is_left_at_its_beginning(tmp_path: Path) -> None:
    wav = io.BytesIO(wav_bytes(np.zeros(40_000, np.float32), 16_000))
    assert told_duration(wav) == 2.5
    assert wav.tell() == 0
    assert told_duration(io.BytesIO(bytes(8_000)), encoding="pcm_mulaw", sample_rate=8_000) == 1.0
    path = tmp_path / "a.wav"
    path.write_bytes(wav.getvalue())
    assert told_duration(path) == 2.5


def test_a_recorder_that_does_not_know_the_end_says_no_wrong_length() -> None:
    endless = bytearray(wav_bytes(np.zeros(16_000, np.float32), 16_000))
    endless[4:8] = endless[40:44] = b"\xff\xff\xff\xff"
    assert told_duration(io.BytesIO(bytes(endless))) == 1.0


def test_what_is_no_audio_has_no_length() -> None:
    for content in (b"", b"no audio at all"):
        with pytest.raises(UnsupportedAudio):
            told_duration(io.BytesIO(content))
