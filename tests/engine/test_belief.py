import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.engine.belief import LEAST_LOG_PROBABILITY, LEAST_WORD, MARGIN, Stretch, believed
from antiphon.models.protocols import Passage, Timed, Transcript


def transcript(*passages: Passage, words: tuple[Timed, ...] = ()) -> Transcript:
    return Transcript("".join(p.text for p in passages).strip(), words, passages=passages)


def passage(text: str, start: int = 0, end: int = 16_000, log: float = -0.1, **more: float) -> Passage:
    return Passage(text, start, end, log, len(text.split()), **more)


WHOLE = [Stretch(0, 48_000, 0.95)]


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
    speech = [Stretch(0, 16_000, 0.95), Stretch(80_000, 96_000, 0.95)]
    said, invented, after = (
        passage("One."),
        passage(" Two.", 40_000, 56_000),
        passage(" Three.", 80_000, 96_000),
    )
    assert believed(transcript(said, invented, after), speech).text == "One. Three."


def test_soft_edges_of_speech_count() -> None:
    heard = transcript(passage("Yes.", 16_000, 16_000 + MARGIN))
    assert believed(heard, [Stretch(0, 16_000, 0.95)]).text == "Yes."


def test_sound_that_is_hardly_speech_makes_no_words() -> None:
    heard = transcript(passage("Hey up!", 0, 4_000, log=-0.8))
    assert believed(heard, [Stretch(0, 4_000, 0.55)]).text == ""
    assert believed(heard, [Stretch(0, 4_000, 0.75)]).text == "Hey up!"
    sure = transcript(passage("Five.", 0, 4_000, log=-0.1))
    assert believed(sure, [Stretch(0, 4_000, 0.55)]).text == "Five."


def test_each_passage_is_judged_by_the_speech_it_lies_in() -> None:
    speech = [Stretch(0, 16_000, 0.95), Stretch(40_000, 44_000, 0.5)]
    heard = transcript(passage("One."), passage(" You.", 40_000, 44_000, log=-0.3))
    assert believed(heard, speech).text == "One."


@given(st.lists(st.tuples(st.integers(0, 320_000), st.integers(0, 320_000), st.floats(-5, 0))), st.booleans())
def test_what_is_kept_is_some_of_what_was_written(rows: list[tuple[int, int, float]], timed: bool) -> None:
    passages = [passage(f" w{i}", min(a, b), max(a, b), log) for i, (a, b, log) in enumerate(rows)]
    words = tuple(Timed(p.text.strip(), p.start, p.end) for p in passages) if timed else ()
    kept = believed(transcript(*passages, words=words), [Stretch(0, 320_000, 1.0)])
    names = kept.text.split()
    assert names == [p.text.strip() for p in kept.passages]
    assert [word.text for word in kept.words] == (names if timed else [])
    fit = [
        p for p in passages if p.log_probability >= LEAST_LOG_PROBABILITY and p.end - p.start >= LEAST_WORD
    ]
    assert kept.passages == tuple(fit)
