from typing import Any

import numpy as np
import pytest

from antiphon.contract.events import Done, Event, Failed, Final, Finalized, Heard, Partial, Voice
from antiphon.contract.jobs import AudioIn, Cancel, EndOfAudio, Finalize, RecognitionJob
from antiphon.engine.attention import STEP_AUDIO_S
from antiphon.engine.cost import Limits
from antiphon.engine.hearing import HearingEngine
from antiphon.telemetry.metrics import REGISTRY
from support.hearing import RATE, LevelRecogniser, LevelVAD, say


class Rig:
    def __init__(self, batch_size: int = 4) -> None:
        self.model = LevelRecogniser()
        self.events: list[Event] = []
        self.released: list[str] = []
        self.engine = HearingEngine(
            self.model,
            LevelVAD(),
            limits=Limits(batch_size),
            emit=self.events.append,
            released=lambda job: self.released.append(job.job),
        )
        self._seq: dict[str, int] = {}

    def job(self, name: str = "a", **more: Any) -> None:
        self.engine.add(RecognitionJob(job=name, api="api", model="levels", language="en", **more))

    def send(self, name: str, samples: np.ndarray, chunk: int = 1600) -> None:
        for start in range(0, len(samples), chunk):
            piece = samples[start : start + chunk].astype(np.float32)
            self.engine.tell(name, AudioIn(0, self.seq(name), piece.tobytes()))
            self.run()

    def seq(self, name: str) -> int:
        self._seq[name] = self._seq.get(name, -1) + 1
        return self._seq[name]

    def pour(self, name: str, samples: np.ndarray) -> None:
        """Send without giving the engine time."""
        for start in range(0, len(samples), 8000):
            piece = samples[start : start + 8000].astype(np.float32)
            self.engine.tell(name, AudioIn(0, self.seq(name), piece.tobytes()))

    def run(self, limit: int = 1000) -> None:
        for _ in range(limit):
            if not self.engine.busy:
                return
            self.engine.step()
        raise AssertionError("the engine never came to rest")

    def text(self, name: str = "a") -> str:
        return "".join(e.text for e in self.events if isinstance(e, Final) and e.job == name)

    def all(self, kind: type[Event], name: str = "a") -> list[Any]:
        return [e for e in self.events if isinstance(e, kind) and e.job == name]


def test_finals_at_pauses_join_verbatim_and_the_end_is_told() -> None:
    rig = Rig()
    rig.job()
    audio = say(1, 2, 3)
    rig.send("a", audio)
    rig.engine.tell("a", EndOfAudio(0, rig.seq("a")))
    rig.run()
    assert rig.text() == "w1 w2 w3"
    assert isinstance(rig.events[-1], Done)
    assert rig.events[-1].audio_s == pytest.approx(len(audio) / RATE)
    assert rig.released == ["a"]
    assert [e.seq for e in rig.events] == list(range(len(rig.events)))


def test_finalize_is_answered_after_the_text_before_it() -> None:
    rig = Rig()
    rig.job()
    rig.send("a", say(7, pause_s=0.0))
    rig.engine.tell("a", Finalize(0, rig.seq("a"), 5))
    rig.run()
    kinds = [type(e) for e in rig.events if not isinstance(e, Partial | Heard)]
    assert kinds == [Final, Finalized]
    assert rig.all(Finalized)[0].mark == 5
    assert rig.text() == "w7"


def test_partials_come_while_somebody_speaks_and_can_be_turned_off() -> None:
    rig = Rig()
    rig.job("a")
    rig.job("b", partials=False)
    for name in "ab":
        rig.send(name, np.concatenate((say(1, 2, 3, 4, 5, word_s=0.6, pause_s=0.0), say(0))))
    partials = [p.text for p in rig.all(Partial, "a")]
    assert len(partials) >= 3
    assert all(rig.text("a").startswith(p) for p in partials)
    assert not rig.all(Partial, "b")
    assert rig.text("a") == rig.text("b") == "w1 w2 w3 w4 w5"


def test_words_have_times_in_the_stream_when_asked_for() -> None:
    rig = Rig()
    rig.job(word_timestamps=True)
    rig.send("a", say(1, 2))
    finals = [e for e in rig.all(Final) if e.text]
    words = [w for e in finals for w in e.words]
    assert [w.text for w in words] == ["w1", "w2"]
    assert words[1].start_s == pytest.approx(1.4, abs=0.01)


def test_windows_of_several_streams_are_recognised_together() -> None:
    rig = Rig(batch_size=4)
    for name in "abcdef":
        rig.job(name, partials=False)
    audio = say(3)
    for name in "abcdef":
        rig.engine.tell(name, AudioIn(0, rig.seq(name), audio.tobytes()))
    rig.run()
    assert rig.model.batches == [4, 2]
    assert {rig.text(name) for name in "abcdef"} == {"w3"}


