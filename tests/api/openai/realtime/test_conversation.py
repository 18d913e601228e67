"""The state machine alone: messages and what was heard go in, steps and events come out."""

import base64
from itertools import count
from typing import Any

import pytest

from antiphon.api.openai.errors import WrongField
from antiphon.api.openai.realtime.config import SessionConfig
from antiphon.api.openai.realtime.conversation import (
    Conversation,
    Drop,
    EmptyBuffer,
    Feed,
    Finish,
    Open,
    Say,
    Step,
)
from antiphon.contract.events import Done, Ending, Final, Partial, Voice
from antiphon.errors import JobLost, ModelNotFound

SECOND = base64.b64encode(bytes(48_000)).decode()
APPEND = {"type": "input_audio_buffer.append", "audio": SECOND}
COMMIT = {"type": "input_audio_buffer.commit"}
CLEAR = {"type": "input_audio_buffer.clear"}
HEAD: dict[str, Any] = {"job": "j", "attempt": 0, "seq": 0}
DONE = Done(**HEAD, audio_s=1.0, processing_s=0.1)


def partial(text: str, certain: str = "", audio_s: float = 1.0) -> Partial:
    return Partial(**HEAD, text=text, audio_s=audio_s, certain=len(certain))


def final(text: str, start_s: float = 0.0, end_s: float = 1.0) -> Final:
    return Final(**HEAD, text=text, start_s=start_s, end_s=end_s)


def speech(end_s: float, frames: int = 10) -> Voice:
    return Voice(**HEAD, audio_s=end_s, frames=b"\xff" * frames)


def silence(end_s: float, frames: int = 10) -> Voice:
    return Voice(**HEAD, audio_s=end_s, frames=bytes(frames))


def ending(at_s: float, complete: float) -> Ending:
    return Ending(**HEAD, audio_s=at_s, complete=complete)


def update(**fields: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "transcription", "audio": {"input": fields}}}


def said(steps: list[Step]) -> list[dict[str, Any]]:
    assert all(isinstance(step, Say) for step in steps)
    return [step.event for step in steps if isinstance(step, Say)]


def types(steps: list[Step]) -> list[str]:
    names = {
        "input_audio_buffer.": "",
        "conversation.item.input_audio_transcription.": "",
    }
    told = [event["type"] for event in said(steps)]
    for prefix in names:
        told = [kind.removeprefix(prefix) for kind in told]
    return told


def refuse_gpt(config: SessionConfig) -> None:
    if config.model == "gpt":
        raise ModelNotFound("no such model")


@pytest.fixture
def conversation() -> Conversation:
    ids = map("item_{}".format, count(1))
    config = SessionConfig("moonshine-tiny-en")
    return Conversation(config, "sess_1", check=refuse_gpt, new_id=lambda: next(ids))


@pytest.fixture
def manual(conversation: Conversation) -> Conversation:
    conversation.receive(update(turn_detection=None))
    return conversation


def test_the_first_audio_opens_recognition_and_the_rest_feeds_it(conversation: Conversation) -> None:
    opening, feeding = conversation.receive(APPEND)
    assert isinstance(opening, Open)
    assert feeding == Feed(bytes(48_000))
    assert conversation.receive(APPEND) == [Feed(bytes(48_000))]
    assert conversation.receive({**APPEND, "audio": ""}) == []


