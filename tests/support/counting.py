"""A small TTS model for unit tests whose samples tell where in the utterance they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from antiphon.models.protocols import Samples, Timed, Utterance

RATE = 24_000
FRAME = 300


@dataclass
class CountingState:
    total_frames: int
    onset_frame: int
    words: list[Timed]
    phonemes: list[Timed] = field(default_factory=list)
    done_frames: int = 0
    undecodable: bool = False

    @property
    def silent_frames(self) -> int:
        return max(0, self.onset_frame - 5)

    def skip_to(self, frame: int) -> None:
        assert self.done_frames <= frame <= self.total_frames
        self.done_frames = frame


class CountingModel:
    """Speaks every word in ten frames, after ``silence`` silent ones."""

    name = "counting"
    sample_rate = RATE
    frame_samples = FRAME
    languages = ("en",)
    voices = ("one", "two")
    digest = "0" * 64

    def __init__(self, silence: int = 25) -> None:
        self.silence = silence
        self.steps: list[list[int]] = []
        self.made = 0

    def start(self, utterance: Utterance) -> CountingState:
        if "unplannable" in utterance.text:
            raise ValueError("planning")
        words = utterance.text.split()
        timed = [
            Timed(w, (self.silence + 10 * i) * FRAME, (self.silence + 10 * i + 10) * FRAME)
            for i, w in enumerate(words)
        ]
        total = self.silence + 10 * len(words) if words else 0
        state = CountingState(total, self.silence, timed)
        state.undecodable = "undecodable" in utterance.text
        return state

    def step(self, states: Sequence[CountingState], frames: Sequence[int]) -> list[Samples]:
        if any(s.undecodable for s in states):
            raise ValueError("decoding")
        self.steps.append(list(frames))
        chunks: list[Samples] = []
        for state, wanted in zip(states, frames, strict=True):
            first = state.done_frames * FRAME
            state.done_frames = min(state.total_frames, state.done_frames + wanted)
            self.made += state.done_frames * FRAME - first
            chunks.append(self.whole(first, state.done_frames * FRAME))
        return chunks

    def whole(self, first: int, last: int) -> Samples:
        positions = np.arange(first, last, dtype=np.float32)
        speech = 0.1 + positions / 1e7
        return np.where(positions < self.silence * FRAME, 0.0, speech).astype(np.float32)
