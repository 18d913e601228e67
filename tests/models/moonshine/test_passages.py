import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.belief import Stretch, believed
from antiphon.models.moonshine.passages import passages, sentences
from antiphon.models.moonshine.tokens import SpokenWord
from antiphon.models.protocols import Passage, Transcript

WORDS = [
    SpokenWord("Good", (0,)),
    SpokenWord("morning.", (1, 2)),
    SpokenWord("Thank", (4,)),
    SpokenWord("you.", (5,)),
]
SPANS = [(0, 8_000), (8_000, 20_000), (24_000, 30_000), (30_000, 30_300)]


def test_a_passage_is_a_sentence_with_its_times_and_tokens() -> None:
    said = passages(WORDS, SPANS, [-1.0, -2.0, -3.0, -2.0, -0.5, -0.5, -0.5, -0.5], closed=4.0)
    assert said == (
        Passage("Good morning.", 0, 20_000, pytest.approx(-2.0), 2, doubts=(-1.0, -3.0)),
        Passage(" Thank you.", 24_000, 30_300, pytest.approx(-0.5), 2, doubts=(-0.5, -0.5), closed=4.0),
    )


def test_a_sentence_whose_words_have_no_time_has_no_place() -> None:
    spans = [*SPANS[:2], (24_000, 24_384), (29_000, 29_384)]
    said, invented = passages(WORDS, spans, [-0.1] * 8)
    assert (said.start, said.end) == (0, 20_000)
    assert invented.start == invented.end
    heard = Transcript("Good morning. Thank you.", passages=(said, invented))
    assert believed(heard, [Stretch(0, 32_000, 0.95)]).text == "Good morning."


def test_a_last_sentence_may_have_no_end() -> None:
    assert sentences(WORDS[:3]) == [range(2), range(2, 3)]
    assert sentences([]) == []


@given(st.lists(st.sampled_from(["a", "b.", "c?", "d,"]), min_size=1))
def test_passages_joined_are_the_text(texts: list[str]) -> None:
    words = [SpokenWord(text, (i,)) for i, text in enumerate(texts)]
    said = passages(words, [(i, i + 1) for i in range(len(words))], [-0.1] * (len(words) + 1))
    assert "".join(passage.text for passage in said) == " ".join(texts)
    assert sum(passage.words for passage in said) == len(texts)
