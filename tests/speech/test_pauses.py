from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.speech.pauses import FINISHED_S, OPEN_S, Pause, fading, lasting


def falls_to(level: float, text: str) -> float:
    """Seconds of silence until the likelihood is below the level, to 10 ms."""
    return next(i / 100 for i in range(2000) if fading(Pause(i / 100, text)) < level)


@given(
    st.text(max_size=40),
    st.lists(st.floats(0, 20), min_size=2, max_size=8),
    st.none() | st.floats(0, 1),
)
def test_it_is_a_likelihood_that_falls_as_the_pause_lasts(
    text: str, silences: list[float], complete: float | None
) -> None:
    levels = [lasting(Pause(silence, text, complete)) for silence in sorted(silences)]
    assert all(0 <= level <= 1 for level in levels)
    assert all(before >= after for before, after in pairwise(levels))


@pytest.mark.parametrize("text", ["", "Thank you.", "Is it?", 'He said "Stop!"', "Ende. Gut!", "好的。"])
def test_after_a_whole_sentence_or_nothing_it_falls_fast(text: str) -> None:
    assert fading(Pause(FINISHED_S, text)) < 0.4
    assert 0.5 < falls_to(0.2, text) < 0.7


@pytest.mark.parametrize(
    "text",
    ["I would like", "I would like,", "Well...", "Wait…", "I want a.", "And then the.", "So um.", "Because?"],
)
def test_after_what_leaves_a_sentence_open_it_falls_slowly(text: str) -> None:
    assert fading(Pause(OPEN_S / 2, text)) > 0.4
    assert falls_to(0.2, text) > 1.5


@given(st.text(max_size=40), st.floats(0, 12), st.floats(0, 1), st.floats(0, 1))
def test_the_more_a_pause_sounds_like_an_end_the_less_likely_the_turn_goes_on(
    text: str, silence_s: float, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert lasting(Pause(silence_s, text, more)) <= lasting(Pause(silence_s, text, less))


@given(st.text(max_size=40), st.floats(0, 12), st.floats(0, 1), st.floats(-20, 20), st.floats(-20, 20))
def test_the_surer_the_recogniser_is_of_the_full_stop_the_less_likely_the_turn_goes_on(
    text: str, silence_s: float, complete: float, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert lasting(Pause(silence_s, text, complete, more)) <= lasting(Pause(silence_s, text, complete, less))


def test_a_sure_end_of_a_sentence_ends_a_turn_at_once() -> None:
    assert lasting(Pause(0.2, "Can you help me?", 0.99, 7.0)) < 0.2


@pytest.mark.parametrize(
    "pause",
    [
        Pause(0.8, "I want to buy the.", 0.9, 5.0),
        Pause(1.2, "I would like.", 0.9, 2.5),
        Pause(1.2, "Jump the fence.", 0.5, 4.0),
        Pause(1.2, "I would like", 0.02, 0.0),
    ],
)
def test_whoever_may_go_on_is_waited_for_but_not_for_ever(pause: Pause) -> None:
    assert lasting(pause) > 0.4
    assert lasting(replace(pause, silence_s=3.5)) < 0.2


def test_a_recogniser_that_does_not_tell_how_sure_it_is_ends_turns_all_the_same() -> None:
    assert lasting(Pause(0.2, "Can you help me?", 0.99)) > 0.2
    assert lasting(Pause(1.4, "Can you help me?", 0.99)) < 0.2


def test_where_nobody_judges_sounds_silence_and_text_do() -> None:
    for text in ("Thank you.", "I would like"):
        assert lasting(Pause(0.5, text)) == fading(Pause(0.5, text))
