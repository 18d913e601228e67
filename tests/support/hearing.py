"""Models for unit tests: audio at level n/100 is the word "w<n>", zero is silence."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from antiphon.models.protocols import Samples, Timed, Transcript

RATE = 16_000


def say(*words: int, pause_s: float = 1.0, word_s: float = 0.4) -> Samples:
    """Words with a pause after each."""
    pieces: list[Samples] = []
    for word in words:
        pieces.append(np.full(round(word_s * RATE), word / 100, np.float32))
        pieces.append(np.zeros(round(pause_s * RATE), np.float32))
    return np.concatenate(pieces)


class LevelVAD:
    sample_rate = RATE
    frame_samples = 512

    def initial_state(self) -> NDArray[np.float32]:
        return np.zeros(1, np.float32)

    def step(
        self, frames: Sequence[Samples], states: Sequence[NDArray[np.float32]]
    ) -> list[tuple[float, NDArray[np.float32]]]:
        return [
            (1.0 if np.abs(f).max(initial=0) > 0.005 else 0.0, s) for f, s in zip(frames, states, strict=True)
        ]


class LevelRecogniser:
    """Hears the levels of a window in order, one word for each run of equal samples."""

    name = "levels"
    sample_rate = RATE
    languages = ("en",)
    max_window_s = 20.0
    takes_keyterms = False
    digest = "1" * 64

    def __init__(self) -> None:
        self.batches: list[int] = []

    def start(self, hints: object = None) -> None:
        return None

    def step(
        self, states: Sequence[None], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        assert len(states) == len(windows)
        self.batches.append(len(windows))
        return [self._hear(w, timed) for w, timed in zip(windows, word_timestamps, strict=True)]

    def _hear(self, window: Samples, timed: bool) -> Transcript:
        levels = np.rint(window * 100).astype(int)
        if (levels == 99).any():
            raise ValueError("can't hear this")
        edges = np.flatnonzero(np.diff(levels, prepend=0, append=0))
        words = [
            Timed(f"w{levels[start]}", int(start), int(end))
            for start, end in pairwise(edges)
            if levels[start]
        ]
        return Transcript(" ".join(w.text for w in words), tuple(words) if timed else ())


class LevelTurns:
    """Takes a turn that ends with an odd word for finished, one that ends with an even one for open."""

    name = "odd"
    sample_rate = RATE
    context_s = 8.0

    def __init__(self) -> None:
        self.batches: list[int] = []

    def step(self, windows: Sequence[Samples]) -> list[float]:
        self.batches.append(len(windows))
        levels = [np.rint(window[window > 0.005] * 100).astype(int) for window in windows]
        return [0.98 if heard[-1] % 2 else 0.02 for heard in levels]
