import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.playback import PlaybackClock

CHUNKS = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 1000)), min_size=1, max_size=30)


def test_nothing_sent_means_no_lead_and_no_underrun() -> None:
    clock = PlaybackClock()
    assert clock.lead_s(100.0) == 0
    assert clock.dry_at_s is None
    assert clock.sent(5.0, 0.0) is clock


def test_the_lead_is_the_audio_that_was_sent_less_the_time_that_has_passed() -> None:
    clock = PlaybackClock().sent(10.0, 0.5).sent(10.1, 1.0)
    assert clock.started_s == 10.0
    assert clock.sent_audio_s == pytest.approx(1.5)
    assert clock.lead_s(10.1) == pytest.approx(1.4)
    assert clock.lead_s(12.0) == pytest.approx(-0.5)
    assert clock.underruns == 0


def test_a_late_chunk_is_one_underrun_and_playback_goes_on_from_it() -> None:
    clock = PlaybackClock().sent(0.0, 0.1).sent(0.4, 0.2)
    assert (clock.underruns, clock.underrun_s) == (1, pytest.approx(0.3))
    assert clock.lead_s(0.4) == pytest.approx(0.2)
    again = clock.sent(0.5, 0.2).sent(1.0, 0.1)
    assert (again.underruns, again.underrun_s) == (2, pytest.approx(0.5))


def test_silence_after_the_last_chunk_is_no_underrun() -> None:
    clock = PlaybackClock().sent(0.0, 0.1)
    assert clock.lead_s(60.0) < -59
    assert clock.sent(60.0, 0.0).underruns == 0


def test_a_chunk_at_the_very_moment_is_in_time() -> None:
    clock = PlaybackClock()
    for i in range(1000):
        clock = clock.sent(3.3 + i * 0.1, 0.1)
    assert clock.underruns == 0


@given(CHUNKS)
def test_it_agrees_with_a_listener_simulated_in_whole_milliseconds(chunks: list[tuple[int, int]]) -> None:
    clock = PlaybackClock()
    now_ms = buffered_ms = gap_ms = underruns = 0
    for index, (wait_ms, length_ms) in enumerate(chunks):
        now_ms += wait_ms
        if index and wait_ms > buffered_ms:
            underruns += 1
            gap_ms += wait_ms - buffered_ms
        buffered_ms = max(0, buffered_ms - wait_ms) + length_ms
        clock = clock.sent(now_ms / 1000, length_ms / 1000)
        assert clock.lead_s(now_ms / 1000) == pytest.approx(buffered_ms / 1000, abs=1e-6)
    assert clock.underruns == underruns
    assert clock.underrun_s == pytest.approx(gap_ms / 1000, abs=1e-5)
