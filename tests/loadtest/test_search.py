from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.search import most


@settings(deadline=None)
@given(st.integers(0, 3000), st.integers(1, 16), st.integers(16, 2000))
async def test_what_is_found_held_and_is_near_the_first_that_does_not(
    limit: int, low: int, high: int
) -> None:
    tried: list[int] = []

    async def holds(load: int) -> bool:
        tried.append(load)
        return load <= limit

    found = await most(holds, low, high)
    assert len(tried) == len(set(tried))
    assert low == tried[0]
    assert max(tried) <= high
    if limit < low:
        assert found == 0
        return
    assert found in tried
    assert found <= limit
    assert min(limit, high) - found <= max(1, 0.05 * found)
