"""The hearing engine when there is more to do than time: a clock of its own, a model that takes its time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contract.events import Event, Final, Finalized, Heard, Partial
from antiphon.contract.jobs import AudioIn, Finalize, RecognitionJob
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.models.protocols import Samples, Transcript
from support.hearing import RATE, LevelRecogniser, LevelVAD

PIECE_S = 0.1


class SlowRecogniser(LevelRecogniser):
    """Takes so many seconds for each second of audio."""

    def __init__(self, place: "Place", factor: float) -> None:
        super().__init__()
        self._place = place
        self._factor = factor

    def step(
        self, states: Sequence[Any], windows: Sequence[Samples], *, word_timestamps: Sequence[bool]
    ) -> list[Transcript]:
        live = [s for s in self._place.engine._streams.values() if s.job.partials]
        if not all(word_timestamps):  # only finals have times here
            assert not any(s.listener.owes_final for s in live), "a final waits while a partial is heard"
        self._place.now += self._factor * sum(map(len, windows)) / RATE
        return super().step(states, windows, word_timestamps=word_timestamps)


class Place:
    """An engine whose streams send pieces of 100 ms as time goes by."""

    def __init__(self, factor: float) -> None:
        self.now = 0.0
        self.partials: dict[str, list[float]] = {}
        self.events: list[Event] = []
        self.engine = HearingEngine(
            SlowRecogniser(self, factor),
            LevelVAD(),
            limits=Limits(4),
            emit=self._emit,
            released=lambda job: None,
            clock=lambda: self.now,
        )
        self._due: dict[str, float] = {}
        self._seq: dict[str, int] = {}
        self._levels: dict[str, list[int]] = {}

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Partial):
            self.partials.setdefault(event.job, []).append(self.now)

    def join(self, name: str, levels: Sequence[int], **more: Any) -> None:
        """A stream whose pieces have these levels, one after the other; it says the last one for ever."""
        self.engine.add(
            RecognitionJob(
                job=name,
                api="api",
                model="levels",
                language="en",
                word_timestamps=True,
                max_silence_s=0.3,
                **more,
            )
        )
        self._due[name], self._seq[name], self._levels[name] = self.now, 0, list(levels)

    def leave(self, name: str) -> None:
        del self._due[name]

    def send(self, name: str, message: type, *content: Any) -> None:
        self.engine.tell(name, message(0, self._seq[name], *content))
        self._seq[name] += 1

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            for name in self._due:
                while self._due[name] <= self.now:
                    levels = self._levels[name]
                    level = levels.pop(0) if len(levels) > 1 else levels[0]
                    piece = np.full(round(PIECE_S * RATE), level / 100, np.float32)
                    self.send(name, AudioIn, piece.tobytes())
                    self._due[name] += PIECE_S
            if self.engine.busy:
                self.engine.step()
            else:
                self.now = min([end, *self._due.values()])

    def every_s(self, name: str, since: float) -> float:
        """Mean time between partials."""
        times = [t for t in self.partials.get(name, []) if t >= since]
        return (times[-1] - times[0]) / (len(times) - 1)


def talk(word_pieces: int = 2, words: int = 400) -> list[int]:
    """Ever new words without a pause: each partial says something new."""
    return [1 + (i // word_pieces) % 90 for i in range(words * word_pieces)]


def utterances(lengths: Sequence[int]) -> list[int]:
    pieces: list[int] = []
    for length in lengths:
        pieces += [*talk(2, length)[: 2 * length], *[0] * 6]
    return [*pieces, 0]


def test_partials_come_often_rarer_under_load_and_often_again() -> None:
    place = Place(factor=0.03)
    place.join("a", utterances([20] * 40))
    place.run(8.0)
    assert place.every_s("a", 1.0) < 0.7  # pauses included
    others = [f"other{i}" for i in range(12)]
    for name in others:
        place.join(name, utterances([20] * 40))
    place.run(6.0)
    began = place.now
    place.run(12.0)
    loaded = place.every_s("a", began)
    assert loaded > 1.0
    assert all(place.every_s(name, began) < 3 * loaded for name in others)
    for name in others:
        place.leave(name)
    place.run(6.0)
    began = place.now
    place.run(10.0)
    assert place.every_s("a", began) < 0.7


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.lists(st.integers(2, 20), min_size=1, max_size=3), min_size=1, max_size=4),
    st.floats(0.01, 0.2),
    st.integers(0, 2),
)
def test_finals_go_first_and_every_word_is_heard_whatever_the_load(
    scripts: list[list[int]], factor: float, files: int
) -> None:
    place = Place(factor)
    for i in range(files):
        place.join(f"file{i}", utterances([30, 30]), partials=False)
    for i, script in enumerate(scripts):
        place.join(str(i), utterances(script))
    for _ in range(200):
        place.run(1.0)
        for i in range(len(scripts)):
            if place.now < 12:
                place.send(str(i), Finalize, int(place.now))
        if place.now > 20 and not place.engine.busy:
            break
    said = dict.fromkeys(map(str, range(len(scripts))), "")
    for event in place.events:
        if isinstance(event, Final) and event.job in said:
            said[event.job] += event.text + " "
    for i, script in enumerate(scripts):
        words = " ".join(said[str(i)].split())
        expected = [
            f"w{level}" for length in script for level in dict.fromkeys(talk(2, length)[: 2 * length])
        ]
        heard = [w for j, w in enumerate(words.split()) if j == 0 or w != words.split()[j - 1]]
        assert heard == [w for j, w in enumerate(expected) if j == 0 or w != expected[j - 1]]


def test_nobody_starves_when_all_talk_at_once() -> None:
    place = Place(factor=0.05)
    names = [f"s{i}" for i in range(8)]
    for name in names:
        place.join(name, talk())
    place.run(30.0)
    counts = [len(place.partials[name]) for name in names]
    assert min(counts) >= 3
    assert max(counts) <= 2 * min(counts)


def test_a_final_waits_for_no_more_than_the_step_that_runs() -> None:
    place = Place(factor=0.03)
    for i in range(8):
        place.join(f"s{i}", talk())
    place.run(15.0)
    place.send("s0", Finalize, 7)
    asked = place.now
    while not any(isinstance(e, Finalized) for e in place.events):
        place.engine.step()
    assert place.now - asked < 0.12 + 20 * 0.03


def test_capacity_is_what_was_measured_and_waits_grow_with_what_is_due() -> None:
    place = Place(factor=0.06)
    assert place.engine.outlook.capacity == 16
    idle_s = place.engine.outlook.wait_s
    place.join("a", utterances([15] * 100))
    place.run(30.0)
    alone = place.engine.outlook
    assert 2 <= alone.capacity <= 8
    assert alone.wait_s >= idle_s
    for i in range(10):
        place.join(f"s{i}", utterances([15] * 100))
    place.run(30.0)
    crowded = place.engine.outlook
    assert crowded.wait_s > alone.wait_s
    # Partials come rarer now, which does not make room for more streams.
    assert crowded.capacity == pytest.approx(alone.capacity, abs=1)


def test_waiting_streams_give_signs_of_life() -> None:
    place = Place(factor=0.3)
    for i in range(6):
        place.join(f"s{i}", talk())
    place.run(20.0)
    for i in range(6):
        assert sum(isinstance(e, Heard) and e.job == f"s{i}" for e in place.events) >= 5