def test_a_window_the_model_fails_on_takes_no_other_with_it() -> None:
    rig = Rig()
    rig.job("good")
    rig.job("bad")
    for name, level in (("good", 5), ("bad", 99)):
        rig.engine.tell(name, AudioIn(0, rig.seq(name), say(level).tobytes()))
    rig.run()
    assert rig.text("good") == "w5"
    assert [f.retryable for f in rig.all(Failed, "bad")] == [True]
    assert rig.released == ["bad"]


def test_audio_lost_on_the_bus_fails_the_attempt_instead_of_skipping_words() -> None:
    rig = Rig()
    rig.job()
    rig.send("a", say(1))
    rig.seq("a")  # a message that never arrives
    rig.engine.tell("a", AudioIn(0, rig.seq("a"), say(2).tobytes()))
    rig.run()
    assert rig.all(Failed)[0].retryable
    assert rig.released == ["a"]


def test_a_doubled_message_is_heard_once() -> None:
    rig = Rig()
    rig.job()
    audio = AudioIn(0, 0, say(1).tobytes())
    for _ in range(3):
        rig.engine.tell("a", audio)
        rig.run()
    assert rig.text() == "w1"


@pytest.mark.parametrize("samples", [b"123", b"\0"])
def test_a_message_that_cannot_be_read_ends_its_stream_and_no_other(samples: bytes) -> None:
    rig = Rig()
    rig.job("bad")
    rig.job("good")
    rig.engine.tell("bad", AudioIn(0, rig.seq("bad"), samples))
    rig.send("good", say(4))
    assert [f.retryable for f in rig.all(Failed, "bad")] == [True]
    assert rig.released == ["bad"]
    assert rig.text("good") == "w4"


def test_audio_after_the_end_is_a_failure_of_that_stream() -> None:
    rig = Rig()
    rig.job()
    rig.engine.tell("a", EndOfAudio(0, rig.seq("a")))
    rig.engine.tell("a", AudioIn(0, rig.seq("a"), say(1).tobytes()))
    rig.run()
    assert len(rig.all(Failed)) == 1
    assert rig.released == ["a"]


def test_a_job_that_cannot_begin_is_refused_and_frees_its_place() -> None:
    rig = Rig()
    rig.job("bad", max_silence_s=float("inf"))
    rig.job("good")
    rig.send("good", say(4))
    assert [f.retryable for f in rig.all(Failed, "bad")] == [False]
    assert rig.released == ["bad"]
    assert rig.text("good") == "w4"


def test_cancel_frees_the_place_at_once() -> None:
    rig = Rig()
    rig.job()
    rig.send("a", say(1))
    before = len(rig.events)
    rig.engine.tell("a", Cancel(0))
    rig.run()
    assert rig.released == ["a"]
    assert len(rig.events) == before


def test_how_far_it_heard_is_told_about_every_second() -> None:
    rig = Rig()
    rig.job()
    rig.send("a", np.zeros(10 * RATE, np.float32))
    told = rig.all(Heard)
    assert len(told) >= 8
    assert told[-1].settled_s > 8  # silence is done with: the API server need not keep it


def test_a_replayed_stream_counts_its_time_from_where_it_starts() -> None:
    rig = Rig()
    rig.job(start_s=100.0, word_timestamps=True)
    rig.send("a", say(1))
    word = next(w for e in rig.all(Final) for w in e.words)
    assert word.start_s == pytest.approx(100.0, abs=0.01)


def test_everybody_has_a_turn_when_more_streams_want_one_than_there_are_rows() -> None:
    rig = Rig(batch_size=1)
    for name in "abc":
        rig.job(name)
    for level in range(1, 13):
        for name in "abc":  # nobody pauses: partials of all of them are due all the time
            rig.pour(name, np.full(RATE, level / 100, np.float32))
        rig.engine.step()
    assert all(len(rig.all(Partial, name)) >= 3 for name in "abc")


def test_a_stream_that_speaks_does_not_wait_for_files() -> None:
    rig = Rig(batch_size=1)
    for name in "abc":
        rig.job(name, partials=False)
        rig.pour(name, say(1, 2, 3))
    rig.job("live")
    rig.pour("live", say(4))
    for _ in range(3):
        rig.engine.step()
    assert rig.text("live") == "w4"


def test_who_begins_to_speak_is_heard_before_others_go_on() -> None:
    rig = Rig(batch_size=1)
    for name in "abc":
        rig.job(name)
        rig.pour(name, say(1, word_s=0.6, pause_s=0.0))
        rig.run()
        rig.pour(name, say(2, word_s=0.9, pause_s=0.0))
    rig.job("new")
    rig.pour("new", say(3, word_s=0.6, pause_s=0.0))
    rig.engine.step()
    assert [e.job for e in rig.events if isinstance(e, Partial)][-1] == "new"


