from antiphon.api.stt.latency import StreamLatency


def streaming_in_real_time() -> StreamLatency:
    """A second of audio arrives at each of the clock's seconds 101 to 110."""
    latency = StreamLatency()
    for second in range(1, 11):
        latency.arrived(100.0 + second, float(second))
    return latency


def test_a_partial_counts_from_the_arrival_of_the_audio_it_goes_up_to() -> None:
    latency = streaming_in_real_time()
    assert latency.partial(103.25, 3.0) == 0.25
    assert latency.partial(106.0, 4.5) == 1.0


def test_a_final_counts_from_the_finalize_while_one_is_open() -> None:
    latency = streaming_in_real_time()
    latency.finalize_asked(110.5)
    assert latency.final(110.75, 10.0) == 0.25
    latency.finalize_answered()
    assert latency.final(111.0, 10.0) == 1.0


def test_without_audio_nothing_was_waited_for() -> None:
    assert StreamLatency().partial(7.0, 0.0) == 0.0


def test_a_long_silence_does_not_pile_up() -> None:
    latency = StreamLatency()
    for message in range(100_000):
        latency.arrived(message * 0.02, message * 0.02)
    assert len(latency._arrivals) < 10_000
