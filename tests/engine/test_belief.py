import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.belief import LEAST_LOG_PROBABILITY, LEAST_WORD, MARGIN, believed
from antiphon.models.protocols import Passage, Timed, Transcript


def transcript(*passages: Passage, words: tuple[Timed, ...] = ()) -> Transcript:
    return Transcript("".join(p.text for p in passages).strip(), words, passages=passages)


def passage(text: str, start: int = 0, end: int = 16_000, log: float = -0.1, **more: float) -> Passage:
    return Passage(text, start, end, log, len(text.split()), **more)


WHOLE = [(0, 48_000)]


def test_a_model_that_tells_nothing_of_its_words_is_believed() -> None:
    heard = Transcript("All of it.")
    assert believed(heard, []) is heard


def test_what_was_said_stays_as_it_is() -> None:
    heard = transcript(passage("Good morning."), passage(" No.", 16_000, 20_000))
    assert believed(heard, WHOLE) is heard


@pytest.mark.parametrize(
    "invented",
    [
        passage(" Thank you.", 20_000, 36_000, log=LEAST_LOG_PROBABILITY - 0.1),
        passage(" Thank you.", 20_000, 20_300),
        passage(" Thank you.", 20_000, 36_000, log=-1.1, no_speech=0.7),
        passage(" ...", 20_000, 36_000),
    ],
    ids=["improbable", "no time", "doubted", "nothing spoken"],
)
def test_a_passage_that_was_not_said_goes_with_its_words(invented: Passage) -> None:
    said = passage("Good morning.")
    words = (Timed("Good", 0, 8_000), Timed("morning.", 8_000, 16_000))
    more = tuple(Timed(word, 20_000, 20_100) for word in invented.text.split())
    kept = believed(transcript(said, invented, words=words + more), WHOLE)
    assert (kept.text, kept.words, kept.passages) == ("Good morning.", words, (said,))
    kept = believed(transcript(invented, said, words=more + words), WHOLE)
    assert (kept.text, kept.words) == ("Good morning.", words)
    assert believed(transcript(invented), WHOLE).text == ""


def test_a_sentence_in_a_long_silence_was_not_said() -> None:
    speech = [(0, 16_000), (80_000, 96_000)]
    said, invented, after = (
        passage("One."),
        passage(" Two.", 40_000, 56_000),
        passage(" Three.", 80_000, 96_000),
    )
    assert believed(transcript(said, invented, after), speech).text == "One. Three."


def test_soft_edges_of_speech_count() -> None:
    heard = transcript(passage("Yes.", 16_000, 16_000 + MARGIN))
    assert believed(heard, [(0, 16_000)]).text == "Yes."


@given(st.lists(st.tuples(st.integers(0, 320_000), st.integers(0, 320_000), st.floats(-5, 0))), st.booleans())
def test_what_is_kept_is_some_of_what_was_written(rows: list[tuple[int, int, float]], timed: bool) -> None:
    passages = [passage(f" w{i}", min(a, b), max(a, b), log) for i, (a, b, log) in enumerate(rows)]
    words = tuple(Timed(p.text.strip(), p.start, p.end) for p in passages) if timed else ()
    kept = believed(transcript(*passages, words=words), [(0, 320_000)])
    names = kept.text.split()
    assert names == [p.text.strip() for p in kept.passages]
    assert [word.text for word in kept.words] == (names if timed else [])
    fit = [
        p for p in passages if p.log_probability >= LEAST_LOG_PROBABILITY and p.end - p.start >= LEAST_WORD
    ]
    assert kept.passages == tuple(fit)