def test_a_step_hears_no_more_than_pays() -> None:
    rig = Rig(batch_size=4)
    for name in "abcd":
        rig.job(name, partials=False)
        rig.pour(name, say(1, word_s=9.0))
    rig.run()
    assert rig.model.batches == [2, 2]


def test_windows_of_a_file_are_gathered_and_heard_together_in_order() -> None:
    rig = Rig(batch_size=4)
    rig.job(partials=False)
    rig.pour("a", say(*range(1, 30), pause_s=0.7))
    rig.engine.tell("a", EndOfAudio(0, rig.seq("a")))
    rig.run()
    assert rig.text() == " ".join(f"w{n}" for n in range(1, 30))
    assert max(rig.model.batches) == 4
    assert len(rig.model.batches) < 12
    assert isinstance(rig.events[-1], Done)


def test_a_file_that_fails_in_one_of_its_windows_fails_once_and_says_nothing_after_it() -> None:
    rig = Rig(batch_size=4)
    rig.job("bad", partials=False)
    rig.job("good", partials=False)
    rig.pour("bad", say(1, 99, 3, pause_s=0.7))
    rig.pour("good", say(4, 5, pause_s=0.7))
    rig.run()
    assert rig.text("good") == "w4 w5"
    assert not rig.text("bad")  # whoever hears it again begins with what was not said
    assert len(rig.all(Failed, "bad")) == 1
    assert rig.released == ["bad"]


def test_speech_without_a_pause_longer_than_the_window_loses_no_word() -> None:
    rig = Rig()
    rig.job(word_timestamps=True)
    audio = say(*range(1, 91), word_s=0.5, pause_s=0.0)
    rig.send("a", audio, 8000)
    rig.engine.tell("a", EndOfAudio(0, rig.seq("a")))
    rig.run()
    heard = rig.text().split()
    # The words lie across frames: each is heard, and none far from where it was said.
    assert list(dict.fromkeys(heard)) == [f"w{n}" for n in range(1, 91)]
    assert len(heard) <= 90 + len(rig.all(Final))


def test_audio_is_not_judged_far_ahead_of_what_is_recognised() -> None:
    rig = Rig(batch_size=1)
    for name in "abcd":
        rig.job(name, partials=False)
        rig.pour(name, say(*range(1, 50)))
    for _ in range(60):
        rig.engine.step()
    for name in "abcd":
        last = rig.all(Heard, name)[-1]
        assert last.audio_s - last.settled_s <= STEP_AUDIO_S + 1
    rig.run()
    assert {rig.text(name) for name in "abcd"} == {" ".join(f"w{n}" for n in range(1, 50))}


def test_streams_that_wait_for_their_turn_give_signs_of_life() -> None:
    rig = Rig(batch_size=1)
    for name in "abcd":
        rig.job(name, partials=False)
        rig.pour(name, say(1))
    while not rig.all(Final):
        rig.engine.step()
    before = len(rig.events)
    rig.engine.step()
    assert {e.job for e in rig.events[before:]} == set("bcd")  # one speaks its final, two wait


def test_why_something_was_recognised_is_counted() -> None:
    def counted() -> dict[str, float]:
        return {
            reason: REGISTRY.get_sample_value("antiphon_worker_decisions_total", {"reason": reason}) or 0.0
            for reason in ("final", "partial", "file")
        }

    before = counted()
    rig = Rig()
    rig.job("live")
    rig.job("file", partials=False)
    rig.send("live", say(1))
    rig.send("file", say(1))
    after = counted()
    assert after["final"] - before["final"] == 1
    assert after["partial"] - before["partial"] >= 1
    assert after["file"] - before["file"] == 1


@pytest.mark.parametrize("chunk", [100, 1600, 7001])
def test_voice_activity_is_told_frame_by_frame_before_the_final_it_leads_to(chunk: int) -> None:
    rig = Rig()
    rig.job(voice_activity=True, max_silence_s=0.32)
    audio = say(1, 2)
    rig.send("a", audio, chunk)
    heard = [e for e in rig.events if isinstance(e, Voice | Final)]
    frames = b"".join(e.frames for e in heard if isinstance(e, Voice))
    expected = bytes(255 * bool(audio[i : i + 512].any()) for i in range(0, len(audio) - 511, 512))
    assert expected.startswith(frames)
    assert len(frames) > len(expected) - 3
    for at, event in enumerate(heard):
        told = sum(len(e.frames) for e in heard[: at + 1] if isinstance(e, Voice))
        if isinstance(event, Voice):
            assert event.audio_s == pytest.approx(told * 512 / RATE)
        else:  # it was said in the frame in which the pause was long enough
            assert frames[told - 10 : told] == bytes(10)
            assert frames[told - 11]


def test_voice_activity_is_not_told_unasked() -> None:
    rig = Rig()
    rig.job()
    rig.send("a", say(1))
    assert not rig.all(Voice)
