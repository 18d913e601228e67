"""What a recogniser costs is learnt at the start; a clock that only models move."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.engine.attention import UNKNOWN_S_PER_S, HearingCosts
from antiphon.engine.cost import UNMEASURED, Limits, patience
from antiphon.engine.hearing import HearingEngine
from antiphon.engine.listening import greeting, learn_hearing
from antiphon.models.protocols import Samples, Transcript
from support.hearing import RATE, LevelRecogniser, LevelVAD, say

FIXED_S, S_PER_S = 0.5, 4.0
FRAME_S = 0.001


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowRecogniser(LevelRecogniser):
    """Takes long for each window, and half as long again for its words' times."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.engine: HearingEngine | None = None
        self.taken: list[tuple[float, float]] = []  # seconds of a step, and the engine's patience with it

    def step(
        self, states: Sequence[Any], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        took = FIXED_S + S_PER_S * sum(map(len, windows)) / RATE * (1.5 if any(word_timestamps) else 1.0)
        self._clock.now += took
        if self.engine:
            self.taken.append((took, self.engine.patience_s))
            return super().step(states, windows, word_timestamps=word_timestamps)
        return [Transcript("")] * len(windows)


class SlowVAD(LevelVAD):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def step(
        self, frames: Sequence[Samples], states: Sequence[NDArray[np.float32]]
    ) -> list[tuple[float, NDArray[np.float32]]]:
        self._clock.now += FRAME_S * len(frames)
        return super().step(frames, states)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(clock: Clock) -> SlowRecogniser:
    return SlowRecogniser(clock)


@pytest.fixture
def costs(model: SlowRecogniser, clock: Clock) -> HearingCosts:
    return learn_hearing(model, SlowVAD(clock), clock=clock)


def test_the_greeting_is_loud_enough_to_be_heard() -> None:
    said = greeting()
    assert len(said) / RATE == pytest.approx(3.44, abs=0.01)
    assert 0.2 < np.abs(said).max() < 1.0


def test_every_cost_is_learnt(costs: HearingCosts) -> None:
    assert costs.judge.predict(100) == pytest.approx(100 * FRAME_S)
    for seconds in (1.5, 3.0, 10.0):
        expected = FIXED_S + S_PER_S * seconds
        assert costs.recognise["partial"].predict(seconds) == pytest.approx(expected, rel=0.2)
        assert costs.recognise["final"].predict(seconds) == pytest.approx(expected, rel=0.2)
        assert costs.recognise["file"].predict(seconds) > expected
    assert costs.demand.per_audio_s > S_PER_S


@pytest.mark.parametrize("live", [True, False])
def test_the_first_step_of_a_slow_model_is_not_taken_to_hang(
    model: SlowRecogniser, costs: HearingCosts, clock: Clock, *, live: bool
) -> None:
    model.engine = engine = HearingEngine(
        model,
        SlowVAD(clock),
        limits=Limits(4),
        emit=lambda _: None,
        released=lambda _: None,
        costs=costs,
        clock=clock,
    )
    assert engine.outlook.capacity == 1 < UNMEASURED
    assert engine.outlook.wait_s > 1
    engine.add(RecognitionJob(job="a", api="", model="levels", language="en", partials=live))
    audio = say(1, 2, 3, 4, pause_s=0.1)
    engine.tell("a", AudioIn(0, 0, audio.tobytes()))
    engine.tell("a", EndOfAudio(0, 1))
    while engine.busy:
        engine.step()
    assert model.taken
    assert model.taken[0][0] > patience(UNKNOWN_S_PER_S * len(audio) / RATE)
    assert all(took < patience_s for took, patience_s in model.taken)
