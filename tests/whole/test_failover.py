"""Workers are killed while they speak and hear; nobody loses or hears twice a sample or a word."""

import asyncio
import json
import time
import wave
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets

from support.platform import KEY, Platform, platform
from support.words import normalise

pytestmark = [pytest.mark.models, pytest.mark.slow]

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "011_jfk.wav"
TEXT = " ".join(f"This is sentence number {i}, and it takes a moment to say." for i in range(40))
MARKED = TEXT.replace(", and it", ',<break time="150ms"/><speed ratio="1.2"/> and it')
"""The same in smaller segments, with silence between them."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Two workers of each kind."""
    with platform(tmp_path_factory.mktemp("pair")) as it:
        it.start_worker("tts", "tts-1")
        it.start_worker("stt", "stt-1")
        it.wait(tts=2, stt=2)
        yield it


def replace(running: Platform, kind: str, old: str, new: str) -> None:
    """Kill one worker without warning and bring another."""
    running.kill(old)
    running.wait(**({"tts": 2, "stt": 2} | {kind: 1}))  # it is missed after a second
    running.start_worker(kind, new)
    running.wait(tts=2, stt=2)


def connect(running: Platform, path: str) -> Any:
    query = "&" if "?" in path else "?"
    url = f"{running.ws_url}{path}{query}cartesia_version=2026-03-01&api_key={KEY}"
    return websockets.connect(url, max_size=None)


async def speak(running: Platform, started: asyncio.Event) -> tuple[bytes, list[str]]:
    audio, words = [], []
    async with connect(running, "/tts/websocket") as socket:
        request = {
            "model_id": "sonic-3",
            "transcript": MARKED,
            "voice": {"mode": "id", "id": "heart"},
            "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 24_000},
            "context_id": "long",
            "add_timestamps": True,
        }
        await socket.send(json.dumps(request))
        async for data in socket:
            message = json.loads(data)
            assert message["type"] != "error", message
            if message["type"] == "done":
                break
            if message["type"] == "chunk":
                started.set()
                audio.append(b64decode(message["data"]))
            else:
                words += message["word_timestamps"]["words"]
    return b"".join(audio), words


async def test_speech_goes_on_when_both_workers_are_killed(pair: Platform) -> None:
    undisturbed, words = await speak(pair, asyncio.Event())
    assert words == TEXT.split()
    for turn in ("a", "b"):
        started = asyncio.Event()
        speaking = asyncio.create_task(speak(pair, started))
        await started.wait()
        names = [name for name in pair.processes if name.startswith("tts")]
        for i, name in enumerate(names):
            await asyncio.to_thread(replace, pair, "tts", name, f"tts-{turn}{i}")
        audio, again = await speaking
        assert again == words
        assert audio == undisturbed


async def hear(running: Platform, audio: bytes, *, pace: float) -> str:
    heard: list[str] = []

    async def read(socket: Any) -> None:
        async for data in socket:
            message = json.loads(data)
            assert message["type"] != "error", message
            if message["type"] == "transcript" and message["is_final"]:
                heard.append(message["text"])
            if message["type"] == "done":
                return

    path = "/stt/websocket?model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"
    async with connect(running, path) as socket:
        reading = asyncio.create_task(read(socket))
        for start in range(0, len(audio), 3200):
            await socket.send(audio[start : start + 3200])
            await asyncio.sleep(pace)
        await socket.send("close")
        await reading
    return "".join(heard)


async def test_hearing_goes_on_when_both_workers_are_killed(pair: Platform) -> None:
    with wave.open(str(SPEECH)) as clip:
        audio = clip.readframes(clip.getnframes())
    undisturbed = normalise(await hear(pair, audio, pace=0.0))
    assert "your country can do for you" in undisturbed
    hearing = asyncio.create_task(hear(pair, audio, pace=0.1))
    await asyncio.sleep(3)
    for i, name in enumerate([name for name in pair.processes if name.startswith("stt")]):
        await asyncio.to_thread(replace, pair, "stt", name, f"stt-n{i}")
    assert normalise(await hearing) == undisturbed


async def hear_turns(running: Platform, audio: bytes, *, pace: float) -> list[str]:
    """The text of each turn."""
    path = "/stt/turns/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000"
    async with connect(running, path) as socket:

        async def read() -> list[str]:
            events = [json.loads(data) async for data in socket]
            assert "error" not in {event["type"] for event in events}
            return [normalise(event["transcript"]) for event in events if event["type"] == "turn.end"]

        reading = asyncio.create_task(read())
        for start in range(0, len(audio), 3200):
            await socket.send(audio[start : start + 3200])
            await asyncio.sleep(pace)
        await socket.send('{"type": "close"}')
        return await reading


async def test_turns_are_the_same_when_both_workers_are_killed(pair: Platform) -> None:
    with wave.open(str(SPEECH)) as clip:
        said = clip.readframes(clip.getnframes())
    audio = said + bytes(6 * 32_000) + said  # longer than the longest pause within a turn
    undisturbed = await hear_turns(pair, audio, pace=0.0)
    assert len(undisturbed) > 1
    hearing = asyncio.create_task(hear_turns(pair, audio, pace=0.1))
    await asyncio.sleep(3)
    for i, name in enumerate([name for name in pair.processes if name.startswith("stt")]):
        await asyncio.to_thread(replace, pair, "stt", name, f"stt-t{i}")
    assert await hearing == undisturbed


async def test_a_worker_that_is_told_to_leave_finishes_first(pair: Platform) -> None:
    undisturbed, _ = await speak(pair, asyncio.Event())
    started = asyncio.Event()
    speaking = asyncio.create_task(speak(pair, started))
    await started.wait()
    leaving = {name: process for name, process in pair.processes.items() if name.startswith("tts")}
    pair.start_worker("tts", "tts-z")
    await asyncio.to_thread(pair.wait, tts=3, stt=2)
    for process in leaving.values():
        process.terminate()
    audio, _ = await speaking
    assert audio == undisturbed
    deadline = time.monotonic() + 20
    while any(process.poll() is None for process in leaving.values()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert [process.returncode for process in leaving.values()] == [0, 0]
