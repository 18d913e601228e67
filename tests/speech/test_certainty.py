from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from antiphon.speech.certainty import CERTAIN, Certainty
from antiphon.speech.matching import bare, begins

words = st.sampled_from(["so", "So,", "it", "was", "late", "late.", "and", "we", "left."])
hearings = st.lists(st.lists(st.tuples(words, st.floats(0.0, 1.0)), max_size=6), max_size=10)


def certain_after(*texts: str, probability: float = 1.0) -> list[str]:
    certainty = Certainty()
    for text in texts:
        heard = text.split()
        certainty.hear(heard, [probability] * len(heard))
    return certainty.words


def test_two_hearings_that_do_not_doubt_make_a_word_certain_but_never_the_last() -> None:
    assert certain_after("I would lie") == []
    assert certain_after("I would lie", "I would like to") == ["I", "would"]
    assert certain_after("I would lie", "I would like to", "I would like two") == ["I", "would", "like"]


def test_doubtful_words_need_more_hearings() -> None:
    texts = ["so it was"] * 5
    assert certain_after(*texts[:3], probability=0.5) == []
    assert certain_after(*texts[:4], probability=0.5) == ["so", "it"]


def test_a_hearing_that_differs_before_a_word_is_none_of_it() -> None:
    assert certain_after("it was late now", "he was late now", "it was late now") == []
    assert certain_after("it was late now", "it is late now", "it was late now") == ["it"]


def test_signs_and_capitals_make_no_difference() -> None:
    assert certain_after("so it", "So, it was") == ["So,", "it"]


def test_what_is_heard_otherwise_is_shown_behind_what_is_certain() -> None:
    certainty = Certainty()
    for _ in range(2):
        certainty.hear(["so", "it", "is"], [1.0] * 3)
    assert certainty.hear(["it", "was", "late"], [1.0] * 3) == ["so", "it", "was", "late"]
    assert certainty.words == ["so", "it"]


@given(hearings)
def test_certain_words_are_never_taken_back_and_all_that_is_shown_begins_with_them(
    heard: Sequence[Sequence[tuple[str, float]]],
) -> None:
    certainty = Certainty()
    for hearing in heard:
        before = list(certainty.words)
        shown = certainty.hear([word for word, _ in hearing], [p for _, p in hearing])
        assert certainty.words[: len(before)] == before
        assert shown[: len(certainty.words)] == certainty.words


@given(hearings)
def test_every_certain_word_was_spoken_for(heard: Sequence[Sequence[tuple[str, float]]]) -> None:
    certainty = Certainty()
    seen: list[list[tuple[str, float]]] = []
    for hearing in heard:
        seen.append([(bare(word), p) for word, p in hearing])
        certainty.hear([word for word, _ in hearing], [p for _, p in hearing])
        said = certainty.words
        for i in range(len(said)):
            agreed = [h[i][1] for h in seen if begins([word for word, _ in h], said[: i + 1])]
            assert sum(agreed) >= CERTAIN - 1e-9
