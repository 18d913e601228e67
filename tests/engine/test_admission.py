from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.admission import BUSY_SHARE, RESERVE_S, Debt, fits

debts = st.lists(st.builds(Debt, st.none() | st.floats(0, 30), st.floats(0, 30)), max_size=20)
demands = st.floats(0.01, 1.0)


def one_more(owed: list[Debt], demand: float, newcomer_s: float = 6.0) -> bool:
    return fits(owed, newcomer_s, demand=demand, opening_s=0.0)


@given(demands, st.integers(0, 50))
def test_without_spare_leads_as_many_fit_as_can_go_on_for_ever(demand: float, held: int) -> None:
    owed = [Debt(RESERVE_S, 6.0)] * held
    assert one_more(owed, demand) == ((held + 1) * demand <= BUSY_SHARE)


@given(debts, demands)
def test_what_is_further_ahead_never_leaves_less_room(owed: list[Debt], demand: float) -> None:
    ahead = [Debt(None if d.lead_s is None else d.lead_s + 5.0, d.rest_s) for d in owed]
    assert one_more(ahead, demand) >= one_more(owed, demand)


@given(debts, demands)
def test_who_is_done_takes_no_room(owed: list[Debt], demand: float) -> None:
    assert one_more([*owed, Debt(3.0, 0.0)], demand) == one_more(owed, demand)


@given(st.integers(0, 40), st.floats(0.005, 0.5))
def test_few_are_begun_at_a_time(waiting: int, opening_s: float) -> None:
    owed = [Debt(None, 6.0)] * waiting
    if fits(owed, 6.0, demand=0.001, opening_s=opening_s):
        assert (waiting + 1) * opening_s <= max(0.1, 2 * opening_s)


@given(debts, demands, st.floats(0, 20))
def test_where_it_fits_the_earliest_deadline_is_served_in_time(
    owed: list[Debt], demand: float, newcomer_s: float
) -> None:
    """Plays it through: a tenth of a second of the engine at a time, to whoever runs dry first."""
    if not one_more(owed, demand, newcomer_s):
        return
    step_s = 0.1
    streams = [[d.lead_s or 0.0, d.rest_s] for d in (*owed, Debt(None, newcomer_s)) if d.rest_s > 0]
    debt = 0.0
    while streams:
        time_s = step_s
        while time_s > 1e-12 and streams:
            first = min(streams)
            made_s = min(first[1], time_s / demand, step_s / demand / 8)
            first[0] += made_s
            first[1] -= made_s
            time_s -= made_s * demand
            streams = [s for s in streams if s[1] > 1e-9]
        for stream in streams:
            stream[0] -= step_s
            debt = min(debt, stream[0])
    assert debt >= -2 * step_s
