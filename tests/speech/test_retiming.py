import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contract.events import Word
from antiphon.speech.retiming import MARGIN_S, STEEPEST, Extent, extent_of, retime, time_map

RATE = 24_000


def tone(seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def extents(draw: st.DrawFn) -> Extent:
    gaps = draw(st.lists(st.floats(0.02, 2.0), min_size=1, max_size=6))
    edges = np.cumsum([draw(st.floats(0, 5)), *gaps]).tolist()
    return Extent(edges[0], tuple(edges[:-1]), edges[-1])


EXTENTS = st.composite(extents)()


@given(EXTENTS, EXTENTS)
def test_no_part_is_made_much_faster_or_slower(wanted: Extent, spoken: Extent) -> None:
    anchors = np.array(time_map(wanted, spoken))
    heard, own = np.diff(anchors, axis=0).T
    assert anchors[0].tolist() == [0, 0]
    assert anchors[-1][1] == pytest.approx(spoken.lasts_s)
    assert (heard > 0).all()
    assert (own / heard <= STEEPEST * 1.001).all()
    assert (heard / own <= STEEPEST * 1.001).all()


@given(EXTENTS, st.floats(0.7, 1.4))
def test_words_of_an_even_other_pace_all_begin_when_wanted(wanted: Extent, pace: float) -> None:
    spoken = Extent(0.1, tuple(0.1 + pace * (at - wanted.start_s) for at in wanted.words_s), 0.0)
    spoken = Extent(0.1, spoken.words_s, 0.1 + pace * wanted.lasts_s)
    anchors = time_map(wanted, spoken)
    assert len(anchors) == len(wanted.words_s) + 1
    assert anchors[-1][0] == pytest.approx(wanted.lasts_s)


def test_a_word_that_would_be_torn_is_let_go() -> None:
    wanted = Extent(1.0, (1.0, 1.05, 2.0), 3.0)
    spoken = Extent(0.0, (0.0, 1.0, 1.2), 2.0)
    assert time_map(wanted, spoken) == [(0.0, 0.0), (1.0, 1.2), (2.0, 2.0)]


def test_words_that_do_not_correspond_count_for_nothing() -> None:
    wanted = Extent(1.0, (1.0, 1.5), 3.0)
    spoken = Extent(0.0, (0.0, 1.0, 1.2), 2.0)
    assert time_map(wanted, spoken) == [(0.0, 0.0), (2.0, 2.0)]


@pytest.mark.parametrize(("lasts_s", "expected_s"), [(1.0, 1.0), (1.4, 1.4), (9.0, 1.6), (0.1, 0.625)])
def test_speech_lasts_as_long_as_wanted_within_bounds(lasts_s: float, expected_s: float) -> None:
    silence = np.zeros(RATE // 4, np.float32)
    samples = np.concatenate((silence, tone(1.0), silence))
    spoken = extent_of(samples, RATE, [Word("a", 0.25, 1.25)])
    assert spoken is not None
    assert (spoken.start_s, spoken.end_s) == pytest.approx((0.25, 1.25), abs=0.011)
    body = retime(samples, RATE, spoken, Extent(0.0, (0.0,), lasts_s))
    assert len(body) / RATE == pytest.approx(expected_s + 2 * MARGIN_S, abs=0.02)
    assert abs(body[0]) < 0.01
    assert abs(body[-1]) < 0.01


@pytest.mark.parametrize(("told_s", "lag_s"), [(0.24, 0.0), (0.25, 0.0), (0.29, 0.04), (0.45, 0.05)])
def test_words_told_late_are_taken_to_begin_as_much_earlier(told_s: float, lag_s: float) -> None:
    samples = np.concatenate((np.zeros(RATE // 4, np.float32), tone(1.0)))
    extent = extent_of(samples, RATE, [Word("a", told_s, 0.6), Word("b", 0.6, 1.0)])
    assert extent is not None
    assert extent.words_s == pytest.approx((told_s - lag_s, 0.6 - lag_s), abs=0.001)


def test_silence_has_no_extent() -> None:
    assert extent_of(np.zeros(RATE, np.float32), RATE, []) is None
