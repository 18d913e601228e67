from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.speech.pauses import FINISHED_S, OPEN_S, Pause, fading


def falls_to(level: float, text: str) -> float:
    """Seconds of silence until the likelihood is below the level, to 10 ms."""
    return next(i / 100 for i in range(2000) if fading(Pause(i / 100, text)) < level)


@given(st.text(max_size=40), st.lists(st.floats(0, 20), min_size=2, max_size=8))
def test_it_is_a_likelihood_that_falls_as_the_pause_lasts(text: str, silences: list[float]) -> None:
    levels = [fading(Pause(silence, text)) for silence in sorted(silences)]
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