def test_a_turn_from_its_first_sound_to_its_text(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    (started,) = said(conversation.heard(speech(0.64)))
    assert started == {
        "type": "input_audio_buffer.speech_started",
        "audio_start_ms": 64,
        "item_id": "item_1",
    }
    assert conversation.heard(partial("Good morn")) == []
    (delta,) = said(conversation.heard(partial("Good morning", certain="Good")))
    assert (delta["item_id"], delta["delta"]) == ("item_1", "Good")
    told = said(conversation.heard(final("Good morning.", 0.06, 1.2)))
    assert types([Say(event) for event in told]) == ["speech_stopped", "committed", "delta", "completed"]
    stopped, committed, rest, completed = told
    assert (stopped["audio_end_ms"], stopped["item_id"]) == (1200, "item_1")
    assert (committed["previous_item_id"], committed["item_id"]) == (None, "item_1")
    assert delta["delta"] + rest["delta"] == completed["transcript"] == "Good morning."
    assert completed["usage"] == {"type": "duration", "seconds": 1.136}
    conversation.heard(speech(2.0))
    told = said(conversation.heard(final(" And more.", 1.5, 2.5)))
    assert told[1]["previous_item_id"] == "item_1"
    assert [event.get("transcript") for event in told][-1] == "And more."


@pytest.fixture
def semantic(conversation: Conversation) -> Conversation:
    conversation.receive(update(turn_detection={"type": "semantic_vad", "eagerness": "medium"}))
    conversation.receive(APPEND)
    return conversation


@pytest.mark.parametrize(("complete", "over"), [(0.997, True), (0.003, False)])
def test_a_turn_is_over_soon_where_it_sounds_finished(
    semantic: Conversation, *, complete: float, over: bool
) -> None:
    assert types(semantic.heard(speech(0.96, frames=30))) == ["speech_started"]
    assert semantic.heard(silence(1.152, frames=6)) == []
    assert semantic.heard(ending(1.152, complete)) == []
    told = [*semantic.heard(final("Good morning", 0.0, 1.152)), *semantic.heard(silence(2.112, frames=30))]
    assert ("completed" in types(told)) is over
    assert "".join(event.get("delta", "") for event in said(told)) == "Good morning"


def test_a_turn_that_sounds_open_goes_on_over_pauses_and_ends_in_silence(semantic: Conversation) -> None:
    semantic.heard(speech(0.96, frames=30))
    semantic.heard(silence(1.152, frames=6))
    semantic.heard(ending(1.152, 0.003))
    assert types(semantic.heard(final("I would like", 0.0, 1.5))) == ["delta"]
    semantic.heard(silence(1.472))
    assert semantic.heard(speech(2.432, frames=30)) == []
    semantic.heard(silence(2.624, frames=6))
    semantic.heard(ending(2.624, 0.003))
    (delta,) = said(semantic.heard(final(" a table for", 1.6, 2.9)))
    assert delta["item_id"] == "item_1"
    told = [event for i in range(5) for event in semantic.heard(silence(2.624 + (i + 1) * 0.96, frames=30))]
    assert types(told) == ["speech_stopped", "committed", "completed"]
    assert said(told)[0]["audio_end_ms"] == 2900
    assert said(told)[-1]["transcript"] == "I would like a table for"
    (again,) = said(semantic.heard(speech(8.384, frames=30)))
    assert again["item_id"] == "item_2"


def test_sound_that_is_no_turn_is_over_with_its_utterance(semantic: Conversation) -> None:
    faint = Voice(**HEAD, audio_s=0.64, frames=bytes([150] * 10))
    assert types(semantic.heard(faint)) == ["speech_started"]
    told = semantic.heard(final("", 0.1, 0.9))
    assert types(told) == ["speech_stopped", "committed", "completed"]


def test_a_commit_amid_a_judged_turn_ends_it(semantic: Conversation) -> None:
    semantic.heard(speech(0.96, frames=30))
    assert types(semantic.receive(COMMIT)[:1]) == ["committed"]
    assert types(semantic.heard(final("One.", 0.0, 0.96))) == ["delta"]
    (completed,) = said(semantic.heard(DONE))
    assert completed["transcript"] == "One."


def test_a_final_without_voice_before_it_is_a_whole_turn(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    assert types(conversation.heard(final("Yes.", 0.5, 0.9))) == [
        "speech_started",
        "speech_stopped",
        "committed",
        "delta",
        "completed",
    ]


def test_sound_without_words_is_an_item_without_text(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    assert conversation.heard(final("", 0.1, 0.5)) == []
    conversation.heard(speech(0.64))
    *_, completed = said(conversation.heard(final("", 0.1, 0.9)))
    assert completed["transcript"] == ""


def test_times_go_on_over_commits(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    conversation.receive(COMMIT)
    conversation.heard(DONE)
    conversation.receive(APPEND)
    (started,) = said(conversation.heard(speech(0.64)))
    assert started["audio_start_ms"] == 1064


def test_a_commit_amid_a_turn_ends_it(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    conversation.heard(speech(0.64))
    committed, finish = conversation.receive(COMMIT)
    assert isinstance(finish, Finish)
    assert said([committed])[0]["item_id"] == "item_1"
    assert types(conversation.heard(final("One.", 0.0, 0.5))) == ["delta"]
    assert types(conversation.heard(final(" Two.", 0.6, 1.0))) == ["delta"]
    (completed,) = said(conversation.heard(DONE))
    assert completed["transcript"] == "One. Two."


def test_without_turn_detection_the_client_says_what_an_item_is(manual: Conversation) -> None:
    manual.receive(APPEND)
    assert manual.heard(speech(0.64)) == []
    assert manual.heard(partial("One")) == []
    assert types(manual.heard(final("One two.", 0.0, 0.5))) == ["delta"]
    committed, finish = manual.receive(COMMIT)
    assert isinstance(finish, Finish)
    assert said([committed])[0] == {
        "type": "input_audio_buffer.committed",
        "previous_item_id": None,
        "item_id": "item_1",
    }
    manual.heard(final(" Three.", 0.6, 1.0))
    (completed,) = said(manual.heard(DONE))
    assert (completed["item_id"], completed["transcript"]) == ("item_1", "One two. Three.")
    assert completed["usage"]["seconds"] == 1.0
    assert isinstance(manual.receive(APPEND)[0], Open)
    assert said(manual.receive(COMMIT)[:1])[0]["previous_item_id"] == "item_1"


def test_words_shown_before_speech_was_cut_before_them_are_not_shown_again(manual: Conversation) -> None:
    manual.receive(APPEND)
    manual.receive(COMMIT)
    told = [
        *manual.heard(partial("it was late and we left", certain="it was late and", audio_s=19.0)),
        *manual.heard(final("it was", 0.0, 15.0)),
        *manual.heard(final(" late and we left.", 15.0, 21.0)),
        *manual.heard(DONE),
    ]
    *deltas, completed = said(told)
    assert "".join(event["delta"] for event in deltas) == "it was late and we left."
    assert completed["transcript"] == "it was late and we left."


@pytest.mark.parametrize("detecting", [True, False])
def test_a_commit_of_silence_is_an_item_without_text(conversation: Conversation, detecting: bool) -> None:
    if not detecting:
        conversation.receive(update(turn_detection=None))
    conversation.receive(APPEND)
    assert types(conversation.receive(COMMIT)[:1]) == ["committed"]
    (completed,) = said(conversation.heard(DONE))
    assert completed["transcript"] == ""


def test_a_commit_of_nothing_is_refused(conversation: Conversation) -> None:
    with pytest.raises(EmptyBuffer):
        conversation.receive(COMMIT)


def test_clearing_drops_what_was_heard(manual: Conversation) -> None:
    assert types(manual.receive(CLEAR)) == ["cleared"]
    manual.receive(APPEND)
    manual.heard(final("Never mind."))
    drop, cleared = manual.receive(CLEAR)
    assert isinstance(drop, Drop)
    assert types([cleared]) == ["cleared"]
    manual.receive(APPEND)
    manual.receive(COMMIT)
    manual.heard(final("This."))
    (completed,) = said(manual.heard(DONE))
    assert completed["transcript"] == "This."


def test_other_settings_amid_audio_finish_what_runs(conversation: Conversation) -> None:
    conversation.receive(APPEND)
    assert types(conversation.receive({"type": "session.update", "session": {}})) == ["session.updated"]
    finish, updated = conversation.receive(update(turn_detection=None))
    assert isinstance(finish, Finish)
    assert said([updated])[0]["session"]["turn_detection"] is None
    conversation.heard(DONE)
    opening, _ = conversation.receive(APPEND)
    assert isinstance(opening, Open)
    assert opening.config.turns is None


def test_each_update_is_answered_in_its_own_words(conversation: Conversation) -> None:
    old = {"type": "transcription_session.update", "session": {"input_audio_format": "g711_ulaw"}}
    assert types(conversation.receive(old)) == ["transcription_session.updated"]
    assert types(conversation.receive(update())) == ["session.updated"]


def test_settings_that_cannot_be_served_change_nothing(conversation: Conversation) -> None:
    with pytest.raises(ModelNotFound):
        conversation.receive(update(transcription={"model": "gpt"}))
    assert conversation.created("session.created").event["session"]["input_audio_transcription"]["model"] == (
        "moonshine-tiny-en"
    )


def test_a_failure_is_told_of_the_item_and_ends_it(conversation: Conversation) -> None:
    assert conversation.failed(JobLost("gone")) == []
    conversation.receive(APPEND)
    conversation.heard(speech(0.64))
    (failed,) = said(conversation.failed(JobLost("gone")))
    assert failed["type"] == "conversation.item.input_audio_transcription.failed"
    assert failed["item_id"] == "item_1"
    assert failed["error"]["message"] == "gone"
    assert isinstance(conversation.receive(APPEND)[0], Open)


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({}, "type"),
        ({"type": "response.create"}, "type"),
        ({"type": ["x"]}, "type"),
        ({"type": "session.update"}, "session"),
        ({"type": "session.update", "session": "x"}, "session"),
        ({"type": "input_audio_buffer.append"}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": 7}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "not base64!"}, "audio"),
        ({"type": "input_audio_buffer.append", "audio": "\u00e9"}, "audio"),
    ],
)
def test_messages_that_are_wrong_name_what_is(
    conversation: Conversation, message: dict[str, Any], param: str
) -> None:
    with pytest.raises(WrongField) as raised:
        conversation.receive(message)
    assert raised.value.param == param
