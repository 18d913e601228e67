import random

from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.presence import ALIKE_S, ALIKE_SHARE, STALE_AFTER_S, PresenceTable
from antiphon.contract.jobs import SynthesisJob
from antiphon.contract.presence import Presence


def presence(worker: str, load: int = 0, **more: object) -> Presence:
    return Presence(worker=worker, kind="tts", model="m", languages=("en",), load=load, capacity=2, **more)


def job(**more: object) -> SynthesisJob:
    return SynthesisJob(job="j", api="api", model="m", voice="v", language="en", text="x", **more)


def candidates(table: PresenceTable, prefer: str = "") -> list[str]:
    return table.candidates("tts", job(), prefer=prefer)


def test_a_silent_worker_is_forgotten_and_comes_back_when_it_speaks() -> None:
    table = PresenceTable()
    table.update(presence("a"), now=0.0)
    table.expire(STALE_AFTER_S)
    assert table.is_live("a")
    table.expire(STALE_AFTER_S + 0.01)
    assert not table.is_live("a")
    table.update(presence("a"), now=2.0)
    assert table.is_live("a")


def test_leaving_is_at_once() -> None:
    table = PresenceTable()
    table.update(presence("a"), now=0.0)
    table.update(presence("a", leaving=True), now=0.1)
    assert not table.is_live("a")


def test_draining_and_full_workers_get_no_jobs() -> None:
    table = PresenceTable()
    table.update(presence("draining", draining=True), now=0)
    table.update(presence("full", load=2), now=0)
    table.update(presence("free", load=1), now=0)
    assert candidates(table) == ["free"]
    assert {p.worker for p in table.workers("tts")} == {"full", "free"}


def test_a_worker_slow_to_answer_gets_no_job_until_it_speaks_up_but_is_live() -> None:
    table = PresenceTable()
    table.update(presence("a"), now=0)
    table.avoid("a")
    table.avoid("gone")
    assert table.is_live("a")
    assert candidates(table) == []
    table.update(presence("a"), now=0.2)
    assert candidates(table) == ["a"]


def test_jobs_placed_since_the_last_presence_count() -> None:
    table = PresenceTable()
    table.update(presence("a"), now=0)
    table.offered("a")
    table.offered("a")
    assert candidates(table) == []
    table.update(presence("a", load=1), now=0.2)
    assert candidates(table) == ["a"]


def test_the_less_loaded_of_two_comes_first_and_the_preferred_before_it() -> None:
    table = PresenceTable()
    table.update(presence("busy", load=1, wait_s=0.02), now=0)
    table.update(presence("idle", wait_s=0.01), now=0)
    for _ in range(20):
        assert candidates(table) == ["idle", "busy"]
    assert candidates(table, prefer="busy") == ["busy", "idle"]
    assert candidates(table, prefer="gone") == ["idle", "busy"]


def test_the_preferred_worker_is_left_only_for_a_clearly_shorter_wait() -> None:
    table = PresenceTable()
    table.update(presence("idle", wait_s=0.01), now=0)
    for wait_s, first in ((0.055, "home"), (0.065, "idle"), (0.5, "idle")):
        table.update(presence("home", wait_s=wait_s), now=0)
        assert candidates(table, prefer="home")[0] == first
    table.update(presence("idle", wait_s=0.3), now=0)
    assert candidates(table, prefer="home")[0] == "home"  # longer by 200 ms, but not twice as long


def test_every_job_offered_adds_to_the_expected_wait_until_it_is_refused() -> None:
    table = PresenceTable()
    table.update(presence("a", wait_s=0.01, wait_per_job_s=0.05), now=0)
    table.update(presence("b", wait_s=0.035), now=0)
    table.offered("a")
    assert candidates(table) == ["b", "a"]
    table.refused("a")
    assert candidates(table) == ["a", "b"]
    table.refused("a")
    table.refused("gone")
    assert candidates(table) == ["a", "b"]


def test_the_emptier_of_those_that_think_alike_of_their_speed_comes_first() -> None:
    table = PresenceTable()
    table.update(presence("quick", load=1, wait_s=0.1), now=0)
    table.update(presence("slow", wait_s=0.14), now=0)
    assert candidates(table) == ["slow", "quick"]
    table.update(presence("slow", wait_s=0.16), now=0)
    assert candidates(table) == ["quick", "slow"]


def test_of_idle_workers_the_emptier_comes_first() -> None:
    table = PresenceTable()
    table.update(presence("a", load=1), now=0)
    table.update(presence("b"), now=0)
    assert candidates(table) == ["b", "a"]


def test_speech_that_goes_on_may_go_where_a_new_job_may_not() -> None:
    table = PresenceTable()
    table.update(presence("full", load=2), now=0)
    assert not table.has_place("tts", job())
    assert table.candidates("tts", job(lead_s=0.1)) == ["full"]
    assert not table.has_place("stt", job(lead_s=0.1))


def test_a_digest_is_a_condition() -> None:
    table = PresenceTable()
    table.update(presence("a", digest="1"), now=0)
    table.update(presence("b", digest="2"), now=0)
    assert table.candidates("tts", job(), prefer="a", digest="2") == ["b"]
    assert table.has_place("tts", job(), digest="1")
    assert not table.has_place("tts", job(), digest="3")
    assert table.digest("b") == "2"
    assert table.digest("gone") == ""


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=2),
    st.sampled_from("abcdef"),
    st.randoms(use_true_random=False),
)
def test_the_one_worst_of_all_is_never_first_and_everybody_is_asked_once(
    waits: dict[str, float], prefer: str, chance: random.Random
) -> None:
    table = PresenceTable(chance)
    for worker, wait_s in waits.items():
        table.update(presence(worker, wait_s=wait_s), now=0)
    order = candidates(table)
    assert sorted(order) == sorted(waits)
    first = waits[order[0]]
    worse = [wait_s for wait_s in waits.values() if wait_s + max(ALIKE_S, ALIKE_SHARE * wait_s) >= first]
    assert len(worse) > 1
    assert sorted(candidates(table, prefer=prefer)) == sorted(waits)
