import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.arrivals import poisson, until

RATES = st.floats(0.1, 200)
SEEDS = st.integers(0, 2**31)


@settings(deadline=None)
@given(RATES, st.floats(0.1, 5), SEEDS)
def test_requests_are_due_in_order_within_the_time_and_the_same_again(
    rps: float, duration_s: float, seed: int
) -> None:
    times = list(poisson(rps, duration_s, seed))
    assert times == sorted(times)
    assert all(0 < due_s < duration_s for due_s in times)
    assert times == list(poisson(rps, duration_s, seed))


@settings(deadline=None)
@given(st.floats(5, 50), SEEDS)
def test_a_longer_load_begins_as_a_shorter_one(rps: float, seed: int) -> None:
    short = list(poisson(rps, 1.0, seed))
    assert list(poisson(rps, 2.0, seed))[: len(short)] == short


def test_gaps_are_those_of_chance() -> None:
    times = list(poisson(10.0, 2000.0, 1))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(0.1, rel=0.03)
    assert deviation == pytest.approx(mean, rel=0.05)  # exponential: no pattern at all


async def test_waiting_never_ends_early() -> None:
    for wait_s in (-1.0, 0.0, 0.001, 0.008):
        due = time.perf_counter() + wait_s
        await until(due)
        assert time.perf_counter() >= due
