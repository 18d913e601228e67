"""LiveKit's plugin for Cartesia 1.8.9, with the objects of its real framework, outside a room."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import http_context
from livekit.plugins import cartesia
from steps import KEY, SERVER, SPEECH, TEXT, kept, run, step

ONCE = APIConnectOptions(max_retry=0, timeout=20)
WORDS = "The train to the coast leaves at half past seven. It is never late. We meet at the station."


@asynccontextmanager
async def speaker(**options: Any) -> AsyncIterator[cartesia.TTS]:
    async with http_context.open():
        tts = cartesia.TTS(**{"api_key": KEY, "base_url": SERVER} | options)
        yield tts
        await tts.aclose()


async def stream(tts: cartesia.TTS, text: str) -> tuple[bytes, list[Any]]:
    """Push a text word by word, as a language model writes; the audio, and the words with their times."""
    speech = tts.stream(conn_options=ONCE)

    async def push() -> None:
        for word in text.split(" "):
            speech.push_text(f"{word} ")
            await asyncio.sleep(0.01)
        speech.flush()
        speech.end_input()

    pushing = asyncio.create_task(push())
    audio, timed = b"", []
    async for spoken in speech:
        audio += bytes(spoken.frame.data)
        timed += [
            [str(each), each.start_time, each.end_time]
            for each in spoken.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
        ]
    await pushing
    await speech.aclose()
    return audio, timed


@step
async def synthesized() -> str:
    async with speaker() as tts, tts.synthesize(TEXT, conn_options=ONCE) as speech:
        return kept("synthesized.pcm", b"".join([bytes(each.frame.data) async for each in speech]))


@step
async def streamed_speech() -> dict[str, Any]:
    async with speaker() as tts:
        audio, timed = await stream(tts, WORDS)
    return {"audio": kept("streamed.pcm", audio), "timed": timed}


@step
async def controlled() -> str:
    options = {"speed": 1.4, "emotion": ["Happy", "Joking/Comedic"], "volume": 1.2, "language": None}
    async with speaker(**options) as tts:
        audio, _ = await stream(tts, TEXT)
    return kept("controlled.pcm", audio)


@step
async def of_an_older_version() -> str:
    """With an embedding and the experimental controls of 2024-11-13."""
    options = {"api_version": "2024-11-13", "model": "sonic-2-2025-03-07", "speed": "fast"}
    async with speaker(voice=[0.0] * 192, emotion=["positivity:high"], **options) as tts:
        audio, _ = await stream(tts, TEXT)
    return kept("older.pcm", audio)


@step
async def interrupted() -> str:
    """A stream that is closed in its middle; the next one takes the same socket from the pool."""
    async with speaker() as tts:
        speech = tts.stream(conn_options=ONCE)
        speech.push_text("This is a long story that nobody wants to hear. " * 20)
        speech.end_input()
        await anext(aiter(speech))
        await speech.aclose()
        audio, _ = await stream(tts, TEXT)
    return kept("after_interruption.pcm", audio)


def frames(seconds_after: float) -> list[rtc.AudioFrame]:
    """The recording and silence after it, as a track brings them: 48 kHz, 10 ms each."""
    with wave.open(str(SPEECH)) as recording:
        samples = recording.readframes(recording.getnframes())
    samples += bytes(round(16_000 * seconds_after) * 2)
    resampler = rtc.AudioResampler(16_000, 48_000)
    whole = rtc.AudioFrame(samples, 16_000, 1, len(samples) // 2)
    data = b"".join(bytes(f.data) for f in [*resampler.push(whole), *resampler.flush()])
    return [rtc.AudioFrame(data[at : at + 960], 48_000, 1, 480) for at in range(0, len(data) - 959, 960)]


async def listen(model: str, *, seconds_after: float, pace: float) -> dict[str, Any]:
    async with http_context.open():
        stt = cartesia.STT(model=model, api_key=KEY, base_url=SERVER)
        stream = stt.stream(conn_options=ONCE)

        async def push() -> None:
            for frame in frames(seconds_after):
                stream.push_frame(frame)
                await asyncio.sleep(0.01 * pace)
            stream.end_input()

        pushing = asyncio.create_task(push())
        events = [event async for event in stream]
        await pushing
        await stream.aclose()
        await stt.aclose()
    finals = [event for event in events if event.type == "final_transcript"]
    return {
        "text": "".join(final.alternatives[0].text for final in finals),
        "types": [event.type.value for event in events],
        "words": [str(word) for final in finals for word in final.alternatives[0].words or []],
    }


@step
async def heard_by_whisper() -> dict[str, Any]:
    return await listen("ink-whisper", seconds_after=1.0, pace=0.2)


@step
async def heard_in_turns() -> dict[str, Any]:
    return await listen("ink-2", seconds_after=2.0, pace=1.0)


@step
async def unknown_voice() -> None:
    async with speaker(voice="nobody") as tts, tts.synthesize(TEXT, conn_options=ONCE) as speech:
        async for _ in speech:
            pass


@step
async def wrong_key() -> None:
    async with speaker(api_key="wrong") as tts:
        await stream(tts, TEXT)


run()
