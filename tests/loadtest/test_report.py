from dataclasses import replace
from xml.etree import ElementTree as ET

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.effort import Effort
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.page import to_html
from antiphon.loadtest.plot import line_chart
from antiphon.loadtest.report import Report, tables, to_json, to_markdown, verdict
from antiphon.loadtest.request import Request
from antiphon.loadtest.run import Run
from antiphon.loadtest.summary import summarise
from antiphon.loadtest.sweep import Point

REQUEST = Request(
    due_s=0.5,
    late_s=0.0,
    characters=90,
    first_byte_s=0.04,
    audible_s=0.05,
    done_s=0.6,
    arrivals=((0.04, 1.0), (0.6, 5.0)),
    underruns=0,
    silence_s=0.0,
    played_s=6.04,
)
BUSY = Effort(cpu_s=1.0, wall_s=10.0, late_p95_s=0.02)
SUMMARY = summarise(Run([REQUEST, replace(REQUEST, error="<cut>")], 10.0, BUSY))
TTS = Report(
    "tts",
    "concurrency",
    {"server": "http://h:5000", "model": "a <b> & c"},
    "ttfa_p95<=10ms",
    [Point(1, SUMMARY, ("ttfa_p95<=10ms",)), Point(2, summarise(), ())],
)
STT = Report("stt", "concurrency", {}, "errors==0", [Point(4, summarise_streams(), ())], most=4)


def test_the_first_table_is_that_of_the_vendors() -> None:
    speed = tables(TTS)[0]
    assert speed.header[:6] == (
        "concurrency",
        "TTFA P50 ms",
        "TTFA P95 ms",
        "RTF P50",
        "RTF P95",
        "chars/s",
    )
    assert speed.rows[0][:6] == ("1", "50.0", "50.0", "0.100", "0.100", "9")
    assert set(speed.rows[1][1:5]) == {"–"}


@pytest.mark.parametrize("report", [TTS, STT])
def test_every_row_has_the_cells_of_its_header(report: Report) -> None:
    for table in tables(report):
        assert len(table.rows) == len(report.points)
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_the_verdict_tells_what_was_missed_and_what_is_not_to_be_relied_on() -> None:
    assert verdict(TTS) == (
        "concurrency 1 misses ttfa_p95<=10ms.",
        "concurrency 1: errors: 1 × <cut>.",
        "concurrency 1: unreliable: the generator was late by p95 20.0 ms (more than 5).",
    )
    assert verdict(replace(TTS, points=TTS.points[1:])) == ("Every load keeps ttfa_p95<=10ms.",)
    assert verdict(STT) == ("Most concurrency that keep errors==0: 4.",)
    assert verdict(replace(TTS, points=[])) == ("Nothing was measured.",)


def test_kept_is_what_every_load_kept_or_any_of_a_search() -> None:
    assert not TTS.kept
    assert replace(TTS, points=TTS.points[1:]).kept
    assert not replace(TTS, points=[]).kept
    assert replace(TTS, most=1).kept
    assert not replace(STT, most=0).kept


@pytest.mark.parametrize("report", [TTS, STT])
def test_files_hold_every_figure(report: Report) -> None:
    whole = orjson.loads(to_json(report))
    assert (whole["kept"], whole["most"]) == (report.kept, report.most)
    assert len(whole["points"]) == len(report.points)
    text = to_markdown(report)
    for table in tables(report):
        assert f"## {table.title}" in text
        assert all(f"| {' | '.join(row)} |" in text for row in table.rows)


@pytest.mark.parametrize("report", [TTS, STT])
def test_the_page_needs_nothing_else(report: Report) -> None:
    text = to_html(report)
    assert text.count("<svg") == len(tables(report)) - 1 or text.count("<svg") == 3
    for outside in ("<script", "<link", "<img", "src=", "url(", "@import"):
        assert outside not in text
    assert "a <b>" not in text
    assert "<cut>" not in text


VALUES = st.one_of(st.none(), st.floats(0, 1e6, allow_subnormal=False))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_a_chart_is_drawn_within_its_frame(values: list[tuple[float | None, float | None]]) -> None:
    lines = {"P50": [v for v, _ in values], "<P95>": [v for _, v in values]}
    chart = ET.fromstring(line_chart("ms & s", "load", [float(n) for n in range(len(values))], lines))
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in chart.iter("circle")]
    assert len(dots) == sum(v is not None for line in lines.values() for v in line)
    assert all(64 <= x <= 544 and 40 - 0.1 <= y <= 272 + 0.1 for x, y in dots)
