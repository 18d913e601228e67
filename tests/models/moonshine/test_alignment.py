import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from antiphon.models.moonshine.alignment import align
from antiphon.models.moonshine.shape import FRAME_SAMPLES


def attention_to(spans: list[tuple[int, int]], frames: int) -> NDArray[np.float32]:
    attention = np.full((len(spans), frames), 0.01, np.float32)
    for token, (first, last) in enumerate(spans):
        attention[token, first:last] = 1.0
    return attention / attention.sum(axis=1, keepdims=True)


def loud(frames: int, spans: list[tuple[int, int]]) -> NDArray[np.float32]:
    samples = np.zeros(frames * FRAME_SAMPLES, np.float32)
    for first, last in spans:
        samples[first * FRAME_SAMPLES : last * FRAME_SAMPLES] = 0.1
    return samples


def test_words_lie_where_their_tokens_look() -> None:
    spans = [(5, 15), (15, 40), (40, 50)]
    times = align(attention_to(spans, 60), [[0], [1], [2]], loud(60, [(5, 50)]))
    for (start, end), (first, last) in zip(times, spans, strict=True):
        assert abs(start / FRAME_SAMPLES - first) < 3
        assert abs(end / FRAME_SAMPLES - last) < 3


def test_a_word_leaves_out_the_pause_after_it() -> None:
    attention = attention_to([(5, 40), (40, 50)], 60)
    [(_, end), (start, _)] = align(attention, [[0], [1]], loud(60, [(5, 15), (40, 50)]))
    assert abs(end / FRAME_SAMPLES - 15) < 3
    assert abs(start / FRAME_SAMPLES - 40) < 3


def test_a_word_of_several_tokens_spans_them() -> None:
    attention = attention_to([(5, 20), (20, 40), (40, 55)], 60)
    [(start, end), _] = align(attention, [[0, 1], [2]], loud(60, [(5, 55)]))
    assert abs(start / FRAME_SAMPLES - 5) < 3
    assert abs(end / FRAME_SAMPLES - 40) < 3


def test_nothing_said_has_no_times() -> None:
    assert align(np.zeros((0, 0), np.float32), [], np.zeros(1_000, np.float32)) == []


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 20_000), st.integers(0, 2**32 - 1))
def test_times_are_ordered_and_inside_whatever_the_attention(words: int, samples: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    attention = random.random((words, samples // FRAME_SAMPLES + 10)).astype(np.float32)
    audio = random.normal(0, 0.1, samples).astype(np.float32)
    times = align(attention, [[token] for token in range(words)], audio)
    edges = [0, *(edge for span in times for edge in span), samples]
    assert len(times) == words
    assert edges == sorted(edges)
