import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.app import create_app
from antiphon.api.server import listening
from antiphon.audio.containers import wav_bytes
from antiphon.loadtest.effort import Effort
from antiphon.loadtest.figures import figures
from antiphon.loadtest.manifest import Clip, read_manifest
from antiphon.loadtest.page import to_html
from antiphon.loadtest.quality import Heard, hear_files, hear_streams, summarise_quality
from antiphon.loadtest.qualityreport import quality_report
from antiphon.loadtest.report import to_json, to_markdown
from antiphon.loadtest.run import Run
from antiphon.loadtest.slo import parse_slo
from antiphon.loadtest.target import Target
from antiphon.loadtest.transcribing import FileHeard, StreamHeard, Transcriber, TurnsHeard
from support.everything import KEY, services_for_everything

CLIP = Clip(Path("a|b.wav"), "one two three four", "human", "here", None, bytes(32_000), 0.1, 0.9)
STREAM = StreamHeard("one two four", first_partial_s=0.3, final_s=0.1, spoken_s=1.0)
HEARD = Heard(
    CLIP,
    FileHeard("one two three for", took_s=0.1),
    STREAM,
    TurnsHeard("one two three four", end_s=0.4, cuts=0, spoken_s=2.0),
    (),
)
EFFORT = Effort(cpu_s=0.1, wall_s=2.0, late_p95_s=0.001)


def test_the_figures_are_those_of_the_recordings() -> None:
    found = summarise_quality([HEARD])
    assert (found.recordings, found.words, found.audio_s) == (1, 4, 1.0)
    assert (found.wer, found.stream_wer, found.stream_loss, found.turns_wer) == (0.25, 0.25, 0.0, 0.0)
    assert (found.replaced, found.dropped, found.inserted) == (1, 0, 0)
    assert (found.first_partial.p50, found.final.p50, found.turn_end.p50) == (0.3, 0.1, 0.4)
    assert (found.turns_cut, found.rtf.p50, found.errors) == (0.0, 0.1, {})
    assert HEARD.streamed_s == 3.0


def test_a_stream_is_compared_with_the_files_that_were_heard_too() -> None:
    lost = Heard(CLIP, None, replace(STREAM, text=""), None, ("cut",))
    found = summarise_quality([HEARD, lost])
    assert (found.wer, found.stream_wer, found.stream_loss) == (0.25, 5 / 8, 0.0)
    assert found.errors == {"cut": 1}


def test_of_nothing_nothing_is_known() -> None:
    assert {name for name, value in figures(summarise_quality()).items() if value} == set()
    assert summarise_quality().wer is None


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_the_interval_holds_rates_that_can_be_drawn(rights: list[int]) -> None:
    words = CLIP.text.split()
    heard = [
        replace(HEARD, file=FileHeard(" ".join(words[:right]), took_s=0.1), stream=None) for right in rights
    ]
    found = summarise_quality(heard)
    assert found.wer_low is not None
    assert found.wer_high is not None
    assert 1 - max(rights) / 4 <= found.wer_low <= found.wer_high <= 1 - min(rights) / 4
    if len(set(rights)) == 1:
        assert found.wer_low == found.wer_high == found.wer


def test_a_report_has_groups_sources_and_every_error() -> None:
    other = replace(HEARD, clip=replace(CLIP, group="synthetic", source="voice <1>"), stream=None)
    slo = "wer<=30%,stream_loss<=0.5%"
    terms = parse_slo(slo, figures(summarise_quality()))
    report = quality_report(Run([HEARD, other], 2.0, EFFORT), terms, slo, {"model": "m"})
    assert [(group.label, group.missed) for group in report.points] == [
        ("human", ()),
        ("synthetic", ("stream_loss<=0.5%",)),  # it was not measured
    ]
    whole = orjson.loads(to_json(report))
    assert [point["group"] for point in whole["points"]] == ["human", "synthetic"]
    assert [row["source"] for row in whole["details"] if row["table"] == "Words by source"] == [
        "here",
        "voice <1>",
    ]
    assert [row for row in whole["details"] if row["table"] == "Errors"] == [
        {"table": "Errors", "recording": "a|b.wav", "heard as": way, "said → heard": error}
        for way, error in [
            ("file", "one two three [four → for]"),
            ("stream", "one two [three → –] four"),
            ("file", "one two three [four → for]"),
        ]
    ]
    assert r"| a\|b.wav | stream | one two [three → –] four |" in to_markdown(report)
    assert "voice &lt;1&gt;" in to_html(report)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """It hears "word" in everything, and whenever it is asked for what is left."""
    with services_for_everything(tmp_path / "state") as services:
        async with listening(create_app(services), services.settings, services.lifetime) as [port]:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def clips(tmp_path: Path) -> tuple[Clip, ...]:
    tone = np.sin(np.arange(8000) * 0.2).astype(np.float32) * 0.3
    (tmp_path / "a.wav").write_bytes(wav_bytes(tone, 16_000))
    manifest = tmp_path / "pool.json"
    manifest.write_text(json.dumps([{"file": "a.wav", "text": text} for text in ("Word!", "Other words.")]))
    return read_manifest(manifest)


async def test_recordings_are_heard_in_three_ways(server: str, clips: tuple[Clip, ...]) -> None:
    transcriber, stop, told = Transcriber(Target(server, KEY, model="ink-whisper")), asyncio.Event(), []
    files = await hear_files(transcriber, clips, stop, told.append)
    run = await hear_streams(transcriber, files, streams=2, stop=stop, tell=told.append)
    await transcriber.aclose()
    assert [(h.clip, h.errors) for h in run.requests] == [(clip, ()) for clip in clips]
    for heard in run.requests:
        assert heard.file is not None
        assert heard.stream is not None
        assert heard.turns is not None
        assert (heard.file.text.strip(), heard.stream.text.strip()) == ("word", "word word")
        assert heard.stream.first_partial_s is not None
        assert heard.stream.spoken_s == pytest.approx(0.5)
        assert heard.turns.end_s is not None
        assert heard.turns.end_s > 0
        assert heard.streamed_s > 1
    assert [h.file_words.errors for h in run.requests] == [0, 2]
    assert told[0] == "file 1 of 2"


async def test_failures_are_told_by_kind(server: str, unused_port: int, clips: tuple[Clip, ...]) -> None:
    never = asyncio.Event()
    for target, kinds in (
        (Target(server, "wrong"), ("401", "401", "401")),
        (Target(f"http://127.0.0.1:{unused_port}"), ("unreachable",) * 3),
    ):
        transcriber = Transcriber(target)
        files = await hear_files(transcriber, clips[:1], never, str)
        run = await hear_streams(transcriber, files, streams=1, stop=never, tell=str)
        await transcriber.aclose()
        assert run.requests[0].errors == kinds
        assert (run.requests[0].file, run.requests[0].stream, run.requests[0].turns) == (None,) * 3


async def test_what_is_stopped_is_left_out(server: str, clips: tuple[Clip, ...]) -> None:
    transcriber, stop = Transcriber(Target(server, KEY, model="ink-whisper")), asyncio.Event()
    files = await hear_files(transcriber, clips, stop, lambda _: stop.set())
    assert len(files) == 1
    assert (await hear_streams(transcriber, files, streams=1, stop=stop, tell=str)).requests == []
    await transcriber.aclose()
