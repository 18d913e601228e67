from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.contract import jobs
from antiphon.contract.events import AudioOut, Done, Event, Failed, Timestamps
from antiphon.contract.jobs import Cancel, Credit, SynthesisJob
from antiphon.engine.cost import Limits
from antiphon.engine.pacing import LARGEST_FRAMES
from antiphon.engine.speaking import SpeakingEngine
from antiphon.models.protocols import Token, Utterance
from support.counting import FRAME, RATE, CountingModel

TEXT = "one two three four five six seven eight nine ten eleven twelve"


class Rig:
    def __init__(self, batch_size: int = 4, silence: int = 25) -> None:
        self.model = CountingModel(silence)
        self.events: list[Event] = []
        self.released: list[str] = []
        self.engine: SpeakingEngine[Any] = SpeakingEngine(
            self.model,
            limits=Limits(batch_size),
            emit=self.events.append,
            released=lambda job: self.released.append(job.job),
        )

    def run(self, limit: int = 10_000) -> None:
        for _ in range(limit):
            if not self.engine.busy:
                return
            self.engine.step()
        raise AssertionError("the engine never came to rest")

    def audio(self, job: str) -> np.ndarray:
        pieces = [e for e in self.events if isinstance(e, AudioOut) and e.job == job]
        position = pieces[0].start_sample if pieces else 0
        for piece in pieces:
            assert piece.start_sample == position
            position += len(piece.samples) // 4
        return np.concatenate([np.frombuffer(p.samples, np.float32) for p in pieces] or [np.zeros(0)])


def job(name: str = "a", text: str = TEXT, **more: Any) -> SynthesisJob:
    return SynthesisJob(job=name, api="api", model="counting", voice="one", language="en", text=text, **more)


def test_a_job_is_spoken_whole_and_in_order() -> None:
    rig = Rig()
    rig.engine.add(job())
    rig.run()
    assert np.array_equal(rig.audio("a"), rig.model.whole(0, (25 + 120) * FRAME))
    assert [e.seq for e in rig.events] == list(range(len(rig.events)))
    done = rig.events[-1]
    assert isinstance(done, Done)
    assert done.audio_s == pytest.approx((25 + 120) * FRAME / RATE)
    assert rig.released == ["a"]


def test_the_lead_is_trimmed_to_20_ms_and_words_move_with_it() -> None:
    rig = Rig()
    rig.engine.add(job(trim_lead=True))
    rig.run()
    kept = round(0.02 * RATE)
    audio = rig.audio("a")
    assert np.array_equal(audio, rig.model.whole(25 * FRAME - kept, (25 + 120) * FRAME))
    words = [w for e in rig.events if isinstance(e, Timestamps) for w in e.words]
    assert [w.text for w in words] == TEXT.split()
    assert words[0].start_s == pytest.approx(kept / RATE)
    assert words[1].start_s == pytest.approx((kept + 10 * FRAME) / RATE)


def test_timestamps_come_right_before_the_audio_they_describe() -> None:
    rig = Rig()
    rig.engine.add(job())
    rig.run()
    for event, following in zip(rig.events, rig.events[1:], strict=False):
        if isinstance(event, Timestamps):
            assert isinstance(following, AudioOut)
            start_s = following.start_sample / RATE
            assert all(w.start_s >= start_s or following.start_sample == 0 for w in event.words)


@settings(deadline=None)
@given(resume=st.integers(0, (25 + 120) * 300), trim=st.booleans(), silence=st.integers(0, 40))
def test_a_later_attempt_goes_on_where_the_earlier_stopped(resume: int, trim: bool, silence: int) -> None:
    first, second = Rig(silence=silence), Rig(silence=silence)
    first.engine.add(job(trim_lead=trim))
    first.run()
    whole = first.audio("a")
    second.engine.add(job(trim_lead=trim, attempt=1, resume_at_sample=min(resume, len(whole))))
    second.run()
    rest = second.audio("a")
    assert np.array_equal(rest, whole[min(resume, len(whole)) :])
    if len(rest):
        starts = [e.start_sample for e in second.events if isinstance(e, AudioOut)]
        assert starts[0] == resume


