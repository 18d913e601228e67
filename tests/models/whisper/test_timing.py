import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.whisper.timing import spans


def bursts(*pieces: tuple[float, float]) -> np.ndarray:
    """Noise from ``begin`` to ``end`` seconds of each piece, silence around it, three seconds in all."""
    samples = np.zeros(3 * 16_000, np.float32)
    for begin, end in pieces:
        first, last = round(begin * 16_000), round(end * 16_000)
        samples[first:last] = np.random.default_rng(0).normal(0, 0.1, last - first)
    return samples


def seconds(placed: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start / 16_000, end / 16_000) for start, end in placed]


def test_a_pause_belongs_to_no_word() -> None:
    # Attention turns to the second word at once when the first one ends, at 1.0 s.
    placed = seconds(spans([20, 45, 150], bursts((0.5, 1.1), (2.0, 2.5))))
    assert placed == [pytest.approx((0.5, 1.1), abs=0.02), pytest.approx((2.0, 2.5), abs=0.02)]


def test_the_end_of_a_word_on_the_part_of_the_next_is_given_back() -> None:
    placed = seconds(spans([20, 40, 150], bursts((0.5, 1.2), (2.0, 2.5))))
    assert placed == [pytest.approx((0.5, 1.2), abs=0.02), pytest.approx((2.0, 2.5), abs=0.02)]


def test_words_without_a_pause_touch() -> None:
    first, second = spans([20, 45, 95], bursts((0.5, 2.0)))
    assert first[1] == second[0] == 16_000


@given(st.lists(st.integers(0, 160), max_size=12), st.integers(0, 48_000), st.floats(0, 0.5))
def test_words_come_in_order_within_the_window(positions: list[int], length: int, level: float) -> None:
    samples = np.random.default_rng(length).normal(0, level, length).astype(np.float32)
    placed = spans(sorted([*positions, length // 320]), samples)
    edges = [0, *(edge for span in placed for edge in span), length]
    assert len(placed) == len(positions)
    assert edges == sorted(edges)
