import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.openai.transcripts import Transcript, srt, vtt
from antiphon.api.stt.files import HeardFile
from antiphon.contract.events import Final


def transcript(*lines: tuple[str, float, float]) -> Transcript:
    finals = [
        Final(job="j", attempt=0, seq=0, text=text, start_s=start, end_s=end) for text, start, end in lines
    ]
    return Transcript(HeardFile(10.0, finals), "en", "r", "transcribe", frozenset())


def test_subtitles_to_the_letter() -> None:
    said = transcript(("Hello.", 0.0, 1.2345), (" A < B & C.", 3599.9996, 3723.004))
    assert srt(said) == (
        "1\n00:00:00,000 --> 00:00:01,234\nHello.\n\n2\n01:00:00,000 --> 01:02:03,004\nA < B & C.\n\n"
    )
    assert vtt(said) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\nHello.\n\n"
        "01:00:00.000 --> 01:02:03.004\nA &lt; B &amp; C.\n\n"
    )
    assert (srt(transcript()), vtt(transcript())) == ("", "WEBVTT\n\n")


LINES = st.lists(
    st.tuples(st.from_regex(r"[A-Za-z]{1,8}( [a-z]{1,8}){0,3}", fullmatch=True), st.floats(0.1, 5.0)),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(("render", "form"), [(srt, "srt"), (vtt, "webvtt")])
@given(lines=LINES)
def test_ffmpeg_reads_the_subtitles_back(render: object, form: str, lines: list[tuple[str, float]]) -> None:
    at, said = 0.0, []
    for text, seconds in lines:
        said.append((text, at, at + seconds))
        at += seconds
    with av.open(io.BytesIO(render(transcript(*said)).encode()), format=form) as file:
        packets = [packet for packet in file.demux() if packet.size]
    assert [bytes(packet).decode().strip() for packet in packets] == [text for text, _, _ in said]
    for packet, (_, start, end) in zip(packets, said, strict=True):
        assert float(packet.pts * packet.time_base) == pytest.approx(start, abs=0.001)
        assert float(packet.duration * packet.time_base) == pytest.approx(end - start, abs=0.002)
