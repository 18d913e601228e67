from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.policy import RUNNING_DRY_S, Candidate, choose

leads = st.none() | st.floats(0, 60)
candidates = st.lists(st.tuples(leads, st.floats(0, 100)), max_size=40).map(
    lambda rows: [Candidate(str(i), lead, waiting) for i, (lead, waiting) in enumerate(rows)]
)


@given(candidates, st.integers(1, 16))
def test_never_more_than_the_batch_and_never_idle(rows: list[Candidate], batch_size: int) -> None:
    choices = choose(rows, batch_size)
    assert len(choices) == min(batch_size, len(rows))
    assert len({c.key for c in choices}) == len(choices)


@given(candidates, st.integers(1, 16))
def test_a_listener_about_to_run_dry_is_never_passed_over(rows: list[Candidate], batch_size: int) -> None:
    chosen = {c.key for c in choose(rows, batch_size)}
    dry = [r for r in rows if r.lead_s is not None and r.lead_s < RUNNING_DRY_S]
    if len(dry) <= batch_size:
        assert {r.key for r in dry} <= chosen
    else:
        assert chosen <= {r.key for r in dry}


@given(candidates)
def test_streams_without_audio_go_by_waiting_time(rows: list[Candidate]) -> None:
    order = [c.key for c in choose(rows, len(rows) or 1) if c.reason == "no_audio_yet"]
    waiting = {r.key: r.waiting_s for r in rows}
    assert [waiting[k] for k in order] == sorted((waiting[k] for k in order), reverse=True)


@given(candidates)
def test_the_rest_goes_by_deadline(rows: list[Candidate]) -> None:
    leads_of = {r.key: r.lead_s for r in rows}
    order = [c for c in choose(rows, len(rows) or 1) if c.reason in {"earliest_deadline", "far_ahead"}]
    assert [leads_of[c.key] for c in order] == sorted(leads_of[c.key] for c in order)
