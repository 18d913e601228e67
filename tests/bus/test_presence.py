from antiphon.bus.presence import STALE_AFTER_S, PresenceTable
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
