import io
from collections.abc import Callable

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.subtitlefiles import srt, vtt
from antiphon.speech.subtitles import Cue


def test_both_forms_to_the_letter() -> None:
    cues = [
        Cue("Hello.", 0.0, 1.2345),
        Cue("A < B & C, and this is so long that it takes a second line.", 3599.9996, 3723.004),
    ]
    assert srt(cues) == (
        "1\n00:00:00,000 --> 00:00:01,234\nHello.\n\n"
        "2\n01:00:00,000 --> 01:02:03,004\n"
        "A < B & C, and this is so long\nthat it takes a second line.\n\n"
    )
    assert vtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\nHello.\n\n"
        "01:00:00.000 --> 01:02:03.004\n"
        "A &lt; B &amp; C, and this is so long\nthat it takes a second line.\n\n"
    )
    assert (srt([]), vtt([])) == ("", "WEBVTT\n\n")


CUES = st.lists(
    st.tuples(st.from_regex(r"[A-Za-z]{1,8}( [a-z]{1,8}){0,11}", fullmatch=True), st.floats(0.1, 5.0)),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(("write", "form"), [(srt, "srt"), (vtt, "webvtt")])
@settings(max_examples=20)
@given(lines=CUES)
def test_ffmpeg_reads_them_back(
    write: Callable[[list[Cue]], str], form: str, lines: list[tuple[str, float]]
) -> None:
    at, cues = 0.0, []
    for text, seconds in lines:
        cues.append(Cue(text, at, at + seconds))
        at += seconds
    with av.open(io.BytesIO(write(cues).encode()), format=form) as file:
        packets = [packet for packet in file.demux() if packet.size]
    assert [bytes(packet).decode().split() for packet in packets] == [cue.text.split() for cue in cues]
    for packet, cue in zip(packets, cues, strict=True):
        assert float(packet.pts * packet.time_base) == pytest.approx(cue.start_s, abs=0.001)
        assert float(packet.duration * packet.time_base) == pytest.approx(cue.end_s - cue.start_s, abs=0.002)
