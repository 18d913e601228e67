from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from antiphon.speech.cutting import CUT_RANGE, best_cut, text_before


class Said(NamedTuple):
    text: str
    start: int
    end: int


spans = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900)), max_size=30)


def words_of(gaps: Sequence[tuple[int, int]]) -> list[Said]:
    words: list[Said] = []
    at = 0
    for i, (gap, length) in enumerate(gaps):
        words.append(Said(f"w{i}", at + gap, at + gap + length))
        at += gap + length
    return words


@given(spans, st.integers(0, 500))
def test_a_cut_lies_between_two_words_late_in_the_window(gaps: list[tuple[int, int]], tail: int) -> None:
    words = words_of(gaps)
    samples = (words[-1].end if words else 0) + tail
    first, last = (share * samples for share in CUT_RANGE)
    late = [i for i in range(1, len(words)) if first <= words[i].start <= last]
    cut = best_cut(words, samples)
    assert (cut is not None) == bool(late)
    if cut:
        before, after = words[cut.word - 1], words[cut.word]
        assert before.end <= cut.sample <= after.start
        assert cut.word in late
        assert after.start - before.end == max(words[i].start - words[i - 1].end for i in late)


def test_of_equal_gaps_the_last_is_cut() -> None:
    assert best_cut(words_of([(0, 100)] * 100), 10_000) == (95, 9_500)


@given(st.lists(st.sampled_from(["no", "on", "no-one", "a", "nono"]), max_size=12), st.data())
def test_the_text_before_a_word_is_that_of_the_words_before_it(texts: list[str], data: st.DataObject) -> None:
    words = [Said(text, 0, 0) for text in texts]
    count = data.draw(st.integers(0, len(texts)))
    assert text_before("  ".join(texts), words, count) == "  ".join(texts[:count])
    assert text_before("".join(texts), words, count) == "".join(texts[:count])
