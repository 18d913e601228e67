from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from antiphon.engine.cost import StepCost
from antiphon.engine.policy import FAR_AHEAD_S, MARGIN_S, STARVED_S, Candidate, choose

leads = st.none() | st.floats(-5, 60)
costs = st.tuples(st.floats(0, 0.05), st.floats(0, 0.01))
lists = st.lists(st.tuples(leads, st.floats(0, 10), st.integers(1, 80)), max_size=30).map(
    lambda rows: [Candidate(str(i), lead, waiting, units) for i, (lead, waiting, units) in enumerate(rows)]
)


def line(base_s: float, unit_s: float) -> StepCost:
    cost = StepCost()
    cost.base_s, cost.unit_s = base_s, unit_s
    return cost


@given(lists, st.integers(1, 16), costs)
def test_never_more_than_the_batch_never_twice_and_never_idle(
    rows: list[Candidate], batch_size: int, cost: tuple[float, float]
) -> None:
    choices = choose(rows, batch_size, line(*cost))
    assert len(choices) <= batch_size
    assert len({c.key for c in choices}) == len(choices)
    assert bool(choices) == bool(rows)


@given(lists, st.integers(1, 16))
def test_when_a_step_costs_the_same_whatever_its_size_it_is_filled(
    rows: list[Candidate], batch_size: int
) -> None:
    assert len(choose(rows, batch_size, line(0.02, 0.0))) == min(batch_size, len(rows))


@given(lists, st.integers(2, 16))
def test_when_rows_cost_the_same_together_as_alone_each_goes_alone(
    rows: list[Candidate], batch_size: int
) -> None:
    assert len(choose(rows, batch_size, line(0.0, 0.001))) <= 1


@given(lists, costs)
def test_the_reasons_are_what_they_say(rows: list[Candidate], cost: tuple[float, float]) -> None:
    of = {r.key: r for r in rows}
    for choice in choose(rows, len(rows) or 1, line(*cost)):
        row = of[choice.key]
        match choice.reason:
            case "starved":
                assert row.silent_s > STARVED_S
            case "no_audio_yet":
                assert row.lead_s is None
            case "running_dry" | "dry":
                assert row.lead_s is not None
            case "earliest_deadline":
                assert row.lead_s is not None
                assert 0 <= row.lead_s <= FAR_AHEAD_S
            case "far_ahead":
                assert row.lead_s is not None
                assert row.lead_s > FAR_AHEAD_S


@given(lists, costs)
def test_newcomers_go_by_waiting_time_and_listeners_by_deadline(
    rows: list[Candidate], cost: tuple[float, float]
) -> None:
    of = {r.key: r for r in rows}
    choices = choose(rows, len(rows) or 1, line(*cost))
    waits = [of[c.key].waiting_s for c in choices if c.reason == "no_audio_yet"]
    ahead = [of[c.key].lead_s for c in choices if c.reason in {"earliest_deadline", "far_ahead"}]
    assert waits == sorted(waits, reverse=True)
    assert ahead == sorted(ahead)


@given(lists, st.integers(1, 8), costs)
def test_nobody_starves(rows: list[Candidate], batch_size: int, cost: tuple[float, float]) -> None:
    longest = max(rows, key=lambda r: r.silent_s, default=None)
    assume(longest is not None and longest.silent_s > STARVED_S)
    assert choose(rows, batch_size, line(*cost))[0].key == longest.key


def test_newcomers_come_before_listeners_who_survive_it() -> None:
    cost = line(0.002, 0.0002)
    newcomer = Candidate("new", None, 0.0, 6, start_s=0.02)
    listener = Candidate("old", 0.2, 1.0, 40)
    assert choose([listener, newcomer], 1, cost)[0].reason == "no_audio_yet"
    assert choose([replace(listener, lead_s=0.04), newcomer], 1, cost)[0].reason == "running_dry"


def test_who_cannot_be_saved_does_not_take_others_along() -> None:
    cost = line(0.0, 0.001)
    lost, saved = Candidate("lost", 0.02, 1.0, 40), Candidate("saved", 0.045, 1.0, 40)
    assert choose([lost, saved], 1, cost)[0].key == "saved"


@given(
    st.lists(st.tuples(st.floats(0, 1.0), st.integers(6, 80)), min_size=1, max_size=12),
    st.lists(st.floats(0, STARVED_S / 2), max_size=12),
    st.integers(1, 4),
    costs,
)
@example([(0.5, 38), (0.75, 46), (0.8125, 80)], [0.0, 0.0], 2, (0.046875, 0.003))  # no step worth sharing
def test_a_listener_that_can_be_saved_is_saved(
    listeners: list[tuple[float, int]],
    newcomers: list[float],
    batch_size: int,
    line_of: tuple[float, float],
) -> None:
    """Whoever earliest-deadline-first alone would serve in time is served in time among newcomers too."""
    cost = line(*line_of)
    rows = sorted(
        (Candidate(f"l{i}", lead, 1.0, units) for i, (lead, units) in enumerate(listeners)), key=lead
    )
    spent = 0.0
    for row in rows:  # one by one: the least that a step can do
        spent += cost.predict(row.units)
        assume(lead(row) > spent + MARGIN_S)
    waiting = [Candidate(f"n{i}", None, w, 6, start_s=0.03) for i, w in enumerate(newcomers)]
    now = 0.0
    while any(r.lead_s is not None for r in rows):
        choices = choose([*rows, *waiting], batch_size, cost)
        of = {r.key: r for r in (*rows, *waiting)}
        step_s = cost.predict(sum(of[c.key].units for c in choices)) + sum(of[c.key].start_s for c in choices)
        now += step_s
        assert now < 100
        chosen = {c.key for c in choices}
        for row in rows:
            assert row.key not in chosen or lead(row) >= step_s - 1e-9
        rows = [replace(r, lead_s=lead(r) - step_s) for r in rows if r.key not in chosen]
        waiting = [replace(w, waiting_s=w.waiting_s) for w in waiting if w.key not in chosen]


def lead(candidate: Candidate) -> float:
    assert candidate.lead_s is not None
    return candidate.lead_s


def test_nothing_to_choose_from() -> None:
    assert choose([], 4, line(0.0, 0.0)) == []


@pytest.mark.parametrize("batch_size", [1, 3])
def test_far_ahead_listeners_still_get_idle_steps(batch_size: int) -> None:
    rows = [Candidate(str(i), 20.0 + i, 30.0, 40) for i in range(5)]
    choices = choose(rows, batch_size, line(0.1, 0.0001))
    assert [c.key for c in choices] == [str(i) for i in range(batch_size)]
    assert {c.reason for c in choices} == {"far_ahead"}
