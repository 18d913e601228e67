"""Cartesia's SDKs of every generation, unmodified, over HTTP and over TLS."""

from typing import Any

import numpy as np
import pytest

from support.spoken import RECORDED, TEXT
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]

CONTINUED = f"{TEXT} It is never late."

OLDEST, OLD, MIDDLE, NEW, SCRIPT = "cartesia-1", "cartesia-2", "cartesia-3", "cartesia-4", "cartesia-js"
EVERY = pytest.mark.parametrize("client", [OLDEST, OLD, MIDDLE, NEW, SCRIPT])
FROM_2_ON = pytest.mark.parametrize("client", [OLD, MIDDLE, NEW, SCRIPT])
FROM_3_ON = pytest.mark.parametrize("client", [MIDDLE, NEW, SCRIPT])


def is_said(ran: Any, file: str, text: str, errors: float = 0.0) -> bool:
    heard = ran.heard(file)
    assert word_error_rate([text], [heard]) <= errors, f"{file}: {heard}"
    return True


@EVERY
def test_a_text_is_spoken_alike_by_every_way(run: Any, client: str) -> None:
    ran = run(client)
    spoken = ran.samples(ran.value("wav"))
    assert np.array_equal(spoken, ran.samples(ran.value("events")))
    assert np.array_equal(spoken, ran.samples(ran.value("socket")))
    assert is_said(ran, "wav.wav", TEXT)
    assert 2 < len(spoken) / 24_000 < 5


@FROM_2_ON
def test_mp3(run: Any, client: str) -> None:
    ran = run(client)
    assert is_said(ran, ran.value("mp3"), TEXT)


@EVERY
def test_continuations(run: Any, client: str) -> None:
    ran = run(client)
    assert is_said(ran, ran.value("continuations"), CONTINUED)
    at_once = ran.value("continuations_at_once")
    for file in at_once if isinstance(at_once, list) else [at_once]:
        assert is_said(ran, file, CONTINUED)


@EVERY
def test_a_flush_parts_what_comes_before_it_from_what_comes_after(run: Any, client: str) -> None:
    ran = run(client)
    flushed = ran.value("flushed")
    first, second = flushed["audio"] if isinstance(flushed, dict) else flushed
    assert is_said(ran, first, "Good morning")
    assert is_said(ran, second, "and good evening.")


@FROM_3_ON
def test_flush_ids_count_the_flushes(run: Any, client: str) -> None:
    flushed = run(client).value("flushed")
    assert flushed["types"].count("flush_done") == 1
    assert flushed["types"][-1] == "done"
    before = sum(kind == "chunk" for kind in flushed["types"][: flushed["types"].index("flush_done")])
    assert set(flushed["ids"][:before]) == {1}
    assert set(flushed["ids"][before:]) == {2}


@FROM_3_ON
def test_a_cancel_leaves_the_socket_to_others(run: Any, client: str) -> None:
    ran = run(client)
    file, last = ran.value("cancelled")
    assert last == "done"
    assert is_said(ran, file, TEXT)


@EVERY
def test_words_and_their_times(run: Any, client: str) -> None:
    ran = run(client)
    timed = ran.value("timestamps")
    assert " ".join(timed["words"]) == TEXT
    assert timed["start"] == sorted(timed["start"])
    assert all(a < b for a, b in zip(timed["start"], timed["end"], strict=True))
    assert timed["end"][-1] <= len(ran.samples(timed["audio"])) / 24_000
    if client != OLDEST:
        assert timed["phonemes"] > len(TEXT) / 2


@EVERY
def test_voices_are_listed_to_their_end(run: Any, client: str) -> None:
    voices = run(client).value("voices")
    assert "Heart" in {voice[1] for voice in voices}
    assert len({voice[0] for voice in voices}) == len(voices)
    if client == OLDEST:
        assert {embedding for _, _, embedding in voices} == {192}
    else:
        assert run(client).value("voices_page_by_page") == [voice[0] for voice in voices]
        assert run(client).value("one_voice") in voices


@pytest.mark.parametrize("client", [OLD, MIDDLE, NEW, SCRIPT])
def test_a_voice_is_made_renamed_used_and_deleted(run: Any, client: str) -> None:
    ran = run(client)
    made = ran.value("made_voice")
    assert made["names"] == ["test", "renamed", "renamed"]
    assert made["owned"] == [made["id"]]
    assert made["id"] not in made["left"]
    assert is_said(ran, made["audio"], TEXT)


@pytest.mark.parametrize("client", [OLDEST, MIDDLE, NEW, SCRIPT])
def test_speed_is_obeyed_and_emotion_accepted(run: Any, client: str) -> None:
    ran = run(client)
    assert len(ran.samples(ran.value("controls"))) < 0.8 * len(ran.samples(ran.value("wav")))
    assert is_said(ran, "controls.wav", TEXT, errors=0.25)  # fast speech is hard to hear


def test_what_only_the_oldest_have(run: Any) -> None:
    ran = run(OLDEST)
    assert ran.value("mixed") == 192
    embedding, name, spoken = ran.value("made_voice")
    assert (embedding, name) == (192, "test")
    assert is_said(ran, spoken, TEXT)
    assert run(OLD).value("mixed") == [192, "mixed", True]


@FROM_3_ON
def test_what_is_not_offered_is_said(run: Any, client: str) -> None:
    raised = run(client).raised("not_offered")
    assert raised.status == 501
    assert "There are no datasets here" in raised.message


