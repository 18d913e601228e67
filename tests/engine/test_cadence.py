import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.cadence import BUSY_SHARE, PARTIAL_EVERY_S, SELDOM_S, Cadence

shares = st.floats(0, 3)


def cadence(needed: float, wanted: float) -> Cadence:
    made = Cadence()
    for _ in range(100):
        made.worked(needed * 0.5, 0.5)
    made.plan(wanted)
    return made


@given(shares, shares)
def test_partials_take_what_is_left_and_come_neither_too_often_nor_never(
    needed: float, wanted: float
) -> None:
    made = cadence(needed, wanted)
    assert PARTIAL_EVERY_S <= made.every_s <= SELDOM_S
    if made.every_s < SELDOM_S and needed < BUSY_SHARE - 0.05:
        assert needed + wanted / made.stretch <= max(BUSY_SHARE, needed + wanted) + 1e-9
        assert made.stretch == pytest.approx(1) or needed + wanted / made.stretch == pytest.approx(BUSY_SHARE)


@given(shares, shares, shares)
def test_more_work_never_makes_them_more_frequent(needed: float, wanted: float, more: float) -> None:
    assert cadence(needed, wanted + more).every_s >= cadence(needed, wanted).every_s
    assert cadence(needed + more, wanted).every_s >= cadence(needed, wanted).every_s


def test_it_returns_when_the_work_is_gone() -> None:
    made = cadence(2.0, 0.5)
    assert made.every_s > PARTIAL_EVERY_S
    made.worked(0.0, 60.0)
    made.plan(0.5)
    assert made.every_s == PARTIAL_EVERY_S


def test_steps_that_took_no_time_teach_nothing() -> None:
    made = Cadence()
    made.worked(0.0, 0.0)
    made.plan(0.0)
    assert made.every_s == PARTIAL_EVERY_S
