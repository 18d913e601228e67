from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contract.jobs import Token
from antiphon.speech.wording import Wording
from antiphon.text.markup import Markup, Text
from antiphon.text.pronunciation import Pronunciations

READ = Wording("en")
AS_SPOKEN = Wording("en", as_spoken=True)
OFF = Wording("en", normalize=False)


@dataclass(frozen=True)
class Entry:
    text: str
    alias: str
    case_sensitive: bool = True


def parts(text: str) -> tuple[Text, ...]:
    markup = Markup()
    return tuple(item for item in markup.push(text) + markup.flush() if isinstance(item, Text))


def told(wording: Wording, text: str) -> tuple[str, list[tuple[str, int, str]]]:
    spoken = wording.speak(text, parts(text))
    return spoken.text, [(token.text, token.words, token.phonemes) for token in spoken.tokens]


@pytest.mark.parametrize("wording", [READ, AS_SPOKEN, OFF])
def test_plain_text_stays_as_it_is(wording: Wording) -> None:
    assert told(wording, " Hello there, you two.") == (" Hello there, you two.", [])


def test_figures_are_put_into_words_and_told_as_they_are_written() -> None:
    spoken = READ.speak("It's $5 or 50 km.")
    assert spoken.text == "It's five dollars or fifty kilometers."
    assert spoken.tokens == (Token("It's"), Token("$5", 2), Token("or"), Token("50"), Token("km."))


def test_as_spoken_the_words_stand_for_themselves() -> None:
    assert told(AS_SPOKEN, "It's $5.") == ("It's five dollars.", [])


def test_without_normalising_no_rule_is_applied() -> None:
    assert told(OFF, "It's $5.") == ("It's $5.", [])


def test_spelled_words_are_told_as_one_or_by_character() -> None:
    text = "Code <spell>A1-B</spell>, ok"
    assert told(READ, text) == (
        "Code A one dash B, ok",
        [("Code", 1, ""), ("A1-B,", 4, "eɪ wʌn dæʃ biː"), ("ok", 1, "")],
    )
    assert told(AS_SPOKEN, text) == (
        "Code A one dash B, ok",
        [
            ("Code", 1, ""),
            ("A", 1, "eɪ"),
            ("one", 1, "wʌn"),
            ("dash", 1, "dæʃ"),
            ("B,", 1, "biː"),
            ("ok", 1, ""),
        ],
    )


def test_pauses_in_spelled_words_are_in_both_forms() -> None:
    text = "<spell>1-2 ?</spell>"
    assert told(READ, text) == (
        "one, two question mark",
        [("1-2", 2, "wʌn, tuː"), ("?", 2, "ˈkwɛstʃən mɑːɹk")],
    )
    assert told(AS_SPOKEN, text)[1][:2] == [("one,", 1, "wʌn"), ("two", 1, "tuː")]


@pytest.mark.parametrize("wording", [READ, AS_SPOKEN, OFF])
def test_phonemes_are_told_as_written_with_the_marks_that_touch_them(wording: Wording) -> None:
    assert told(wording, 'the "<<k|æ|t>>", it') == (
        'the "kæt", it',
        [("the", 1, ""), ('"<<k|æ|t>>",', 1, "kæt"), ("it", 1, "")],
    )


def test_words_that_touch_phonemes_stay_words() -> None:
    assert told(READ, "pre<<k|æ|t>>s") == (
        "pre kæt s",
        [("pre", 1, ""), ("<<k|æ|t>>", 1, "kæt"), ("s", 1, "")],
    )


def test_a_dictionary_goes_before_the_rules() -> None:
    entries = [Entry("$5", "a fiver"), Entry("New York", "<<n|uː>> <<j|ɔː|k>>"), Entry("Dr", "drive")]
    wording = Wording("en", pronunciations=Pronunciations(entries))
    assert told(wording, "$5, New York Dr.") == (
        "a fiver, New York drive.",
        [("$5,", 2, ""), ("New York", 2, "nuː jɔːk"), ("Dr.", 1, "")],
    )


PIECES = st.sampled_from(
    [
        "Hello ",
        "$5 ",
        "<<k|æ|t>>",
        "<spell>a-1 b</spell>",
        ",",
        '"',
        " ",
        "Dr. ",
        "cat",
        "3/4",
        "(",
        "?",
        "😀 ",
        "\n",
    ]
)
WORDINGS = st.builds(
    Wording,
    st.sampled_from(["en", "en-GB", "de"]),
    normalize=st.booleans(),
    pronunciations=st.sampled_from(
        [None, Pronunciations([Entry("cat", "big dog"), Entry("Hello", "<<h|i>>")])]
    ),
)


@given(st.lists(PIECES, max_size=10).map("".join), WORDINGS)
def test_tokens_account_for_every_word_in_both_forms_of_the_same_speech(text: str, wording: Wording) -> None:
    cut = parts(text)
    written = wording.speak("".join(part.text for part in cut), cut)
    as_spoken = Wording(wording.language, wording.normalize, True, wording.pronunciations).speak(
        "".join(part.text for part in cut), cut
    )
    assert as_spoken.text == written.text
    for spoken in (written, as_spoken):
        if spoken.tokens:
            assert sum(token.words for token in spoken.tokens) == len(spoken.text.split())
    if written.tokens:
        told = "".join(token.text for token in written.tokens)
        assert "".join(told.split()) == "".join("".join(part.text for part in cut).split())


@pytest.mark.parametrize(
    ("language", "normalize", "unread"),
    [("en", True, False), ("en-GB", True, False), ("de", True, True), ("de", False, False)],
)
def test_the_model_reads_only_what_nobody_here_can(*, language: str, normalize: bool, unread: bool) -> None:
    assert Wording(language, normalize=normalize).unread == unread
