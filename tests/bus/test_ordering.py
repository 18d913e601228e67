from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.ordering import EventOrder
from antiphon.contract.events import Heard


def event(seq: int, attempt: int = 0) -> Heard:
    return Heard(job="j", attempt=attempt, seq=seq, audio_s=float(seq), settled_s=0.0)


def take(line: EventOrder, *events: Heard) -> list[Heard]:
    passed: list[Heard] = []
    for each in events:
        line.keep(each)
        passed += line.ready()
    return passed


@given(st.permutations(list(range(12))), st.lists(st.integers(0, 11), max_size=10))
def test_every_event_passes_once_and_in_order(order: list[int], doubled: list[int]) -> None:
    line = EventOrder()
    passed = [e.seq for e in take(line, *(event(seq) for seq in [*order, *doubled]))]
    assert passed == list(range(12))
    assert not line.gap


def test_a_missing_event_is_a_gap_until_it_comes() -> None:
    line = EventOrder()
    assert take(line, event(1)) == []
    assert line.gap
    assert [e.seq for e in take(line, event(0))] == [0, 1]
    assert not line.gap


def test_events_of_an_older_attempt_are_dropped() -> None:
    line = EventOrder()
    take(line, event(0))
    line.restart(1)
    assert take(line, event(1)) == []
    assert [e.attempt for e in take(line, event(0, attempt=1))] == [1]


@given(st.permutations([(attempt, seq) for attempt in range(3) for seq in range(4)]), st.integers(0, 2))
def test_events_that_come_before_their_attempt_counts_wait_for_it(
    order: list[tuple[int, int]], counts: int
) -> None:
    line = EventOrder()
    for attempt, seq in order:
        line.keep(event(seq, attempt))
    line.restart(counts)
    assert [(e.attempt, e.seq) for e in line.ready()] == [(counts, seq) for seq in range(4)]
