import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.loadtest.wordrate import WordErrors, word_errors

WORDS = st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=12).map(" ".join)


@settings(deadline=None)
@given(WORDS, st.one_of(WORDS, st.just("")))
def test_the_rate_is_that_of_jiwer(said: str, heard: str) -> None:
    assert word_errors(said, heard).rate == pytest.approx(jiwer.wer(said, heard))


def test_case_and_punctuation_do_not_count() -> None:
    assert word_errors("Half-past Seven, isn't it?", " half past seven isn't it").errors == 0


def test_texts_add_up_by_their_words() -> None:
    both = word_errors("one two three", "one two") + word_errors("four", "four")
    assert both.rate == pytest.approx(1 / 4)
    assert WordErrors().rate is None
