from hypothesis import given
from hypothesis import strategies as st

from antiphon.contract.events import AudioOut, Heard
from antiphon.contract.wire import decode_event
from antiphon.workers.outbox import KEPT_BYTES, Outbox


def event(seq: int) -> Heard:
    return Heard(job="j", attempt=0, seq=seq, audio_s=0.0, settled_s=0.0)


@given(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=5), st.integers(0, 35))
def test_what_has_not_arrived_can_be_sent_again(sent: int, acknowledged: list[int], wanted: int) -> None:
    outbox = Outbox("api", 0)
    for seq in range(sent):
        outbox.pack(event(seq))
    for next_seq in acknowledged:
        outbox.acknowledge(next_seq)
    arrived = min(sent, max(acknowledged, default=0))
    kept = outbox.since(wanted)
    if wanted < arrived:
        assert kept is None
    else:
        assert [decode_event(payload).seq for payload in kept] == list(range(wanted, sent))


def test_what_is_kept_is_bounded() -> None:
    outbox = Outbox("api", 0)
    samples = bytes(32 * 1024)
    for seq in range(100):
        outbox.pack(
            AudioOut(
                job="j", attempt=0, seq=seq, start_sample=0, sample_rate=24_000, samples=samples, step_s=0.0
            )
        )
    assert outbox.since(0) is None
    kept = outbox.since(75)
    assert len(kept) == 25
    assert 0.9 * KEPT_BYTES < sum(map(len, outbox.since(100 - KEPT_BYTES // 33_000))) <= KEPT_BYTES
