from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from antiphon.contract.events import Ending, Event, Final, Voice
from antiphon.contract.jobs import AudioIn, EndOfAudio, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.models.protocols import Samples
from antiphon.speech.utterances import POST_ROLL
from support.hearing import LevelRecogniser, LevelTurns, LevelVAD, say

FRAME_S = 0.032
HESITATION_S = 0.6


class Broken(LevelTurns):
    def step(self, windows: list[Samples]) -> list[float]:
        raise RuntimeError("no such sound")


@dataclass
class Rig:
    """An engine that judges pauses."""

    turns: LevelTurns = field(default_factory=LevelTurns)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = HearingEngine(
            LevelRecogniser(),
            LevelVAD(),
            limits=Limits(4),
            emit=self.events.append,
            released=lambda _: None,
            turns=self.turns,
        )

    def add(self, job: str, *, hesitation_s: float = HESITATION_S) -> None:
        self.engine.add(
            RecognitionJob(
                job=job,
                api="",
                model="levels",
                language="en",
                max_silence_s=0.3,
                hesitation_s=hesitation_s,
                voice_activity=True,
            )
        )

    def hear(self, audio: dict[str, np.ndarray]) -> None:
        for job, samples in audio.items():
            self.engine.tell(job, AudioIn(0, 0, samples.tobytes()))
            self.engine.tell(job, EndOfAudio(0, 1))
        while self.engine.busy:
            self.engine.step()

    def all(self, kind: Any, job: str = "a") -> list[Any]:
        return [event for event in self.events if isinstance(event, kind) and event.job == job]

    def texts(self, job: str = "a") -> list[str]:
        return [final.text for final in self.all(Final, job)]


def test_a_pause_is_judged_once_and_told_before_anything_later() -> None:
    rig = Rig()
    rig.add("a")
    rig.hear({"a": say(1, 2)})
    assert [ending.complete for ending in rig.all(Ending)] == [0.98, 0.02]
    before = 0.0
    for event in rig.all(Voice | Ending):
        assert event.audio_s >= before
        if isinstance(event, Ending):
            assert event.audio_s == pytest.approx(before)
        before = event.audio_s
    assert [event.seq for event in rig.events] == list(range(len(rig.events)))


def test_an_utterance_ends_at_once_where_the_speaker_has_finished() -> None:
    rig = Rig()
    rig.add("a")
    rig.hear({"a": say(1, 3, pause_s=0.4)})
    assert rig.texts() == ["w1", " w3"]
    assert rig.all(Final)[0].end_s <= 0.4 + (POST_ROLL + 1) * FRAME_S


def test_a_hesitation_does_not_tear_an_utterance() -> None:
    rig = Rig()
    rig.add("a")
    rig.hear({"a": say(2, 4, 6, pause_s=0.4)})
    assert rig.texts() == ["w2 w4 w6"]


def test_a_long_one_does() -> None:
    rig = Rig()
    rig.add("a")
    rig.hear({"a": say(2, 4, pause_s=HESITATION_S + 0.1)})
    assert rig.texts() == ["w2", " w4"]


def test_who_does_not_ask_is_told_nothing_and_costs_nothing() -> None:
    rig = Rig()
    rig.add("a", hesitation_s=0.0)
    rig.hear({"a": say(2, 4, pause_s=0.4)})
    assert rig.texts() == ["w2", " w4"]
    assert rig.all(Ending) == []
    assert rig.turns.batches == []


def test_pauses_of_several_streams_are_judged_together() -> None:
    rig = Rig()
    for job in "abc":
        rig.add(job)
    rig.hear({"a": say(1, 2), "b": say(2, 3), "c": say(4, 5)})
    assert max(rig.turns.batches) > 1
    assert sum(rig.turns.batches) == 6
    for job, said in (("a", "w1 w2"), ("b", "w2 w3"), ("c", "w4 w5")):
        assert "".join(rig.texts(job)) == said


def test_a_model_that_fails_loses_no_stream() -> None:
    rig = Rig(turns=Broken())
    rig.add("a")
    rig.hear({"a": say(1, 3)})
    assert rig.texts() == ["w1", " w3"]
    assert rig.all(Ending) == []
