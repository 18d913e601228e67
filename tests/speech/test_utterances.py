from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.speech.framing import Frame
from antiphon.speech.utterances import POST_ROLL, PRE_ROLL, Judged, Utterance, Utterances

SIZE = 512
MAX_SILENCE = 10
MAX_LENGTH = 60


def judged(probabilities: Sequence[float], energies: dict[int, float] | None = None) -> list[Judged]:
    levels = energies or {}
    return [
        Judged(Frame(i * SIZE, np.full(SIZE, levels.get(i, 1.0), np.float32)), probability)
        for i, probability in enumerate(probabilities)
    ]


def run(frames: Sequence[Judged]) -> list[Utterance]:
    utterances = Utterances(MAX_SILENCE * SIZE, MAX_LENGTH * SIZE)
    found = [utterances.add(frame) for frame in frames]
    return [utterance for utterance in [*found, utterances.close()] if utterance]


def spans(found: list[Utterance]) -> list[tuple[int, int]]:
    return [(u.start // SIZE, u.end // SIZE) for u in found]


def test_a_word_is_heard_with_what_surrounds_it() -> None:
    assert spans(run(judged([0.0] * 20 + [0.9] * 5 + [0.0] * 20))) == [(20 - PRE_ROLL, 25 + POST_ROLL)]


def test_a_click_is_no_utterance() -> None:
    assert run(judged([0.0] * 20 + [0.9] * 2 + [0.0] * 20)) == []


def test_probability_between_the_thresholds_keeps_speech_going_but_starts_none() -> None:
    assert run(judged([0.4] * 40)) == []
    assert spans(run(judged([0.9] * 3 + [0.4] * 30))) == [(0, 33)]


def test_a_stop_hears_even_a_single_frame_and_the_rest_of_the_word_after_it() -> None:
    utterances = Utterances(MAX_SILENCE * SIZE, MAX_LENGTH * SIZE)
    first, second, *silence = judged([0.9, 0.4] + [0.0] * MAX_SILENCE)
    utterances.add(first)
    assert spans([utterances.close()]) == [(0, 1)]
    assert utterances.add(second) is None
    assert spans([u for frame in silence if (u := utterances.add(frame))]) == [(1, 2 + POST_ROLL)]


def test_a_long_utterance_is_cut_in_its_last_pause_that_is_long_enough() -> None:
    probabilities = [0.9] * 45 + [0.0] * 4 + [0.9] * 2 + [0.0] + [0.9] * 30
    assert spans(run(judged(probabilities))) == [(0, 47), (47, 82)]


def test_a_short_word_after_such_a_cut_is_heard() -> None:
    assert spans(run(judged([0.9] * 45 + [0.0] * 8 + [0.9] * 2 + [0.0] * 20))) == [
        (0, 49),
        (49, 55 + POST_ROLL),
    ]


def test_without_a_pause_it_is_torn_and_what_is_taken_back_begins_the_next() -> None:
    utterances = Utterances(MAX_SILENCE * SIZE, MAX_LENGTH * SIZE)
    frames = judged([0.9] * 80)
    [torn] = [u for frame in frames[:MAX_LENGTH] if (u := utterances.add(frame))]
    assert torn.torn
    assert spans([torn]) == [(0, MAX_LENGTH)]
    assert utterances.kept is None
    utterances.take_back(torn.frames[50:])
    for frame in frames[MAX_LENGTH:]:
        utterances.add(frame)
    rest = utterances.close()
    assert not rest.torn
    assert spans([rest]) == [(50, 80)]


def test_after_a_torn_utterance_the_rest_of_a_word_needs_no_proof() -> None:
    utterances = Utterances(MAX_SILENCE * SIZE, MAX_LENGTH * SIZE)
    found = [utterances.add(frame) for frame in judged([0.9] * 61 + [0.0] * MAX_SILENCE)]
    assert spans([u for u in found if u]) == [(0, 60), (60, 61 + POST_ROLL)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), st.integers(1, 40)), max_size=12))
def test_frames_go_into_at_most_one_utterance_in_order(runs: list[tuple[float, int]]) -> None:
    frames = judged([p for p, length in runs for _ in range(length)])
    found = run(frames)
    starts = [frame.frame.start for utterance in found for frame in utterance.frames]
    assert starts == sorted(set(starts))
    assert all(len(utterance.frames) <= MAX_LENGTH for utterance in found)
    heard = set(starts)
    for i in range(len(frames) - 2):
        if all(frame.probability >= 0.5 for frame in frames[i : i + 3]):
            assert heard.issuperset(frame.frame.start for frame in frames[i : i + 3])


@pytest.mark.parametrize("probability", [0.0, 0.9])
def test_what_is_held_is_bounded(probability: float) -> None:
    utterances = Utterances(MAX_SILENCE * SIZE, MAX_LENGTH * SIZE)
    for frame in judged([probability] * 500):
        utterances.add(frame)
        assert utterances.kept is None or frame.frame.end - utterances.kept <= MAX_LENGTH * SIZE
