from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.openai.segments import LONGEST_S, MOST_CHARS, cut
from antiphon.contract.events import Final, Word


def final(text: str, word_s: float = 0.3, pauses: dict[int, float] | None = None) -> Final:
    """Words of one length each, with pauses before some."""
    words, at = [], 0.0
    for i, word in enumerate(text.split()):
        at += (pauses or {}).get(i, 0.0)
        words.append(Word(word, at, at + word_s))
        at += word_s
    return Final(job="j", attempt=0, seq=0, text=text, start_s=0.0, end_s=at, words=tuple(words))


def texts(*finals: Final) -> list[str]:
    return [segment.text for segment in cut(finals)]


def test_sentences_are_segments() -> None:
    assert texts(final("Dr. Smith came. He left, too.")) == ["Dr. Smith came.", "He left, too."]


def test_each_segment_lasts_from_its_first_word_to_its_last() -> None:
    first, second = cut([final("One two. Three four.", word_s=0.5, pauses={2: 1.0})])
    assert (first.start_s, first.end_s) == (0.0, 1.0)
    assert (second.start_s, second.end_s) == (2.0, 3.0)


def test_a_long_sentence_is_cut_where_one_would_take_a_breath() -> None:
    text = "every word of this is spoken in one breath and " * 2 + "then, after that, it goes on for a while."
    assert texts(final(text, 0.2, {14: 0.4}))[0] == " ".join(text.split()[:14])
    comma = (
        "this sentence has no pause in it that one would hear, but it has a comma and that will have to do"
    )
    assert texts(final(comma, 0.2))[0].endswith("hear,")
    assert texts(final("la " * 40, 0.1)) == [("la " * 20).strip()] * 2


def test_what_was_not_understood_is_no_segment_and_words_without_times_are_one() -> None:
    silent = Final(job="j", attempt=0, seq=0, text="", start_s=0.0, end_s=1.0)
    whole = Final(job="j", attempt=0, seq=0, text=" One. Two.", start_s=1.0, end_s=2.0)
    (segment,) = cut([silent, whole])
    assert (segment.text, segment.start_s, segment.end_s) == ("One. Two.", 1.0, 2.0)


@given(
    st.lists(st.text("ab.,!?'…1", min_size=1, max_size=12), min_size=1, max_size=80),
    st.floats(0.05, 1.0),
    st.dictionaries(st.integers(0, 80), st.floats(0.0, 3.0), max_size=10),
)
def test_no_word_is_lost_and_no_segment_too_long(
    words: list[str], word_s: float, pauses: dict[int, float]
) -> None:
    segments = cut([final(" ".join(words), word_s, pauses)])
    assert " ".join(segment.text for segment in segments).split() == words
    for segment in segments:
        assert len(segment.text) <= MOST_CHARS or " " not in segment.text
        assert segment.end_s - segment.start_s <= LONGEST_S or " " not in segment.text
