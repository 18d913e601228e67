"""The sentences of what was decoded, and what speaks for each."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from antiphon.models.moonshine.tokens import SpokenWord
from antiphon.models.protocols import Passage

_ENDS = (".", "?", "!", "。")
"""What a sentence ends with."""

_SHORTEST_WORD = 480
"""Samples (30 ms) under which the audio has no room for a word.

After the end of what was said the model likes to go on with "Thank you." and the like; attention finds no
frames for such words, so the alignment gives each next to no time.
"""


def sentences(words: Sequence[SpokenWord]) -> list[range]:
    """The indices of each sentence's words; the last may have no end."""
    ends = [i + 1 for i, word in enumerate(words) if word.text.endswith(_ENDS)]
    edges = sorted({0, *ends, len(words)})
    return [range(first, last) for first, last in pairwise(edges)]


def passages(
    words: Sequence[SpokenWord],
    spans: Sequence[tuple[int, int]],
    log_probabilities: Sequence[float],
    closed: float | None = None,
) -> tuple[Passage, ...]:
    """One passage a sentence; it ends where it starts when none of its words has a place in the audio.

    Args:
        words: of the whole text.
        spans: start and end of each word in samples.
        log_probabilities: of each token, and of the end if it came: that speaks for the last sentence.
        closed: of the last sentence, see `Passage`.
    """
    made: list[Passage] = []
    cuts = [words[part.start].tokens[0] for part in sentences(words)][1:]
    shares = np.split(np.asarray(log_probabilities), cuts)
    for part, share in zip(sentences(words), shares, strict=True):
        text = " ".join(words[i].text for i in part)
        start, end = spans[part.start][0], spans[part[-1]][1]
        placed = any(spans[i][1] - spans[i][0] >= _SHORTEST_WORD for i in part)
        made.append(
            Passage(
                text=f" {text}" if part.start else text,
                start=start,
                end=end if placed else start,
                log_probability=float(np.mean(share)),
                words=len(part),
                doubts=tuple(min(log_probabilities[token] for token in words[i].tokens) for i in part),
                closed=closed if part.stop == len(words) else None,
            )
        )
    return tuple(made)
