import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.loadtest.plainwords import plain_words
from antiphon.loadtest.wordrate import CONTEXT, Edit, WordErrors, word_edits, word_errors

SAID = st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=12).map(" ".join)
HEARD = SAID | st.just("")


@given(SAID, HEARD)
def test_the_errors_are_as_many_as_jiwers(said: str, heard: str) -> None:
    errors = word_errors(said, heard)
    assert errors.rate == pytest.approx(jiwer.wer(said, heard))
    assert errors.inserted - errors.dropped == len(heard.split()) - len(said.split())


@given(SAID, HEARD)
def test_the_edits_are_the_errors(said: str, heard: str) -> None:
    edits = word_edits(said, heard)
    kinds = [edit.kind for edit in edits]
    errors = word_errors(said, heard)
    assert (errors.replaced, errors.dropped, errors.inserted) == tuple(
        map(kinds.count, ("replaced", "dropped", "inserted"))
    )


@given(SAID, HEARD)
def test_edits_stand_where_they_say(said: str, heard: str) -> None:
    padded = f" {said} "
    for edit in word_edits(said, heard):
        place = " ".join(filter(None, (edit.before, edit.said, edit.after)))
        assert f" {place} " in padded
        assert (edit.said == "", edit.heard == "") == (edit.kind == "inserted", edit.kind == "dropped")
        assert edit.said != edit.heard
        assert len(edit.before.split()) <= CONTEXT


@given(SAID, HEARD)
def test_edits_and_what_was_right_make_up_both_texts(said: str, heard: str) -> None:
    edits = word_edits(said, heard)
    right = len(said.split()) - sum(edit.said != "" for edit in edits)
    assert right == len(heard.split()) - sum(edit.heard != "" for edit in edits)


def test_an_edit_is_shown_between_its_neighbours() -> None:
    assert word_edits("The calm sea, this fine morning!", "the calm see this fine morning") == (
        Edit("replaced", "sea", "see", "the calm", "this fine morning"),
    )


@pytest.mark.parametrize(
    ("written", "also"),
    [
        ("Half-past Seven, isn't it?", "half past seven is not it"),
        ("Mr. Smith paid $5.50", "mister smith paid five dollars and fifty cents"),
        ("It’s 2 o'clock", "it is two o'clock"),
        ("two hundred and five", "205"),
        ("Um, we're at the harbour", "we are at the harbor"),
        ("John's café", "john's cafe"),
        ("I can't, cannot, can not", "I can not can not can not"),
    ],
)
def test_spellings_of_the_same_words_are_no_errors(written: str, also: str) -> None:
    assert plain_words(written) == plain_words(also)


@pytest.mark.parametrize(
    ("said", "heard"), [("his", "he is"), ("its", "it is"), ("well", "we'll"), ("he", "he's"), ("ten", "11")]
)
def test_other_words_stay_errors(said: str, heard: str) -> None:
    assert plain_words(said) != plain_words(heard)


@given(st.text(st.sampled_from("abst'’.,-! \n019$%éSI"), max_size=40))
def test_words_are_plain_already(text: str) -> None:
    words = plain_words(text)
    assert plain_words(" ".join(words)) == words
    assert all(word and set(word) <= set("abcdefghijklmnopqrstuvwxyz'") for word in words)


@given(SAID)
def test_case_and_punctuation_do_not_count(said: str) -> None:
    assert word_errors(said, said.title().replace(" ", ", ") + "?").errors == 0


def test_texts_add_up_by_their_words() -> None:
    both = word_errors("one two three", "one two") + word_errors("four", "four")
    assert both == WordErrors(dropped=1, words=4)
    assert both.rate == pytest.approx(1 / 4)
    assert WordErrors().rate is None
