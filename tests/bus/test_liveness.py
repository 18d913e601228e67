from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.liveness import LONGEST_PATIENCE_S, NO_ANSWER_S, PROBE_AFTER_S, Liveness

TICK = 0.025

leads = st.floats(0.0, 30.0)


def verdict_after(
    liveness: Liveness, lead_s: float, start: float, answers_after: float | None
) -> float | None:
    """Seconds after its last word until a worker that owes something is suspected; None if it answers."""
    now, probed_at = start, None
    while now < start + 10.0:
        now += TICK
        if liveness.suspicion("w", lead_s, now):
            return now - start
        if liveness.to_be_probed("w", now):
            probed_at = probed_at or now
        if probed_at is not None and answers_after is not None and now - probed_at >= answers_after:
            liveness.answered("w", 0.0, now)
            return None
    raise AssertionError("neither suspected nor answered")


@given(leads)
def test_a_worker_that_falls_silent_is_suspected_soon(lead_s: float) -> None:
    liveness = Liveness()
    liveness.heard("w", 0.0)
    assert verdict_after(liveness, lead_s, 0.0, None) <= PROBE_AFTER_S + NO_ANSWER_S + 3 * TICK


@given(st.lists(st.floats(0.0, 0.99 * PROBE_AFTER_S), min_size=1, max_size=50), leads)
def test_a_worker_that_speaks_is_neither_probed_nor_suspected(gaps: list[float], lead_s: float) -> None:
    liveness, now = Liveness(), 0.0
    liveness.heard("w", now)
    for gap in gaps:
        now += gap
        assert not liveness.to_be_probed("w", now)
        assert liveness.suspicion("w", lead_s, now) is None
        assert liveness.all_well(now)
        liveness.progressed("w", now)


@given(st.lists(st.floats(0.0, NO_ANSWER_S - TICK), max_size=30), leads)
def test_who_answers_in_time_is_never_suspected(answers: list[float], lead_s: float) -> None:
    liveness, now = Liveness(), 0.0
    liveness.heard("w", now)
    for answer in answers:
        assert verdict_after(liveness, lead_s, now, answer) is None
        now += 1.0
        liveness.heard("w", now)


def slow_to_answer(times: int) -> Liveness:
    """A worker that was so often given up on, and answered half a second later."""
    liveness = Liveness()
    for turn in range(times):
        liveness.heard("w", float(turn))
        assert liveness.to_be_probed("w", turn + 0.1)
        liveness.heard("w", turn + 0.6)
    liveness.heard("w", 100.0)
    return liveness


@given(st.integers(0, 50), leads)
def test_patience_with_a_slow_worker_grows_but_never_beyond_what_the_listener_can_bear(
    alarms: int, lead_s: float
) -> None:
    waited = verdict_after(slow_to_answer(alarms), lead_s, 100.0, None)
    after_probe = waited - PROBE_AFTER_S
    assert after_probe <= min(max(2 * NO_ANSWER_S, lead_s / 2), LONGEST_PATIENCE_S) + 3 * TICK
    if alarms >= 4 and lead_s > 2.0:
        assert after_probe > 3 * NO_ANSWER_S


def test_a_worker_that_answers_in_time_again_is_trusted_as_little_as_any_other() -> None:
    liveness = slow_to_answer(4)
    for turn in range(8):
        liveness.heard("w", 200.0 + turn)
        assert liveness.to_be_probed("w", 200.1 + turn)
        liveness.heard("w", 200.15 + turn)
    liveness.heard("w", 300.0)
    assert verdict_after(liveness, 30.0, 300.0, None) <= PROBE_AFTER_S + NO_ANSWER_S + 3 * TICK


def test_a_worker_whose_model_hangs_says_so_itself() -> None:
    liveness = Liveness()
    liveness.heard("w", 0.0)
    assert liveness.to_be_probed("w", 0.1)
    assert not liveness.all_well(0.1)
    liveness.answered("w", 0.1, 0.1)
    assert not liveness.all_well(0.1)
    assert liveness.suspicion("w", 0.0, 0.11) == "hung"
    assert liveness.suspicion("w", 5.0, 0.11) is None  # a listener with audio left waits a little longer
    liveness.progressed("w", 0.2)
    assert liveness.suspicion("w", 0.0, 0.21) is None


def test_only_a_worker_of_which_all_is_well_takes_the_jobs_of_another() -> None:
    liveness = Liveness()
    assert not liveness.reliable("w", 0.0)
    liveness.heard("w", 0.0)
    assert liveness.reliable("w", 0.3)
    assert not liveness.reliable("w", 0.5)
    liveness.answered("w", 0.2, 0.6)
    assert not liveness.reliable("w", 0.6)


def test_a_worker_is_probed_until_it_answers() -> None:
    liveness = Liveness()
    liveness.heard("w", 0.0)
    ticks = [tick * TICK for tick in range(40)]
    assert 8 <= sum(liveness.to_be_probed("w", now) for now in ticks) <= 17
