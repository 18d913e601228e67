"""The load generator against the whole platform, shortly: that every figure is there, not how good it is."""

from collections.abc import AsyncIterator

import pytest

from antiphon.loadtest.hearing import HearingClient
from antiphon.loadtest.hearingloads import steady_streams
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.loads import open_loop
from antiphon.loadtest.recordings import LONGEST_S, SHORTEST_S, speak_recordings
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import CLIENTS, SpeechClient
from antiphon.loadtest.summary import summarise
from antiphon.loadtest.target import Target
from support.platform import KEY, Platform

pytestmark = pytest.mark.models


@pytest.fixture(params=CLIENTS)
async def client(running: Platform, request: pytest.FixtureRequest) -> AsyncIterator[SpeechClient]:
    it = CLIENTS[request.param](Target(running.url, KEY))
    yield it
    await it.aclose()


async def test_speech_is_heard_over_every_transport(client: SpeechClient) -> None:
    summary = summarise(await open_loop(client, rps=2, duration_s=2, seed=1))
    assert summary.completed == summary.requests > 0
    assert summary.ttfa.p50 is not None
    assert summary.first_byte.p50 is not None
    assert 0 < summary.first_byte.p50 <= summary.ttfa.p50
    assert summary.gap.p99 is not None
    assert summary.audio_per_s > 0


async def test_what_is_spoken_is_heard(running: Platform) -> None:
    recordings = await speak_recordings(Target(running.url, KEY), SENTENCES[-12:-8])
    assert all(SHORTEST_S <= recording.seconds <= LONGEST_S for recording in recordings)
    client = HearingClient(Target(running.url, KEY, model="ink-whisper"))
    run = await steady_streams(client, concurrency=2, duration_s=8, recordings=recordings)
    summary = summarise_streams(run)
    assert (summary.errors, summary.refused, summary.unanswered) == ({}, 0, 0)
    assert summary.final.p50 is not None
    assert summary.first_partial.p50 is not None
    assert summary.wer is not None
    assert summary.wer < 0.15
