"""LiveKit's plugin for Cartesia, unmodified, with the objects of its framework, over HTTP and over TLS."""

from typing import Any

import pytest

from support.spoken import RECORDED, TEXT
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]

WORDS = "The train to the coast leaves at half past seven. It is never late. We meet at the station."


@pytest.fixture
def ran(run: Any) -> Any:
    return run("livekit-python")


@pytest.mark.parametrize("step", ["synthesized", "interrupted"])
def test_a_text_is_spoken(ran: Any, step: str) -> None:
    assert word_error_rate([TEXT], [ran.heard(ran.value(step))]) == 0


@pytest.mark.parametrize("step", ["controlled", "of_an_older_version"])
def test_speed_is_obeyed(ran: Any, step: str) -> None:
    faster, usual = ran.samples(ran.value(step)), ran.samples(ran.value("synthesized"))
    assert 0.6 < len(faster) / len(usual) < 0.9
    assert word_error_rate([TEXT], [ran.heard(ran.value(step))]) <= 0.25  # fast speech is hard to hear


def test_a_text_is_spoken_as_it_comes_and_its_words_are_timed(ran: Any) -> None:
    spoken = ran.value("streamed_speech")
    assert word_error_rate([WORDS], [ran.heard(spoken["audio"])]) == 0
    text, starts, ends = zip(*spoken["timed"], strict=True)
    # Where a sentence is timed before the next one is sent, the plugin loses the blank between them.
    assert [word.strip() for word in text] == WORDS.split()
    assert list(starts) == sorted(starts)
    assert ends[-1] <= len(ran.samples(spoken["audio"])) / 24_000


def test_speech_is_heard(ran: Any) -> None:
    heard = ran.value("heard_by_whisper")
    assert word_error_rate([RECORDED], [heard["text"]]) <= 0.05
    assert heard["types"][0] == "start_of_speech"
    assert "end_of_speech" in heard["types"]


def test_turns_are_heard(ran: Any) -> None:
    heard = ran.value("heard_in_turns")
    assert word_error_rate([RECORDED], [heard["text"]]) <= 0.05
    assert heard["types"][0] == "start_of_speech"
    assert "interim_transcript" in heard["types"]
    assert heard["types"].count("final_transcript") == heard["types"].count("end_of_speech")


def test_errors_are_those_of_the_framework(ran: Any) -> None:
    unknown, wrong = ran.raised("unknown_voice"), ran.raised("wrong_key")
    assert "APIStatusError" in unknown.kinds
    assert unknown.status == 404
    assert "APIStatusError" in wrong.kinds
    assert wrong.status == 401
