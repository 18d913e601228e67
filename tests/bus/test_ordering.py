from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.ordering import EventOrder
from antiphon.contract.events import Heard


def event(seq: int, attempt: int = 0) -> Heard:
    return Heard(job="j", attempt=attempt, seq=seq, audio_s=float(seq), settled_s=0.0)


@given(st.permutations(list(range(12))), st.lists(st.integers(0, 11), max_size=10))
def test_every_event_passes_once_and_in_order(order: list[int], doubled: list[int]) -> None:
    line = EventOrder()
    passed = [e.seq for seq in [*order, *doubled] for e in line.take(event(seq))]
    assert passed == list(range(12))
    assert not line.gap


def test_a_missing_event_is_a_gap_until_it_comes() -> None:
    line = EventOrder()
    assert line.take(event(1)) == []
    assert line.gap
    assert [e.seq for e in line.take(event(0))] == [0, 1]
    assert not line.gap


def test_events_of_an_older_attempt_are_dropped() -> None:
    line = EventOrder()
    line.take(event(0))
    line.restart(1)
    assert line.take(event(1)) == []
    assert [e.attempt for e in line.take(event(0, attempt=1))] == [1]
