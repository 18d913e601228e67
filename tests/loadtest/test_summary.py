from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.playback import PlaybackClock
from antiphon.loadtest.effort import Effort
from antiphon.loadtest.request import Request
from antiphon.loadtest.run import Run
from antiphon.loadtest.summary import summarise

QUIET = Effort(cpu_s=0.1, wall_s=10.0, late_p95_s=0.001)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request as a server could answer it."""
    gaps = draw(st.lists(st.tuples(st.floats(0.001, 2), st.floats(0.01, 3)), min_size=1, max_size=5))
    error = draw(st.sampled_from([None, None, None, "cut", "429 concurrency_limited"]))
    if error and error.startswith("429"):
        gaps = []
    now, clock, arrivals = 0.0, PlaybackClock(), []
    for wait, seconds in gaps:
        now += wait
        arrivals.append((now, seconds))
        clock = clock.sent(now, seconds)
    first = arrivals[0][0] if arrivals else None
    return Request(
        due_s=draw(st.floats(0, 10)),
        late_s=0.0,
        characters=draw(st.integers(1, 160)),
        first_byte_s=first,
        audible_s=first,
        done_s=now,
        arrivals=tuple(arrivals),
        underruns=clock.underruns,
        silence_s=clock.underrun_s,
        played_s=clock.dry_at_s,
        error=error,
    )


RUNS = st.builds(Run[Request], st.lists(requests(), max_size=8), st.just(10.0), st.just(QUIET))


def request(**changed: Any) -> Request:
    fields = {
        "due_s": 1.0,
        "late_s": 0.0,
        "characters": 100,
        "first_byte_s": 0.05,
        "audible_s": 0.06,
        "done_s": 0.5,
        "arrivals": ((0.05, 1.0), (0.5, 4.0)),
        "underruns": 0,
        "silence_s": 0.0,
        "played_s": 5.05,
    }
    return Request(**(fields | changed))


@settings(deadline=None, max_examples=40)
@given(RUNS)
def test_everything_is_counted_once(run: Run[Request]) -> None:
    summary = summarise(run)
    assert summary.requests == summary.completed + sum(summary.errors.values()) + summary.refused
    assert 0 <= summary.goodput * 10 <= summary.completed
    assert 0 <= summary.underrun_share <= 1
    assert (summary.underruns == 0) == (summary.silence_s == 0)
    if summary.ttfa.p50 is not None:
        assert summary.first_byte.p50 is not None
        assert summary.first_byte.p50 <= summary.ttfa.p50


@settings(deadline=None, max_examples=40)
@given(RUNS, RUNS)
def test_seeds_add_up(one: Run[Request], other: Run[Request]) -> None:
    both = summarise(one, other)
    assert both.requests == len(one.requests) + len(other.requests)
    assert both.audio_per_s == pytest.approx((summarise(one).audio_per_s + summarise(other).audio_per_s) / 2)
    assert both.ttfa == summarise(other, one).ttfa


@settings(deadline=None, max_examples=40)
@given(RUNS, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_looser_goal_is_kept_by_no_fewer(run: Run[Request], one_s: float, other_s: float) -> None:
    tight, loose = sorted((one_s, other_s))
    assert summarise(run, ttfa_goal_s=tight).goodput <= summarise(run, ttfa_goal_s=loose).goodput


def test_throughput_is_what_came_within_the_window() -> None:
    inside, across = request(), request(due_s=9.8)
    summary = summarise(Run([inside, across], 10.0, QUIET))
    assert summary.audio_per_s == pytest.approx((5.0 + 1.0) / 10)
    assert summary.chars_per_s == pytest.approx((100 + 100 / 5) / 10)
    assert summary.goodput == pytest.approx((1 + 1 / 5) / 10)


def test_good_is_what_came_in_time_without_a_gap() -> None:
    bad = request(underruns=1, silence_s=0.2), request(audible_s=0.2), request(error="cut")
    assert summarise(Run([request(), *bad], 10.0, QUIET)).goodput == pytest.approx(0.1)


def test_refusals_are_told_apart_from_errors_with_their_time() -> None:
    no = {"first_byte_s": None, "audible_s": None, "arrivals": (), "played_s": None}
    refused = request(error="429 concurrency_limited", done_s=0.02, **no)
    summary = summarise(Run([request(), refused, request(error="cut"), request(error="cut")], 10.0, QUIET))
    assert (summary.completed, summary.refused, summary.errors) == (1, 1, {"cut": 2})
    assert summary.refusal.p95 == 0.02


def test_gaps_are_between_the_pieces_of_one_request() -> None:
    assert summarise(Run([request(), request()], 10.0, QUIET)).gap.p99 == pytest.approx(0.45)


def test_a_late_generator_is_not_to_be_relied_on() -> None:
    late = Effort(cpu_s=5.0, wall_s=10.0, late_p95_s=0.0051)
    summary = summarise(Run([request()], 10.0, QUIET), Run([request()], 10.0, late))
    assert not summary.reliable
    assert summary.generator_cpu == pytest.approx(5.1 / 20)
    assert summarise(Run([request()], 10.0, QUIET)).reliable


def test_of_nothing_there_are_no_figures() -> None:
    summary = summarise()
    assert (summary.requests, summary.ttfa.p50, summary.chars_per_s) == (0, None, 0.0)