def test_chunks_begin_small_and_grow() -> None:
    rig = Rig()
    rig.engine.add(job(text=TEXT * 4))
    rig.run()
    sizes = [frames[0] for frames in rig.model.steps]
    assert sizes[0] <= 8
    assert sizes[:-1] == sorted(sizes[:-1])  # the last is what was left
    assert max(sizes) > 4 * sizes[0]


def test_credit_bounds_how_far_a_job_runs_ahead() -> None:
    rig = Rig()
    rig.engine.add(job(text=TEXT * 20, credit_s=2.0))
    rig.run()
    assert not isinstance(rig.events[-1], Done)
    assert 2.0 <= len(rig.audio("a")) / RATE < 2.0 + LARGEST_FRAMES * FRAME / RATE
    rig.engine.tell("a", Credit(0, 1000.0, 0))
    rig.run()
    assert isinstance(rig.events[-1], Done)


def test_cancel_frees_the_place_at_once() -> None:
    rig = Rig()
    rig.engine.add(job())
    rig.engine.step()
    rig.engine.tell("a", Cancel(0))
    made = rig.model.made
    assert rig.released == ["a"]
    assert not rig.engine.busy
    assert rig.model.made == made


def test_messages_of_another_attempt_change_nothing() -> None:
    rig = Rig()
    rig.engine.add(job(attempt=1))
    rig.engine.tell("a", Cancel(0))
    rig.run()
    assert isinstance(rig.events[-1], Done)


@pytest.mark.parametrize("text", ["unplannable words", "undecodable words"])
def test_a_job_the_model_fails_on_takes_no_other_with_it(text: str) -> None:
    rig = Rig()
    rig.engine.add(job("good"))
    rig.engine.add(job("bad", text))
    rig.engine.add(job("fine"))
    rig.run()
    failed = [e for e in rig.events if isinstance(e, Failed)]
    assert [f.job for f in failed] == ["bad"]
    assert sorted(rig.released) == ["bad", "fine", "good"]
    assert np.array_equal(rig.audio("good"), rig.audio("fine"))


def test_a_step_has_at_most_batch_size_rows() -> None:
    rig = Rig(batch_size=3)
    for i in range(10):
        rig.engine.add(job(str(i)))
    rig.run()
    assert max(len(frames) for frames in rig.model.steps) == 3
    assert len(rig.released) == 10


def test_text_without_anything_to_speak_ends_at_once() -> None:
    rig = Rig()
    rig.engine.add(job(text=""))
    rig.run()
    assert [type(e) for e in rig.events] == [Done]


def test_the_outlook_grows_with_those_who_wait_and_falls_when_they_have_been_served() -> None:
    rig = Rig()
    rig.engine.add(job("taught"))
    rig.run()
    idle = rig.engine.outlook
    for name in "abc":
        rig.engine.add(job(name))
    assert rig.engine.outlook.wait_s >= idle.wait_s + 3 * idle.wait_per_job_s * 0.5
    rig.run()
    assert rig.engine.outlook.wait_s < idle.wait_s + 3 * idle.wait_per_job_s


def test_a_number_of_places_given_by_hand_is_kept() -> None:
    model = CountingModel()
    engine: SpeakingEngine[Any] = SpeakingEngine(
        model, limits=Limits(2, 7), emit=lambda _: None, released=lambda _: None
    )
    engine.add(job())
    while engine.busy:
        engine.step()
    assert engine.outlook.capacity == 7


def test_patience_with_a_step_follows_what_it_is_predicted_to_take() -> None:
    rig = Rig()
    rig.engine.add(job(text=TEXT * 30))
    rig.run()
    assert 0.25 < rig.engine.patience_s < 5


def test_what_a_job_says_of_its_words_reaches_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    asked: list[Utterance] = []
    start = rig.model.start
    monkeypatch.setattr(rig.model, "start", lambda it: asked.append(it) or start(it))
    tokens = (jobs.Token("5", 1), jobs.Token("x", 2, "kæt"))
    rig.engine.add(job(text="five cat", tokens=tokens, normalize=False, duration_s=2.5))
    rig.run()
    assert asked == [
        Utterance(
            "five cat",
            "one",
            "en",
            tokens=[Token("5", 1), Token("x", 2, "kæt")],
            normalize=False,
            duration_s=2.5,
        )
    ]
