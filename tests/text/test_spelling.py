import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.text.spelling import Sign, spell


def said(word: str, language: str = "en") -> str:
    return " ".join(sign.name + ("," if sign.pause else "") for sign in spell(word, language))


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("aB1", "A B one"),
        ("555-0123", "five five five, zero one two three"),
        ("(415)", "four one five,"),
        ("A-1", "A dash one"),
        ("x@y.io", "X at Y dot I O"),
        ("Zoë", "Z O E"),
        ("ok?", "O K question mark"),
        ("½", "one, two"),
        ("☃", ""),
        ("жд", "Ж Д"),
    ],
)
def test_characters_are_named(word: str, names: str) -> None:
    assert said(word) == names


def test_other_languages_name_their_letters_themselves() -> None:
    assert spell("a1-b", "de") == (Sign("A", ""), Sign("1", "", pause=True), Sign("B", ""))


@given(st.text(max_size=20))
def test_any_word_has_names_of_as_many_words_as_phonemes(word: str) -> None:
    for sign in spell(word, "en"):
        assert sign.name.strip()
        assert not sign.phonemes or len(sign.name.split()) == len(sign.phonemes.split())
