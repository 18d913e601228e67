import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.containers import wav_header
from antiphon.cli.pipedaudio import open_piped
from antiphon.errors import OperatorError


class Trickle(io.BytesIO):
    """Gives a little less than it is asked for, as pipes do."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(max(1, (size or 0) - 3))


def piped(data: bytes) -> Trickle:
    return Trickle(data)


@given(st.binary(max_size=40_000).filter(lambda data: not data.startswith(b"RIFF")))
def test_bare_samples_pass_as_they_are(data: bytes) -> None:
    audio = open_piped(piped(data), "pcm_mulaw", 8_000)
    assert (audio.encoding, audio.sample_rate) == ("pcm_mulaw", 8_000)
    assert b"".join(audio.pieces) == data


@given(
    encoding=st.sampled_from(["pcm_s16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]),
    rate=st.integers(8_000, 192_000),
    samples=st.integers(1, 5_000),
    known=st.booleans(),
)
def test_a_wav_says_its_own_format(encoding: str, rate: int, samples: int, *, known: bool) -> None:
    width = {"pcm_s16le": 2, "pcm_f32le": 4}.get(encoding, 1)
    data = bytes(samples * width)
    tail = b"LIST\0\0\0\0" if known else b""
    audio = open_piped(piped(wav_header(encoding, rate, samples if known else None) + data + tail), "x", 1)
    assert (audio.encoding, audio.sample_rate) == (encoding, rate)
    assert b"".join(audio.pieces) == data


def wav(form: bytes, *, before: bytes = b"", size: int = 4) -> bytes:
    fmt = b"fmt " + struct.pack("<I", len(form)) + form
    return b"RIFF\0\0\0\0WAVE" + before + fmt + b"data" + struct.pack("<I", size) + b"abcd"


PLAIN = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFDB])
def test_a_recorder_that_does_not_know_the_end_is_read_to_it(size: int) -> None:
    assert b"".join(open_piped(piped(wav(PLAIN, size=size)), "x", 1).pieces) == b"abcd"


def test_other_chunks_before_the_samples_are_passed_over() -> None:
    odd = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    assert b"".join(open_piped(piped(wav(PLAIN, before=odd)), "x", 1).pieces) == b"abcd"


def test_an_extensible_header_is_understood() -> None:
    form = struct.pack("<HHIIHHHHIH14x", 0xFFFE, 1, 48_000, 192_000, 4, 32, 22, 32, 4, 3)
    assert open_piped(piped(wav(form)), "x", 1).encoding == "pcm_f32le"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (wav(struct.pack("<HHIIHH", 1, 2, 16_000, 64_000, 4, 16)), "2 channels"),
        (wav(struct.pack("<HHIIHH", 1, 1, 16_000, 48_000, 3, 24)), "24 bits"),
        (wav(b"\1\0"), "broken header"),
        (b"RIFF\0\0\0\0WAVE", "ends before its samples"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "ends before its samples"),
    ],
)
def test_a_wav_that_can_not_be_streamed_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(OperatorError, match=problem):
        open_piped(piped(data), "x", 1)
