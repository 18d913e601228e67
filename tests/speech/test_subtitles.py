from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.contract.events import Word
from antiphon.speech.subtitles import LINE_CHARS, LONGEST_S, PARTING_S, SHORTEST_S, cut, lines, shown, spread


def said(text: str, word_s: float = 0.3, pauses: dict[int, float] | None = None) -> list[Word]:
    """Words of one length each, with pauses before some."""
    words, at = [], 0.0
    for i, word in enumerate(text.split()):
        at += (pauses or {}).get(i, 0.0)
        words.append(Word(word, at, at + word_s))
        at += word_s
    return words


def texts(words: list[Word]) -> list[str]:
    return [cue.text for cue in cut(words)]


def test_sentences_are_shown_one_by_one() -> None:
    assert texts(said("Dr. Smith came in. He left again, too.")) == [
        "Dr. Smith came in.",
        "He left again, too.",
    ]


def test_sentences_too_short_to_be_read_are_shown_together() -> None:
    assert texts(said("Yes. No. I do not know.", word_s=0.2)) == ["Yes. No. I do not know."]


def test_a_subtitle_stays_while_it_is_read_if_nothing_follows() -> None:
    cues = cut(said("Hello. Then it went on for quite a while.", pauses={1: 3.0}))
    assert (cues[0].start_s, cues[0].end_s) == (0.0, 0.3)
    first, second = shown(cues)
    assert (first.start_s, first.end_s) == (0.0, SHORTEST_S)
    assert (second.start_s, second.end_s) == pytest.approx((3.3, 5.7))


def test_a_long_sentence_is_broken_where_the_speaker_breathes() -> None:
    text = "every word of this is spoken in one breath and " * 2 + "then, after that, it goes on for a while."
    assert texts(said(text, 0.2, {14: 0.4}))[0] == " ".join(text.split()[:14])
    comma = (
        "this sentence has no pause in it that one would hear, but it has a comma and that will have to do"
    )
    assert texts(said(comma, 0.2))[0].endswith("hear,")
    assert texts(said("la " * 40, 0.1)) == [("la " * 20).strip()] * 2


def test_nothing_is_shown_in_a_long_pause() -> None:
    first, second = cut(said("It ends here and goes on", pauses={3: PARTING_S}))
    assert (first.text, second.text) == ("It ends here", "and goes on")
    assert first.end_s < second.start_s


def test_words_without_times_take_time_by_their_letters() -> None:
    assert spread(" No more. ", 2.0, 6.5) == [Word("No", 2.0, 3.5), Word("more.", 3.5, 6.5)]
    assert spread("  ", 0.0, 1.0) == []
    assert shown(cut([])) == []


def test_scripts_without_blanks_get_none() -> None:
    assert texts(said("電 球 が とも って いた 。")) == ["電球がともっていた。"]
    assert texts(said("나는 AI 를 좋아해.")) == ["나는 AI 를 좋아해."]


def test_lines_are_nearly_alike_and_break_after_a_comma() -> None:
    assert lines("A short one.") == ["A short one."]
    assert lines("This one, which is too long for one line, has a comma in it.") == [
        "This one, which is too long for one line,",
        "has a comma in it.",
    ]
    assert lines("a" * 50) == ["a" * 50]


WORDS = st.lists(
    st.tuples(
        st.text("ab.,!?'…1", min_size=1, max_size=50),
        st.floats(-0.5, 5.0),  # before it: times may run backwards
        st.floats(-0.1, 9.0),  # of it
    ),
    max_size=40,
)


def timed(words: list[tuple[str, float, float]]) -> list[Word]:
    at, timed = 0.0, []
    for text, pause_s, word_s in words:
        start_s = max(0.0, at + pause_s)
        at = start_s + word_s
        timed.append(Word(text, start_s, at))
    return timed


@given(WORDS)
def test_every_word_is_shown_once_in_bounds_and_nothing_overlaps(
    words: list[tuple[str, float, float]],
) -> None:
    cues = shown(cut(timed(words)))
    assert [word for cue in cues for word in cue.text.split()] == [text for text, _, _ in words]
    for cue in cues:
        assert 0 <= cue.end_s - cue.start_s <= LONGEST_S + 1e-6
        rows = lines(cue.text)
        assert len(rows) <= 2
        assert " ".join(rows) == cue.text
        for line in rows:
            assert len(line) <= LINE_CHARS or " " not in line
    for before, after in pairwise(cues):
        assert before.end_s <= after.start_s


@given(WORDS)
def test_a_subtitle_too_short_to_be_read_had_no_time(words: list[tuple[str, float, float]]) -> None:
    cues = shown(cut(timed(words)))
    for before, after in pairwise(cues):
        if before.end_s - before.start_s < SHORTEST_S - 1e-6:
            assert after.start_s - before.end_s < 0.1
    if cues:
        assert cues[-1].end_s - cues[-1].start_s >= SHORTEST_S - 1e-6
