import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contract.events import Word
from antiphon.speech.timeline import Timeline

RATE = 24_000


def word(start_s: float, end_s: float, text: str = "w") -> Word:
    return Word(text, start_s, end_s)


def test_words_of_the_first_segment_stay_where_they_are() -> None:
    words = (word(0.1, 0.5, "Hello"), word(0.5, 0.9, "there."))
    assert Timeline(RATE).place_words(words) == words


def test_words_count_from_the_start_of_their_segment_not_from_the_audio_sent() -> None:
    timeline = Timeline(RATE)
    timeline.begin_segment()
    timeline.advance(RATE // 2)
    assert timeline.place_words([word(0.6, 0.8)]) == (word(0.6, 0.8),)
    timeline.advance(RATE // 2)
    timeline.begin_segment()
    assert timeline.position_s == 1.0
    timeline.advance(RATE // 4)
    assert timeline.place_words([word(0.25, 0.5)]) == (word(1.25, 1.5),)


def test_silence_between_segments_counts() -> None:
    timeline = Timeline(RATE)
    timeline.begin_segment()
    timeline.advance(RATE)
    timeline.advance(RATE // 2)
    timeline.begin_segment()
    assert timeline.place_words([word(0.0, 0.5)]) == (word(1.5, 2.0),)


def test_a_word_waits_for_the_end_of_the_one_before_when_the_audio_was_short() -> None:
    timeline = Timeline(RATE)
    timeline.begin_segment()
    assert timeline.place_words([word(0.0, 1.25)]) == (word(0.0, 1.25),)
    timeline.advance(RATE)
    timeline.begin_segment()
    words = [word(0.0, 0.125), word(0.125, 0.5), word(0.5, 1.0)]
    assert timeline.place_words(words) == (word(1.25, 1.25), word(1.25, 1.5), word(1.5, 2.0))


def test_phonemes_keep_their_own_time() -> None:
    timeline = Timeline(RATE)
    timeline.place_words([word(0.0, 1.0)])
    phonemes = (word(0.0, 0.25, "h"), word(0.25, 0.5, "ə"))
    assert timeline.place_phonemes(phonemes) == phonemes
    assert timeline.place_phonemes([word(0.25, 0.75)]) == (word(0.5, 0.75),)


def test_no_words_change_nothing() -> None:
    timeline = Timeline(RATE)
    assert timeline.place_words([]) == ()
    assert timeline.place_phonemes([]) == ()
    assert timeline.position_s == 0.0


TIMES = st.floats(0, 20, allow_subnormal=False)
WORDS = st.lists(st.tuples(TIMES, TIMES).map(lambda times: word(min(times), max(times))), max_size=6)
SEGMENTS = st.lists(st.tuples(WORDS, WORDS, st.integers(0, 20 * RATE)), max_size=6)


@given(SEGMENTS, st.sampled_from([8000, 22_050, 24_000, 44_100]))
def test_times_never_go_backwards(segments: list[tuple[list[Word], list[Word], int]], rate: int) -> None:
    timeline = Timeline(rate)
    words: list[Word] = []
    phonemes: list[Word] = []
    for own_words, own_phonemes, samples in segments:
        timeline.begin_segment()
        words += timeline.place_words(own_words)
        phonemes += timeline.place_phonemes(own_phonemes)
        timeline.advance(samples)
    for placed in (words, phonemes):
        times = [time for entry in placed for time in (entry.start_s, entry.end_s)]
        assert times == sorted(times)


@given(st.lists(st.integers(0, 10 * RATE), max_size=8), st.integers(1, 48_000))
def test_words_inside_their_audio_are_only_shifted(lengths: list[int], rate: int) -> None:
    timeline = Timeline(rate)
    samples = 0
    for length in lengths:
        timeline.begin_segment()
        (placed,) = timeline.place_words([word(0.0, length / rate)])
        assert placed.start_s == pytest.approx(samples / rate)
        assert placed.end_s == pytest.approx((samples + length) / rate)
        samples += length
        timeline.advance(length)
    assert timeline.position_s == samples / rate
