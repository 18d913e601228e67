import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.cost import MOST_STREAMS, UNMEASURED, Demand, StepCost

seconds = st.floats(1e-4, 1.0)


@given(
    seconds, seconds, st.lists(st.integers(1, 100), min_size=2, max_size=60).filter(lambda n: len({*n}) > 1)
)
def test_a_line_is_learnt_from_steps_of_different_sizes(
    base_s: float, unit_s: float, sizes: list[int]
) -> None:
    cost = StepCost()
    for _ in range(40):
        for units in sizes:
            cost.observe(units, base_s + unit_s * units)
    assert cost.predict(min(sizes)) == pytest.approx(base_s + unit_s * min(sizes), rel=0.2)
    assert cost.predict(max(sizes)) == pytest.approx(base_s + unit_s * max(sizes), rel=0.2)


@given(seconds, st.integers(1, 100))
def test_steps_of_one_size_are_predicted(step_s: float, units: int) -> None:
    cost = StepCost()
    for _ in range(100):
        cost.observe(units, step_s)
    assert cost.predict(units) == pytest.approx(step_s, rel=0.05)


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(0, 10)), max_size=60))
def test_neither_part_is_ever_negative(steps: list[tuple[int, float]]) -> None:
    cost = StepCost()
    for units, step_s in steps:
        cost.observe(units, step_s)
        assert cost.base_s >= 0
        assert cost.unit_s >= 0


@given(seconds, seconds, st.floats(0, 10))
def test_what_fits_within_a_time_takes_that_time(base_s: float, unit_s: float, within_s: float) -> None:
    cost = StepCost()
    cost.base_s, cost.unit_s = base_s, unit_s
    units = cost.units_within(within_s)
    assert units == pytest.approx(0) or cost.predict(units) == pytest.approx(within_s)


def test_one_interrupted_step_changes_little() -> None:
    cost = StepCost()
    for _ in range(100):
        cost.observe(10, 0.01)
    cost.observe(10, 5.0)
    assert cost.predict(10) < 0.012


def test_a_machine_that_slowed_down_is_noticed() -> None:
    cost = StepCost()
    for _ in range(100):
        cost.observe(10, 0.01)
    for _ in range(100):
        cost.observe(10, 0.05)
    assert cost.predict(10) == pytest.approx(0.05, rel=0.2)


def test_capacity_follows_from_the_share_of_time_that_audio_needs() -> None:
    demand = Demand()
    assert demand.capacity(0.8) == UNMEASURED
    demand.observe(busy_s=0.1, audio_s=4.0)
    assert demand.capacity(0.8) == 32
    demand.observe(busy_s=1000.0, audio_s=1.0)
    assert demand.capacity(0.8) == 1
    quick = Demand()
    quick.observe(busy_s=0.0, audio_s=1.0)
    assert quick.capacity(0.8) == MOST_STREAMS


def test_surprises_are_remembered_and_slowly_forgotten() -> None:
    cost = StepCost()
    for _ in range(100):
        cost.observe(10, 0.01)
    assert cost.surprise_s == pytest.approx(0.0, abs=1e-3)
    cost.observe(10, 0.11)
    assert cost.surprise_s == pytest.approx(0.1, rel=0.1)
    for _ in range(300):
        cost.observe(10, 0.01)
    assert cost.surprise_s < 0.01
