"""What a voice model costs, learnt before the first job: a new worker promises no more than it can hold."""

import time
from collections.abc import Sequence
from typing import Any

from antiphon.engine.pacing import FIRST_FRAMES, LARGEST_FRAMES
from antiphon.engine.speaking import SpeakingCosts
from antiphon.models.protocols import TTSModel, Utterance

TEXTS = (
    "1, 2, 3.",
    "1, 2, 3, 4, 5, 6, 7, 8.",
    "10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90.",
)
"""Every language reads numbers."""

CHUNKS = (6, 12, 24, 48, LARGEST_FRAMES)


def learn(model: TTSModel[Any], *, texts: Sequence[str] = TEXTS, rows: int = 1) -> SpeakingCosts:
    """Run the model's stages and learn what they cost.

    Args:
        model: warm.
        texts: to speak, in the model's first language.
        rows: how many chunks to decode together.
    """
    costs = SpeakingCosts()
    for text in texts:
        _speak(model, text, rows, costs)
    return costs


def plan(model: TTSModel[Any], text: str) -> Any:
    """The state of a text in the model's first voice and language."""
    return model.start(Utterance(text, model.voices[0], model.languages[0]))


def _speak(model: TTSModel[Any], text: str, rows: int, costs: SpeakingCosts) -> None:
    began = time.perf_counter()
    states: list[Any] = []
    for _ in range(rows):
        started = time.perf_counter()
        states.append(plan(model, text))
        costs.plan.observe(len(text), time.perf_counter() - started)
    for state in states:
        state.skip_to(state.silent_frames)
        frames = max(0, state.onset_frame - state.done_frames) + FIRST_FRAMES
        started = time.perf_counter()
        model.step([state], [frames])
        costs.first.observe(frames, time.perf_counter() - started)
    chunk = 0
    while (left := states[0].total_frames - states[0].done_frames) > 0:
        frames = min(left, CHUNKS[chunk % len(CHUNKS)])
        chunk += 1
        started = time.perf_counter()
        model.step(states, [frames] * rows)
        costs.decode.observe(rows * frames, time.perf_counter() - started)
    audio_s = rows * states[0].total_frames * model.frame_samples / model.sample_rate
    costs.demand.observe(time.perf_counter() - began, audio_s)
    costs.length.observe(len(text), audio_s / rows)
