import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.pace import Pace


def test_a_steady_pace_is_learnt_and_only_while_somebody_waits() -> None:
    pace = Pace(5.0)
    for turn in range(200):
        pace.go_on(turn * 0.1, waiting=True)
        pace.placed()
    assert pace.wait_s(10) == pytest.approx(1.0, rel=0.05)
    pace.go_on(20.5, waiting=False)
    assert pace.wait_s(10) == pytest.approx(1.0, rel=0.05)
    pace.go_on(1000.0, waiting=False)  # long ago: nothing is known any more
    assert pace.wait_s(10) < 0.01


def test_a_line_that_has_just_formed_is_taken_to_move() -> None:
    pace = Pace(5.0)
    pace.go_on(3.0, waiting=False)
    assert pace.wait_s(100) == 0.0
    pace.go_on(3.5, waiting=True)
    assert 0.0 < pace.wait_s(1) <= 0.5


def test_a_line_that_stands_still_looks_ever_longer_and_new_workers_change_that() -> None:
    pace = Pace(5.0)
    waits: list[float] = []
    for second in range(10):
        pace.go_on(float(second), waiting=True)
        waits.append(pace.wait_s(2))
    assert waits == sorted(waits)
    assert waits[-1] > 5.0
    pace.reset()
    assert pace.wait_s(2) == 0.0


@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.booleans(), st.booleans())), st.integers(1, 300))
def test_a_wait_is_never_negative_nor_endless(steps: list[tuple[float, bool, bool]], turns: int) -> None:
    pace, now = Pace(5.0), 0.0
    for seconds, waiting, placed in steps:
        now += seconds
        pace.go_on(now, waiting=waiting)
        if placed:
            pace.placed()
        assert 0.0 <= pace.wait_s(turns) <= turns * 5.0
