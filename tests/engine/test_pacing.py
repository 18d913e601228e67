from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.cost import StepCost
from antiphon.engine.pacing import FIRST_FRAMES, GROWTH, LARGEST_FRAMES, WHOLE_FRAMES, next_frames

lines = st.tuples(st.floats(0, 0.05), st.floats(0, 0.02))
sizes = st.integers(FIRST_FRAMES, LARGEST_FRAMES)


def cost_of(line: tuple[float, float]) -> StepCost:
    cost = StepCost()
    cost.base_s, cost.unit_s = line
    return cost


@given(sizes, st.floats(-1, 60), st.booleans(), lines)
def test_chunks_grow_by_at_most_a_factor_within_bounds(
    previous: int, lead_s: float, alone: bool, line: tuple[float, float]
) -> None:
    frames = next_frames(previous, lead_s, alone=alone, cost=cost_of(line))
    assert FIRST_FRAMES <= frames <= min(GROWTH * previous, LARGEST_FRAMES)
    assert frames % WHOLE_FRAMES == 0


@given(sizes, st.floats(0, 60), st.booleans(), lines)
def test_a_chunk_beyond_the_smallest_is_made_within_the_lead(
    previous: int, lead_s: float, alone: bool, line: tuple[float, float]
) -> None:
    cost = cost_of(line)
    frames = next_frames(previous, lead_s, alone=alone, cost=cost)
    assert frames == FIRST_FRAMES or cost.predict(frames) <= lead_s * (0.8 if alone else 0.5) + 1e-9


@given(sizes, st.floats(1, 60), st.tuples(st.floats(0, 0.005), st.floats(0, 0.001)))
def test_chunks_of_a_quick_model_are_no_smaller_among_others(
    previous: int, lead_s: float, line: tuple[float, float]
) -> None:
    cost = cost_of(line)
    assert next_frames(previous, lead_s, alone=True, cost=cost) <= next_frames(
        previous, lead_s, alone=False, cost=cost
    )


def test_the_ramp_of_a_quick_model() -> None:
    cost, frames, ramp = cost_of((0.001, 0.0002)), FIRST_FRAMES, []
    for _ in range(5):
        ramp.append(frames)
        frames = next_frames(frames, 1.0, alone=False, cost=cost)
    assert ramp == [6, 12, 24, 48, 90]
