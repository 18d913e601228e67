import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.catalog.embeddings import SIZE, embedding_of, likeness, mix
from antiphon.errors import BadRequest

SEEDS = st.binary(max_size=40)
WEIGHTS = st.floats(-1e6, 1e6).filter(lambda weight: abs(weight) > 1e-6)


@given(SEEDS, SEEDS)
def test_each_has_its_own(one: bytes, other: bytes) -> None:
    embedding = embedding_of(one)
    assert len(embedding) == SIZE
    assert math.isclose(math.hypot(*embedding), 1, rel_tol=1e-5)
    assert embedding == embedding_of(one)
    assert (likeness(embedding, embedding_of(other)) > 0.999) == (one == other)


def test_it_never_changes() -> None:
    assert embedding_of(b"heart")[:3] == [0.1045108, -0.0436574, -0.1193466]


@given(SEEDS, WEIGHTS)
def test_a_voice_mixed_with_itself_is_itself(seed: bytes, weight: float) -> None:
    embedding = embedding_of(seed)
    mixed = mix([(embedding, weight), (embedding, weight)])
    assert mixed == pytest.approx([math.copysign(number, number * weight) for number in embedding], abs=1e-6)


@given(st.lists(st.tuples(SEEDS, WEIGHTS), min_size=1, max_size=5), st.randoms())
def test_a_mixture_is_as_near_as_its_weights_say(parts: list[tuple[bytes, float]], random: object) -> None:
    mixed = mix([(embedding_of(seed), weight) for seed, weight in parts])
    random.shuffle(parts)
    assert mixed == pytest.approx(mix([(embedding_of(seed), weight) for seed, weight in parts]), abs=1e-6)
    assert math.hypot(*mixed) <= 1 + 1e-5


def test_weights_that_come_to_nothing_are_refused() -> None:
    with pytest.raises(BadRequest):
        mix([(embedding_of(b"a"), 0.0)])


def test_nothing_is_like_an_embedding_of_zeros() -> None:
    assert likeness([0.0] * SIZE, embedding_of(b"a")) == 0
