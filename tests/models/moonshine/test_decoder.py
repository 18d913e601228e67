import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.decoder import before_loop, what_follows
from antiphon.models.moonshine.encoder import Stem


@given(st.integers(1, 12), st.lists(st.integers(100, 200), unique=True, max_size=10))
def test_one_round_of_a_circle_stays(period: int, before: list[int]) -> None:
    circle = list(range(period))
    tokens, kept = list(before), None
    for _ in range(12):
        for token in circle:
            tokens.append(token)
            kept = kept or before_loop(tokens)
    assert kept == len(before) + period


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_people_repeat_themselves_a_little(said: list[int]) -> None:
    assert before_loop([7, *said * 2, 8]) is None


def test_the_rest_of_a_draft_is_found_again_after_another_word() -> None:
    draft = [1, 2, 3, 4, 5, 6, 9]
    assert what_follows(draft, [1, 7, 3]) == [4, 5, 6, 9]
    assert what_follows(draft, [8]) == [9]  # texts end alike
    assert what_follows([], [8]) == []


@pytest.mark.models
def test_a_draft_changes_nothing_whatever_it_says(moonshine: MoonshineModel, clips: list) -> None:
    windows = [clip.samples for clip in clips]
    memories = [moonshine._encoder.encode(window, 4_800, Stem()) for window in windows]
    [plain] = moonshine._decoder.decode(memories[:1], [60], [[]])
    right = plain.tokens
    drafts = [[], right, right[:7], right[2:], [*right, 17, 18], [*right[:5], 99, *right[5:]], right[::-1]]
    for draft in drafts:
        [drafted] = moonshine._decoder.decode(memories[:1], [60], [draft])
        assert drafted.tokens == right
        np.testing.assert_allclose(drafted.log_probabilities, plain.log_probabilities, atol=1e-2)
        np.testing.assert_allclose(drafted.looks, plain.looks, atol=1e-2)
    together = moonshine._decoder.decode(memories[:1] * len(drafts), [60] * len(drafts), drafts)
    assert all(path.tokens == right for path in together)


@pytest.mark.models
def test_a_row_does_not_depend_on_its_neighbours(moonshine: MoonshineModel, clips: list) -> None:
    memories = [moonshine._encoder.encode(clip.samples, 4_800, Stem()) for clip in clips]
    together = moonshine._decoder.decode(memories, [60] * len(clips), [[]] * len(clips))
    alone = [moonshine._decoder.decode([memory], [60], [[]])[0] for memory in memories]
    assert [path.tokens for path in together] == [path.tokens for path in alone]


@pytest.mark.models
def test_no_more_tokens_than_the_limit(moonshine: MoonshineModel, clips: list) -> None:
    memory = moonshine._encoder.encode(clips[0].samples, 4_800, Stem())
    [free] = moonshine._decoder.decode([memory], [60], [[]])
    for draft in ([], free.tokens):
        [path] = moonshine._decoder.decode([memory], [5], [draft])
        assert path.tokens == free.tokens[:5]