@FROM_2_ON
def test_a_recording_is_transcribed(run: Any, client: str) -> None:
    answer = run(client).value("transcribed")
    assert word_error_rate([RECORDED], [answer["text"]]) <= 0.05
    assert " ".join(answer["words"]) == answer["text"]
    assert answer["duration"] == pytest.approx(11, abs=0.1)


@FROM_2_ON
def test_a_stream_is_transcribed(run: Any, client: str) -> None:
    streamed = run(client).value("streamed")
    assert word_error_rate([RECORDED], [streamed["text"]]) <= 0.05
    assert streamed["types"].count("flush_done") == 1
    assert streamed["types"][-1] == "done"


def test_a_stream_is_transcribed_while_it_is_sent(run: Any) -> None:
    streamed = run(OLD).value("streamed_at_once")
    assert word_error_rate([RECORDED], [streamed["text"]]) <= 0.05
    assert streamed["types"][-1] == "done"


@FROM_3_ON
def test_turns(run: Any, client: str) -> None:
    turns = run(client).value("turns")
    assert turns["types"][0] == "connected"
    assert turns["types"][1] == "turn.start"
    assert turns["types"][-1] == "turn.end"
    assert turns["types"].count("turn.start") == turns["types"].count("turn.end")
    assert "turn.update" in turns["types"]
    assert word_error_rate([RECORDED], [turns["text"]]) <= 0.05
    if client == SCRIPT:
        assert turns["closed"] == [1000]


@FROM_3_ON
def test_pronunciation_dictionaries(run: Any, client: str) -> None:
    ran = run(client)
    dictionary = ran.value("pronounced")
    assert dictionary["items"] == [["Zxq", "elephant"]]
    assert dictionary["names"] == ["test", "renamed", "renamed"]
    assert dictionary["id"] in dictionary["listed"]
    assert dictionary["id"] not in dictionary["left"]
    assert is_said(ran, dictionary["audio"], "I saw a elephant today.", errors=0.2)


@FROM_3_ON
def test_access_tokens(run: Any, client: str) -> None:
    ran = run(client)
    assert is_said(ran, ran.value("with_a_token"), TEXT)
    refused = ran.raised("with_a_token_for_something_else")
    assert "PermissionDeniedError" in refused.kinds
    assert refused.status == 403


@FROM_3_ON
def test_infill(run: Any, client: str) -> None:
    ran = run(client)
    assert is_said(ran, ran.value("infilled"), "and good morning to all of you", errors=0.2)


@pytest.mark.parametrize("client", [MIDDLE, NEW])
def test_voice_changer(run: Any, client: str) -> None:
    ran = run(client)
    assert is_said(ran, ran.value("changed_voice"), RECORDED, errors=0.15)


@pytest.mark.parametrize(
    ("client", "step", "kind", "status"),
    [
        (OLDEST, "unknown_voice", "ValueError", None),
        (OLDEST, "unknown_voice_on_a_socket", "RuntimeError", None),
        (OLDEST, "unknown_voice_in_events", "RuntimeError", None),
        (OLDEST, "wrong_key", "ValueError", None),
        (OLDEST, "wrong_key_on_a_socket", "RuntimeError", None),
        (OLD, "unknown_voice", "ApiError", 404),
        (OLD, "unknown_voice_on_a_socket", "RuntimeError", None),
        (OLD, "unknown_model_to_hear", "RuntimeError", None),
        (OLD, "wrong_key", "ApiError", 401),
        (OLD, "wrong_key_on_a_socket", "RuntimeError", None),
        (MIDDLE, "nothing_to_say", "BadRequestError", 400),
        (MIDDLE, "unknown_voice", "NotFoundError", 404),
        (MIDDLE, "wrong_key", "AuthenticationError", 401),
        (MIDDLE, "wrong_key_on_a_socket", "InvalidStatus", None),
        (NEW, "nothing_to_say", "BadRequestError", 400),
        (NEW, "unknown_voice", "NotFoundError", 404),
        (NEW, "wrong_key", "AuthenticationError", 401),
        (NEW, "wrong_key_on_a_socket", "InvalidStatus", None),
        (SCRIPT, "nothing_to_say", "BadRequestError", 400),
        (SCRIPT, "unknown_voice", "NotFoundError", 404),
        (SCRIPT, "unknown_voice_on_a_socket", "CartesiaError", None),
        (SCRIPT, "wrong_key", "AuthenticationError", 401),
    ],
)
def test_errors_are_those_of_the_sdk(run: Any, client: str, step: str, kind: str, status: int | None) -> None:
    raised = run(client).raised(step)
    assert kind in raised.kinds, raised
    assert raised.status == status
    if step.startswith("unknown_voice"):
        assert "No voice has the id 'nobody'" in raised.message
    if step.startswith("unknown_model"):
        assert "no-such-model" in raised.message
    if step.startswith("wrong_key") and client in {OLDEST, OLD}:
        assert "401" in raised.message or "Unauthorized" in raised.message


@pytest.mark.parametrize("client", [MIDDLE, NEW])
def test_an_error_on_a_socket_is_an_event(run: Any, client: str) -> None:
    assert run(client).value("unknown_voice_on_a_socket") == ["error", 404, "voice_not_found"]


def test_the_scripts_socket_refuses_a_wrong_key(run: Any) -> None:
    assert "401" in run(SCRIPT).raised("wrong_key_on_a_socket").message
