"""OpenAI's Python SDK, unmodified, over HTTP and over TLS."""

from typing import Any

import pytest

from support.spoken import RECORDED, TEXT
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def ran(run: Any) -> Any:
    return run("openai-python")


def is_heard(text: str) -> bool:
    return word_error_rate([RECORDED], [text]) <= 0.05


def test_a_text_is_spoken_in_every_format(ran: Any) -> None:
    spoken = ran.value("spoken")
    assert set(spoken) == {"mp3", "opus", "aac", "flac", "wav", "pcm"}
    for file in spoken.values():
        assert word_error_rate([TEXT], [ran.heard(file)]) == 0, file


def test_a_text_is_spoken_as_it_comes_and_in_events(ran: Any) -> None:
    whole = ran.samples(ran.value("spoken")["pcm"])
    events = ran.value("spoken_in_events")
    assert (ran.samples(events["audio"]) == whole).all()
    assert events["last"]["type"] == "speech.audio.done"
    assert events["last"]["usage"]["total_tokens"] > 0
    faster = ran.value("spoken_as_it_comes")
    assert len(ran.samples(faster)) < 0.95 * len(whole)
    assert word_error_rate([TEXT], [ran.heard(faster)]) == 0


def test_a_recording_is_transcribed_in_every_form(ran: Any) -> None:
    assert is_heard(ran.value("transcribed")["text"])
    for form, text in ran.value("subtitles").items():
        lines = [line for line in text.splitlines() if "-->" not in line and not line.strip().isdecimal()]
        assert is_heard(" ".join(line for line in lines if line != "WEBVTT")), form
    assert ran.value("subtitles")["srt"].startswith("1\n00:00:0")
    assert ran.value("subtitles")["vtt"].startswith("WEBVTT\n")


def test_words_and_segments_have_their_times(ran: Any) -> None:
    answer = ran.value("transcribed_in_words")
    assert is_heard(answer["text"])
    assert is_heard(" ".join(word for word, _, _ in answer["words"]))
    assert is_heard(" ".join(text for text, _, _ in answer["segments"]))
    for timed in (answer["words"], answer["segments"]):
        starts = [start for _, start, _ in timed]
        assert starts == sorted(starts)
        assert 0 <= starts[0] < timed[-1][2] <= answer["duration"] + 0.1


def test_a_recording_is_transcribed_as_it_comes(ran: Any) -> None:
    answer = ran.value("transcribed_as_it_comes")
    assert answer["last"] == ["transcript.text.done", answer["deltas"]]
    assert is_heard(answer["deltas"])


def test_models(ran: Any) -> None:
    assert {"hibari", "moonshine-tiny-en"} <= set(ran.value("models"))


def test_a_realtime_session_hears(ran: Any) -> None:
    heard = ran.value("heard_in_realtime")
    assert is_heard(heard["text"])
    for kind in (
        "session.created",
        "session.updated",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.input_audio_transcription.delta",
    ):
        assert kind in heard["types"]


@pytest.mark.parametrize(
    ("step", "kind", "status"),
    [
        ("unknown_format", "BadRequestError", 400),
        ("no_audio", "BadRequestError", 400),
        ("wrong_key", "AuthenticationError", 401),
    ],
)
def test_errors_are_those_of_the_sdk(ran: Any, step: str, kind: str, status: int) -> None:
    raised = ran.raised(step)
    assert kind in raised.kinds, raised
    assert raised.status == status
