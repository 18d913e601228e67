import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.summary import summarise
from antiphon.tuning.policies import RoundRobin, fifo
from antiphon.tuning.profile import Line, Profile
from antiphon.tuning.simulation import Fleet, Listeners, OpenLoop, simulate
from support.counting import CountingModel

QUICK = Profile(Line(0.001, 1e-4), Line(0.006, 2e-4), Line(0.001, 2e-4), frame_s=0.0125, frames_per_char=5.0)
HEAVY = QUICK.slower(8)
SENTENCE = "x" * 100


def rate(profile: Profile, load: float) -> float:
    """Requests a second that take this share of one worker."""
    return load * profile.pace(100) / (100 * profile.frames_per_char * profile.frame_s)


def test_a_lone_request_costs_what_its_stages_cost() -> None:
    fleet = Fleet(QUICK, jitter=0.0, path_s=0.004)
    run = simulate(fleet, OpenLoop(0.01), duration_s=1000, texts=[SENTENCE])
    first_s = QUICK.plan(100) + QUICK.first(6) + 0.004
    assert run.requests
    for request in run.requests:
        assert request.audible_s == pytest.approx(first_s)
        assert request.audio_s == pytest.approx(100 * 5.0 * 0.0125)
        assert request.underruns == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 4))
def test_every_request_is_answered_whole_whatever_the_fleet(seed: int, workers: int, batch_size: int) -> None:
    fleet = Fleet(HEAVY, workers=workers, batch_size=batch_size)
    run = simulate(fleet, OpenLoop(rate(HEAVY, 0.6) * workers), duration_s=20, seed=seed, texts=[SENTENCE])
    for request in run.requests:
        assert request.refused or request.audio_s == pytest.approx(100 * 5.0 * 0.0125)


def test_the_same_seed_plays_the_same() -> None:
    first, again, other = (
        simulate(Fleet(QUICK, workers=2), OpenLoop(5), duration_s=20, seed=seed) for seed in (1, 1, 2)
    )
    assert first.requests == again.requests
    assert first.requests != other.requests


def test_listeners_hear_in_real_time() -> None:
    summary = summarise(simulate(Fleet(QUICK), Listeners(10), duration_s=60))
    assert summary.underruns == 0
    assert 8 < summary.audio_per_s < 11  # a sentence counts in the second in which it was made


def test_deadlines_spare_listeners_the_silence_of_round_robin_and_newcomers_the_wait_of_fifo() -> None:
    def heard(**fleet: object) -> tuple[float, float]:
        load = OpenLoop(rate(HEAVY, 0.9))
        runs = [
            simulate(Fleet(HEAVY, queue_s=60, **fleet), load, duration_s=200, seed=seed)  # type: ignore[arg-type]
            for seed in (1, 2, 3)
        ]
        summary = summarise(*runs)
        assert summary.ttfa.p95 is not None
        return summary.silence_s, summary.ttfa.p95

    silence_s, ttfa_s = heard()
    round_robin_s, _ = heard(policy=RoundRobin(), max_streams=10_000)
    _, fifo_ttfa_s = heard(policy=fifo, max_streams=10_000)
    assert round_robin_s > 10
    assert silence_s <= 0.1 * round_robin_s
    assert ttfa_s <= fifo_ttfa_s


def test_an_overloaded_fleet_refuses_and_serves_the_others_without_a_gap() -> None:
    fleet = Fleet(HEAVY, queue_s=1.0)
    summary = summarise(simulate(fleet, OpenLoop(rate(HEAVY, 4.0)), duration_s=120))
    assert summary.refused > 0
    assert summary.underruns == 0
    assert summary.audio_per_s >= 0.8 * HEAVY.pace(100)


def test_a_real_model_takes_the_place_of_its_profile() -> None:
    run = simulate(Fleet(CountingModel()), OpenLoop(2), duration_s=5, texts=["one two three four"])
    assert run.requests
    assert all(r.error is None and r.audio_s > 0.4 for r in run.requests)
