from antiphon.loadtest.summary import Summary, summarise
from antiphon.tuning.profile import Line, Profile, measure
from antiphon.tuning.simulation import Fleet, Listeners, simulate
from antiphon.tuning.speech import Carried, Goal, carry, knee
from support.counting import CountingModel

QUICK = Profile(Line(0.001, 1e-4), Line(0.006, 2e-4), Line(0.001, 2e-4), frame_s=0.0125, frames_per_char=5.0)


def heard(listeners: int) -> Summary:
    return summarise(simulate(Fleet(QUICK, max_streams=10_000), Listeners(listeners), duration_s=30))


def test_a_goal_is_met_by_few_and_missed_by_too_many() -> None:
    assert Goal().met(heard(5))
    assert not Goal().met(heard(80))
    assert not Goal(ttfa_p95_s=0.001).met(heard(5))


def test_the_knee_is_the_smallest_that_is_nearly_the_best() -> None:
    table = [Carried(b, 0.1, 10.0, n, None) for b, n in ((1, 10), (2, 19), (4, 20), (8, 20))]
    best = knee(table)
    assert best is not None
    assert best.batch_size == 2
    assert knee([Carried(1, 0.1, 10.0, 0, None)]) is None


def test_a_model_is_measured() -> None:
    profile = measure(CountingModel())
    assert profile.frame_s == 0.0125
    assert profile.frames_per_char > 0
    assert profile.pace(100) > 0


def test_each_batch_size_gets_its_row() -> None:
    tried: list[int] = []
    table = carry(CountingModel(), [1, 2], Goal(ttfa_p95_s=1e-6), progress=tried.append)
    assert [row.batch_size for row in table] == tried == [1, 2]
    assert all(row.listeners == 0 and row.summary is None for row in table)
