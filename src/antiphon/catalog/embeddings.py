"""Embeddings of voices, for clients from the time when a voice was 192 numbers.

No model here reads them. They are made from ids so that what those clients do with them comes out sensibly:
the same voice always has the same, and an embedding leads back to the voice it is nearest to.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from antiphon.errors import BadRequest

SIZE = 192

Embedding = list[float]


def embedding_of(seed: bytes) -> Embedding:
    """The embedding that stands for a voice's id, or for a clip: of length 1, and far from all others."""
    digest = hashlib.shake_256(seed).digest(SIZE * 4)
    numbers = np.frombuffer(digest, "<i4").astype(np.float64)
    return _rounded(numbers / np.linalg.norm(numbers))


def mix(parts: Iterable[tuple[Sequence[float], float]]) -> Embedding:
    """The weighted mean of embeddings.

    Args:
        parts: each embedding and its weight; one below zero leads away from it.

    Raises:
        BadRequest: the weights come to nothing.
    """
    embeddings, weights = zip(*parts, strict=True)
    total = float(np.abs(weights).sum())
    if total == 0 or not np.isfinite(total):
        raise BadRequest("voices: the weights come to nothing; give at least one that is not zero.")
    return _rounded(np.asarray(weights) @ np.asarray(embeddings) / total)


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two embeddings, from -1 to 1; 0 where one is of zeros."""
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.dot(one, other)) / length if length else 0.0


def _rounded(numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Embedding:
    """As float32 has them, in few digits."""
    return [round(float(number), 7) for number in numbers]
