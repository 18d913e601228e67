import pytest

from antiphon.contract.events import Word
from antiphon.speech.phrases import find_phrases


def words(*timed: tuple[str, float, float]) -> list[Word]:
    return [Word(text, start_s, end_s) for text, start_s, end_s in timed]


def texts(*timed: tuple[str, float, float]) -> list[str]:
    return [phrase.text for phrase in find_phrases(words(*timed))]


def test_pauses_and_ends_of_sentences_part_phrases() -> None:
    found = find_phrases(
        words(
            ("Ask", 0.5, 0.8),
            ("not", 0.8, 1.1),
            ("what", 1.5, 1.7),
            ("it", 1.7, 1.8),
            ("is.", 1.8, 2.0),
            ("Ask!", 2.0, 2.4),
        )
    )
    assert [phrase.text for phrase in found] == ["Ask not,", "what it is.", "Ask!"]
    assert [(phrase.start_s, phrase.end_s) for phrase in found] == [(0.5, 1.1), (1.5, 2.0), (2.0, 2.4)]
    assert [len(phrase.words) for phrase in found] == [2, 3, 1]


def test_a_comma_without_a_pause_is_dropped() -> None:
    assert texts(("Well,", 0.0, 0.3), ("yes", 0.32, 0.6)) == ["Well yes"]
    assert texts(("Well,", 0.0, 0.3), ("yes", 0.4, 0.6)) == ["Well, yes"]


@pytest.mark.parametrize("end", ["home.", "home?”", "home!)", "home…"])
def test_a_sentence_ends_behind_its_quotes_too(end: str) -> None:
    assert texts((end, 0.0, 0.3), ("Yes", 0.3, 0.6)) == [end, "Yes"]


@pytest.mark.parametrize("end", ["home,", "home;", "home—"])
def test_a_phrase_that_has_a_sign_gets_no_other(end: str) -> None:
    assert texts((end, 0.0, 0.3), ("Yes", 0.9, 1.2)) == [end, "Yes"]


def test_what_cannot_be_spoken_is_left_out() -> None:
    assert texts(("-", 0.0, 0.1), ("Yes", 0.1, 0.4), ("...", 0.4, 0.5)) == ["Yes"]
    assert texts(("...", 0.0, 0.5)) == []
    assert texts() == []
