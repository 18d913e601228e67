from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.percentiles import Spread

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


@settings(deadline=None)
@given(VALUES)
def test_percentiles_are_ordered_and_within_the_values(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.p50 is not None
    assert spread.p95 is not None
    assert spread.p99 is not None
    assert min(values) <= spread.p50 <= spread.p95 <= spread.p99 <= max(values)


@settings(deadline=None)
@given(VALUES)
def test_order_does_not_matter(values: list[float]) -> None:
    assert Spread.of(values) == Spread.of(reversed(values))


def test_of_nothing_there_is_none() -> None:
    assert Spread.of([]) == Spread(None, None, None)
