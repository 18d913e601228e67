from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.text.pronunciation import Pronunciation, Pronunciations


@dataclass(frozen=True)
class Entry:
    text: str
    alias: str
    case_sensitive: bool = True


def find(text: str, *entries: Entry) -> list[str | Pronunciation]:
    return Pronunciations(entries).find(text)


def applied(text: str, *entries: Entry) -> str:
    parts = find(text, *entries)
    return "".join(p if isinstance(p, str) else f"{{{p.phonemes or p.words}}}" for p in parts)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("a cat sat", "a {kitty} sat"),
        ("Cat and cat", "{kitty} and {kitty}"),
        ("a Cat", "a Cat"),
        ("Well. Cat! “Cat”", "Well. {kitty}! “{kitty}”"),
        ("CAT", "CAT"),
        ("cats, concat, cat_1", "cats, concat, cat_1"),
        ("the cat's bowl", "the {kitty's} bowl"),
        ("cat-like", "{kitty}-like"),
        ("cat", "{kitty}"),
    ],
)
def test_case_counts_but_at_the_beginning_of_a_sentence(text: str, spoken: str) -> None:
    assert applied(text, Entry("cat", "kitty")) == spoken


@pytest.mark.parametrize("text", ["nasa", "NASA", "NaSa"])
def test_case_may_be_told_not_to_count(text: str) -> None:
    assert applied(text, Entry("Nasa", "space people", case_sensitive=False)) == "{space people}"


def test_a_capital_of_the_entry_counts() -> None:
    assert applied("Polish polish", Entry("Polish", "from Poland")) == "{from Poland} polish"


def test_the_longest_entry_wins_and_blanks_are_alike() -> None:
    entries = [Entry("New", "n"), Entry("New  York", "ny"), Entry("New York City", "nyc")]
    assert applied("New\nYork  City, New York, New", *entries) == "{nyc}, {ny}, {n}"


def test_an_exact_entry_goes_before_one_without_case() -> None:
    entries = [Entry("US", "you ess"), Entry("us", "ours", case_sensitive=False)]
    assert applied("US Us us", *entries) == "{you ess} {ours} {ours}"


def test_signs_are_part_of_words() -> None:
    entries = [Entry("C++", "see plus plus"), Entry(".NET", "dot net")]
    assert applied("C++, .NET and ASP.NET", *entries) == "{see plus plus}, {dot net} and ASP{dot net}"


@pytest.mark.parametrize(
    ("alias", "spoken"),
    [
        ("<<k|æ|t>>", Pronunciation("cat", "cat", "kæt")),
        (" <<k æ t>> <<s>> ", Pronunciation("cat", "cat", "kæt s")),
        ("a <<k|æ|t>> here", Pronunciation("cat", "a kæt here")),
        ("<<>>", Pronunciation("cat", "cat")),
    ],
)
def test_an_alias_is_words_or_phonemes(alias: str, spoken: Pronunciation) -> None:
    assert find("cat", Entry("cat", alias)) == [spoken]


@pytest.mark.parametrize(("sounds", "end"), [("kæt", "s"), ("dɔɡ", "z"), ("hɔːɹs", "ɪz"), ("", "")])
def test_a_possessive_sounds_as_it_must(sounds: str, end: str) -> None:
    [found] = find("pet’s", Entry("pet", f"<<{sounds}>>"))
    assert found == Pronunciation("pet’s", "pet’s", sounds + end)


def test_entries_without_text_or_alias_never_apply() -> None:
    assert applied("a b", Entry("", "x"), Entry(" ", "x"), Entry("a", " ")) == "a b"


@given(
    st.text("abAB'. \n+", max_size=30),
    st.lists(st.builds(Entry, st.text("abAB +.", max_size=4), st.just("x"), st.booleans()), max_size=4),
)
def test_no_character_is_lost(text: str, entries: list[Entry]) -> None:
    parts = find(text, *entries)
    assert "".join(p if isinstance(p, str) else p.text for p in parts) == text
