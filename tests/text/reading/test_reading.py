"""Text is read as a person reads it, and no word of it is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.text.reading import Read, read
from support.readings import CASES
from support.said import said_words

TEXTS = st.lists(
    st.one_of(
        st.sampled_from(sorted({word for written, _ in CASES for word in written.split()})),
        st.text(alphabet="0123456789.,:/-–+$€£%°'\"#@xkmMAPCIVX&;<>()[]*_^=½²😀 ", max_size=12),
        st.text(max_size=12),
    ),
    max_size=12,
).map(" ".join)


def _spoken(text: str) -> str:
    return " ".join(filter(None, (part.spoken for part in read(text, "en"))))


@pytest.mark.parametrize(("written", "spoken"), CASES, ids=[written for written, _ in CASES])
def test_a_form_is_read_as_a_person_reads_it(written: str, spoken: str) -> None:
    assert said_words(_spoken(written)) == spoken


@pytest.mark.parametrize(("written", "spoken"), CASES, ids=[written for written, _ in CASES])
def test_a_form_is_read_alike_in_the_middle_of_a_sentence(written: str, spoken: str) -> None:
    assert said_words(_spoken(f"yes, {written}, yes")).startswith("yes")
    assert said_words(_spoken(f"yes, {written}, yes")).endswith("yes")


@pytest.mark.parametrize("language", ["en-GB", "en_AU", "en-in"])
@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("By 03/04/2026,", "By the third of April, twenty twenty-six,"),
        ("the 3/4/26 one", "the third of April, twenty twenty-six one"),
        ("1/13/2026", "the thirteenth of January, twenty twenty-six"),
        ("due on 3/4.", "due on the third of April."),
        ("3/4 of it", "three quarters of it"),
        ("31.12.1999", "the thirty-first of December, nineteen ninety-nine"),
        ("31/31/2020", "thirty-one slash thirty-one slash twenty twenty"),
    ],
)
def test_most_regions_write_the_day_first(language: str, written: str, spoken: str) -> None:
    assert " ".join(part.spoken for part in read(written, language)) == spoken


@pytest.mark.parametrize("language", ["en", "en-US", "en-PH"])
def test_americans_write_the_month_first(language: str) -> None:
    assert (
        " ".join(part.spoken for part in read("On 3/4/2026", language))
        == "On March fourth, twenty twenty-six"
    )


def test_there_are_some_three_hundred_cases() -> None:
    assert len(CASES) >= 300
    assert len({written for written, _ in CASES}) == len(CASES)


@given(TEXTS)
def test_no_word_is_lost_or_doubled(text: str) -> None:
    assert " ".join(part.written for part in read(text, "en")).split() == text.split()
    assert " ".join(part.written for part in read(text, "en-GB")).split() == text.split()
    assert " ".join(part.written for part in read(text, "de")).split() == text.split()


@given(TEXTS)
def test_no_figure_is_left_and_growth_is_bounded(text: str) -> None:
    spoken = _spoken(text)
    assert not re.search(r"\d", spoken)
    assert len(spoken) <= 40 * len(text) + 40


@pytest.mark.parametrize(("written", "spoken"), CASES, ids=[written for written, _ in CASES])
def test_words_once_spoken_are_not_read_again(written: str, spoken: str) -> None:
    assert said_words(_spoken(_spoken(written))) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox, isn't it?",
        '"Well," she said (quietly), “I don\'t know — yet…”',
        "Il était une fois à Paris.",
        "He said no. He went to the art. He ran.",
    ],
)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert read(text, "en-GB") == tuple(Read(word, word) for word in text.split())


def test_other_languages_pass_unchanged() -> None:
    assert read("Es kostet 5 €.", "de") == (
        Read("Es", "Es"),
        Read("kostet", "kostet"),
        Read("5", "5"),
        Read("€.", "€."),
    )


def test_words_that_are_read_together_are_one() -> None:
    assert read("It costs $5 million, or so.", "en") == (
        Read("It", "It"),
        Read("costs", "costs"),
        Read("$5 million,", "five million dollars,"),
        Read("or", "or"),
        Read("so.", "so."),
    )


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("at 3 p.m.", "at three p.m."),
        ("$5!", "five dollars!"),
        ("Acme Inc.", "Acme Incorporated."),
        ('"10%",', '"ten percent",'),
        ("(5 km)?", "(five kilometers)?"),
    ],
)
def test_punctuation_around_a_reading_stays(written: str, spoken: str) -> None:
    assert _spoken(written) == spoken


@pytest.mark.parametrize(
    "piece", ["1", "1-", "1,", "1.", "a1", "$", "A.", "/a", "#a", "a@", "<a", "&amp;", "1 ", "1/", "IV"]
)
def test_a_long_text_is_read_to_its_end(piece: str) -> None:
    text = piece * 20_000  # would take hours if time grew with the square
    assert " ".join(part.written for part in read(text, "en")).split() == text.split()
    assert " ".join(part.written for part in read(text, "en-GB")).split() == text.split()
