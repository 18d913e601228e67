from collections.abc import Sequence

import numpy as np
import pytest

from antiphon.loadtest.percentiles import Spread
from antiphon.models.protocols import Samples, Transcript
from antiphon.tuning.recognition import Heard, HearingGoal, hear, knee, most_streams
from antiphon.tuning.talk import spoken
from support.counting import CountingModel
from support.hearing import LevelRecogniser, LevelTurns, LevelVAD, say

RATE = 16_000
SPEECH = np.concatenate([say(*range(1, 30), pause_s=0.1)] * 4)


class Utterance:
    """A state of its own for each utterance, as real models have."""


class Recogniser(LevelRecogniser):
    def start(self, hints: object = None) -> Utterance:  # type: ignore[override]
        return Utterance()

    def step(
        self, states: Sequence[object], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        return super().step([None] * len(states), windows, word_timestamps=word_timestamps)


def heard(streams: int, batch_size: int = 1, final_s: float = 0.1) -> Heard:
    first, every = Spread(0.5, 0.6, 0.6), Spread(0.4, 0.5, 0.5)
    return Heard(streams, batch_size, 0.5, first, Spread(final_s, final_s, final_s), every, 10)


def test_streams_are_heard_and_their_latencies_told() -> None:
    found = hear(Recogniser(), LevelVAD(), SPEECH, streams=3, batch_size=2, seconds=5)
    assert found.streams == 3
    assert 0 < found.core_share < 1
    assert found.final.p95 is not None
    assert found.first_partial.p50 is not None
    assert found.first_partial.p50 > 0.1
    assert found.partial_every.p50 is not None
    assert found.partial_every.p50 > 0.1
    assert HearingGoal(final_p95_s=5, first_partial_s=5, partial_every_s=0.6).met(found)


def test_pauses_within_utterances_are_judged_where_somebody_can() -> None:
    turns = LevelTurns()
    pausing = np.concatenate([say(*range(1, 30), pause_s=0.4)] * 2)
    heard = hear(Recogniser(), LevelVAD(), pausing, streams=2, batch_size=2, seconds=5, turns=turns)
    assert sum(turns.batches) > 2
    assert heard.final.p95 is not None


def test_a_goal_is_missed_by_late_finals_and_rare_partials() -> None:
    assert HearingGoal().met(heard(1))
    assert not HearingGoal().met(heard(1, final_s=0.4))
    assert not HearingGoal(partial_every_s=0.3).met(heard(1))
    assert not HearingGoal(first_partial_s=0.4).met(heard(1))


def test_nobody_is_heard_within_an_impossible_goal() -> None:
    tried: list[tuple[int, int]] = []
    goal = HearingGoal(final_p95_s=1e-9)
    table = most_streams(
        Recogniser(), LevelVAD(), SPEECH, [1], goal, progress=lambda b, n: tried.append((b, n))
    )
    assert table == []
    assert tried == [(1, 2), (1, 1)]
    assert knee(table) is None


def test_the_knee_is_the_smallest_that_is_nearly_the_best() -> None:
    best = knee([heard(10, 1), heard(20, 2), heard(20, 4)])
    assert best is not None
    assert best.batch_size == 2


def test_a_voice_makes_speech_at_the_rate_asked_for() -> None:
    model = CountingModel()
    speech = spoken(model, RATE)
    assert speech.dtype == np.float32
    made_s = sum(sum(step) for step in model.steps) * model.frame_samples / model.sample_rate
    assert len(speech) / RATE == pytest.approx(made_s, rel=0.01)
