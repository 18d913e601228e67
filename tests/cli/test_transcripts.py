import json

from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli.client import Word
from antiphon.cli.filehearing import Done, Heard, Piece, Progress
from antiphon.cli.transcripts import Form, render


def heard(*pieces: tuple[str, float, float], complete: bool = True) -> Heard:
    """Pieces that join as they are, each with where it was said."""
    result = Heard()
    for text, start, end in pieces:
        result.take(Progress(end))
        result.take(Piece(text, start, end, language="en", words=(Word(text.split()[0], start, end),)))
    if complete:
        result.take(Done(60.0, "en"))
    return result


def test_text_begins_a_line_at_a_pause_and_not_where_the_recogniser_had_enough() -> None:
    said = heard(("It was", 0, 2), (" the best", 2, 4), (" of times.", 4.5, 6), (" It was", 8, 9))
    assert render(said, "text", "a.wav", words=False) == "It was the best of times.\nIt was\n"
    assert render(Heard(), "text", "a.wav", words=True) == ""


def test_words_stand_below_the_text() -> None:
    said = heard(("Good", 0.5, 1), (" morning.", 1, 61.25))
    assert render(said, "text", "a.wav", words=True) == (
        "Good morning.\n     0.50      1.00  Good\n     1.00     61.25  morning.\n"
    )


def test_json_says_whether_all_of_it_was_heard() -> None:
    half = json.loads(render(heard(("Hm.", 0, 1), complete=False), "json", "a.wav", words=False))
    assert (half["is_final"], half["duration"], half["file"]) == (False, 1, "a.wav")
    assert "words" not in half
    whole = json.loads(render(heard(("Hm.", 0, 1)), "json", "a.wav", words=True))
    assert (whole["is_final"], whole["duration"], whole["language"]) == (True, 60, "en")
    assert whole["words"] == [{"word": "Hm.", "start": 0, "end": 1}]


@given(
    st.lists(st.tuples(st.text("ab.,", min_size=1), st.floats(0, 3), st.floats(0, 30)), max_size=20),
    st.sampled_from(["text", "srt", "vtt"]),
)
def test_every_form_tells_every_word_once(pieces: list[tuple[str, float, float]], form: Form) -> None:
    result, at = Heard(), 0.0
    for text, pause, seconds in pieces:
        result.take(Piece(f" {text}", at + pause, at + pause + seconds))
        at += pause + seconds
    told = render(result, form, "a.wav", words=False)
    shown = [
        line for line in told.splitlines() if "-->" not in line and line != "WEBVTT" and not line.isdigit()
    ]
    assert " ".join(shown).split() == [text for text, _, _ in pieces]
