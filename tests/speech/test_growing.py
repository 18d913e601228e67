from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.speech.growing import GrowingText

words = st.sampled_from(["so", "So,", "it", "was", "late", "late.", "and", "we", "left."])
texts = st.lists(words, max_size=8).map(" ".join)


def heard(*partials: str, final: str, lead: str = "") -> list[str]:
    """The texts after each of these."""
    growing = GrowingText(lead)
    seen: list[str] = []
    for partial in partials:
        growing.hear(partial)
        seen.append(growing.text)
    growing.settle(final)
    return [*seen, growing.text]


def test_what_is_certain_is_out_at_once() -> None:
    assert heard("", "I would", "I would", "I would like", final="I would like 2.") == [
        "",
        "I would",
        "I would",
        "I would like",
        "I would like 2.",
    ]


def test_what_another_hearing_holds_for_certain_is_not_taken_over_what_is_out() -> None:
    assert heard("I would", "I could like", final="I could like 2.") == [
        "I would",
        "I would",
        "I would like 2.",
    ]


def test_finals_join_with_a_blank_and_the_first_word_has_the_lead() -> None:
    growing = GrowingText(" ")
    assert growing.settle(" First.")
    assert growing.settle("Second. ")
    assert growing.text == " First. Second."


@pytest.mark.parametrize(
    ("out", "final", "text"),
    [
        ("I would like", "I would like tea.", "I would like tea."),
        ("I would like", "I'd like tea.", "I would like tea."),
        ("so it was", "So, it was late.", "so it was late."),
        ("it was late", "late and we left.", "it was late and we left."),
        ("he was", "she is not here.", "he was not here."),
        ("it was late", "", "it was late"),
        ("it was late", "it was", "it was late"),
        ("the the", "the end.", "the the"),
    ],
)
def test_what_is_out_stays_and_the_rest_of_the_final_follows(out: str, final: str, text: str) -> None:
    assert heard(out, final=final)[-1] == text


def test_signs_and_case_may_change_behind_what_is_out() -> None:
    assert heard("so it", "So, it was late", final="So.") == ["so it", "so it was late", "so it was late"]


@given(st.lists(st.tuples(st.booleans(), texts), max_size=12), st.sampled_from(["", " "]))
def test_it_only_grows_and_says_so(steps: list[tuple[bool, str]], lead: str) -> None:
    growing = GrowingText(lead)
    for final, text in steps:
        before = growing.text
        grown = growing.settle(text) if final else growing.hear(text)
        assert growing.text.startswith(before)
        assert grown == (growing.text != before)
    assert not growing.text or growing.text.startswith(lead)
    assert not growing.text.endswith(" ")


@given(st.lists(st.lists(words, min_size=1, max_size=8), max_size=4), st.data())
def test_hearings_that_only_get_longer_change_nothing_in_the_end(
    utterances: Sequence[Sequence[str]], data: st.DataObject
) -> None:
    growing = GrowingText()
    for utterance in utterances:
        for length in sorted(data.draw(st.lists(st.integers(0, len(utterance)), max_size=5))):
            growing.hear(" ".join(utterance[:length]))
        growing.settle(" ".join(utterance))
    assert growing.text == " ".join(word for utterance in utterances for word in utterance)


@pytest.mark.parametrize(
    ("out", "cut", "rest", "text"),
    [
        ("so it was late", "So it", "was late, and we left.", "so it was late and we left."),
        ("so it was late", "so it", "is late", "so it was late"),
        ("so it was late", "so she", "was late and", "so it was late and"),
        ("so it", "so it was", "late", "so it was late"),
        ("so it", "", "so it was", "so it was"),
    ],
)
def test_what_is_out_of_the_rest_of_a_cut_utterance_is_not_said_again(
    out: str, cut: str, rest: str, text: str
) -> None:
    growing = GrowingText()
    growing.hear(out)
    growing.cut(cut)
    growing.settle(rest)
    assert growing.text == text
