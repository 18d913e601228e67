"""The load generator against the whole platform, shortly: that every figure is there, not how good it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antiphon.loadtest.hearing import HearingClient
from antiphon.loadtest.hearingloads import steady_streams
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.loads import open_loop
from antiphon.loadtest.manifest import read_manifest
from antiphon.loadtest.quality import hear_files, hear_streams, summarise_quality
from antiphon.loadtest.recordings import LONGEST_S, SHORTEST_S, speak_recordings
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import CLIENTS, SpeechClient
from antiphon.loadtest.summary import summarise
from antiphon.loadtest.target import Target
from antiphon.loadtest.transcribing import Transcriber
from support.platform import KEY, Platform

pytestmark = pytest.mark.models

SPEECH = Path(__file__).parents[1] / "data/speech"


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


async def test_two_recordings_are_heard_in_every_way(running: Platform) -> None:
    clips = read_manifest(SPEECH / "manifest.json")[:2]
    transcriber, never = Transcriber(Target(running.url, KEY, model="ink-whisper")), asyncio.Event()
    files = await hear_files(transcriber, clips, never, str)
    run = await hear_streams(transcriber, files, streams=2, stop=never, tell=str)
    await transcriber.aclose()
    found = summarise_quality(run.requests)
    assert (found.recordings, found.errors) == (2, {})
    for rate in (found.wer, found.stream_wer, found.turns_wer):
        assert rate is not None
        assert rate <= 0.15
    for spread in (found.first_partial, found.final, found.turn_end, found.rtf):
        assert spread.p50 is not None
        assert spread.p50 > 0
