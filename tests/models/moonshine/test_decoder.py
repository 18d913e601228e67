import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.moonshine import MoonshineModel
from antiphon.models.moonshine.decoder import Decoded, before_loop, what_follows
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


def same(paths: list[Decoded], others: list[Decoded]) -> float:
    """Share of paths with the same tokens. Rounding can tip a choice that was close."""
    return float(np.mean([a.tokens == b.tokens for a, b in zip(paths, others, strict=True)]))


@pytest.mark.models
def test_a_draft_changes_nothing_whatever_it_says(moonshine: MoonshineModel, clips: list) -> None:
    memories = [moonshine._encoder.encode(clip.samples, 4_800, Stem()) for clip in clips]
    drafted, plain = [], []
    for memory in memories:
        [path] = moonshine._decoder.decode([memory], [60], [[]])
        right = path.tokens
        drafts = [right, right[:7], right[2:], [*right, 17, 18], [*right[:5], 99, *right[5:]], right[::-1]]
        drafted += [moonshine._decoder.decode([memory], [60], [draft])[0] for draft in drafts[:3]]
        drafted += moonshine._decoder.decode([memory] * len(drafts), [60] * len(drafts), drafts)
        plain += [path] * (len(drafts) + 3)
    assert same(drafted, plain) >= 0.9
    for a, b in zip(drafted, plain, strict=True):
        if a.tokens == b.tokens:
            np.testing.assert_allclose(a.log_probabilities, b.log_probabilities, atol=0.3)
            np.testing.assert_allclose(a.looks, b.looks, atol=0.1)


@pytest.mark.models
def test_a_row_does_not_depend_on_its_neighbours(moonshine: MoonshineModel, clips: list) -> None:
    memories = [moonshine._encoder.encode(clip.samples[:40_000], 4_800, Stem()) for clip in clips]
    together = moonshine._decoder.decode(memories, [60] * len(clips), [[]] * len(clips))
    alone = [moonshine._decoder.decode([memory], [60], [[]])[0] for memory in memories]
    assert same(together, alone) >= 0.75


@pytest.mark.models
def test_no_more_tokens_than_the_limit(moonshine: MoonshineModel, clips: list) -> None:
    memory = moonshine._encoder.encode(clips[0].samples, 4_800, Stem())
    [free] = moonshine._decoder.decode([memory], [60], [[]])
    for draft in ([], free.tokens):
        [path] = moonshine._decoder.decode([memory], [5], [draft])
        assert len(path.tokens) == min(5, len(free.tokens))
