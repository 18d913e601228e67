"""OpenAI's Python SDK 3.54.0, used as its own documentation shows, but for the address."""

import asyncio
import base64
import json
import wave
from array import array
from typing import Any

from openai import AsyncOpenAI, OpenAI
from steps import KEY, RATE, SERVER, SPEECH, TEXT, kept, run, step

client = OpenAI(api_key=KEY, base_url=f"{SERVER}/v1", max_retries=0)
SPOKEN: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "alloy"}


@step
def spoken() -> dict[str, str]:
    """In every format."""
    return {
        kind: kept(
            f"spoken.{kind}",
            client.audio.speech.create(input=TEXT, response_format=kind, **SPOKEN).read(),
        )
        for kind in ("mp3", "opus", "aac", "flac", "wav", "pcm")
    }


@step
def spoken_as_it_comes() -> str:
    with client.audio.speech.with_streaming_response.create(
        input=TEXT, response_format="pcm", speed=1.2, instructions="Cheerfully.", **SPOKEN
    ) as answer:
        return kept("as_it_comes.pcm", b"".join(answer.iter_bytes()))


@step
def spoken_in_events() -> dict[str, Any]:
    with client.audio.speech.with_streaming_response.create(
        input=TEXT, response_format="pcm", stream_format="sse", **SPOKEN
    ) as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    audio = [base64.b64decode(event["audio"]) for event in events if event["type"] == "speech.audio.delta"]
    return {"audio": kept("events.pcm", b"".join(audio)), "last": events[-1]}


@step
def transcribed() -> dict[str, Any]:
    with SPEECH.open("rb") as file:
        answer = client.audio.transcriptions.create(model="whisper-1", file=file)
    return {"text": answer.text}


@step
def transcribed_in_words() -> dict[str, Any]:
    answer = client.audio.transcriptions.create(
        model="whisper-1",
        file=SPEECH,
        language="en",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    return {
        "text": answer.text,
        "duration": answer.duration,
        "words": [[word.word, word.start, word.end] for word in answer.words or []],
        "segments": [[segment.text, segment.start, segment.end] for segment in answer.segments or []],
    }


@step
def subtitles() -> dict[str, str]:
    return {
        form: client.audio.transcriptions.create(model="whisper-1", file=SPEECH, response_format=form)
        for form in ("text", "srt", "vtt")
    }


@step
def transcribed_as_it_comes() -> dict[str, Any]:
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=SPEECH, stream=True))
    return {
        "deltas": "".join(event.delta for event in events if event.type == "transcript.text.delta"),
        "last": [events[-1].type, events[-1].text],
    }


@step
def models() -> list[str]:
    return [model.id for model in client.models.list()]


@step
async def heard_in_realtime() -> dict[str, Any]:
    """A transcription session, in which the server tells the turns by silence."""
    asynchronous = AsyncOpenAI(api_key=KEY, base_url=f"{SERVER}/v1")
    async with asynchronous.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        await connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": RATE},
                        "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
                        "turn_detection": {"type": "server_vad", "silence_duration_ms": 700},
                    }
                },
            }
        )
        events: list[Any] = []
        completed = asyncio.Event()

        async def receive() -> None:
            async for event in connection:
                events.append(event)
                if (
                    event.type.endswith("transcription.completed")
                    and "your country" in event.transcript[-20:]
                ):
                    completed.set()

        receiving = asyncio.create_task(receive())
        for piece in pieces_at(RATE):
            await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
            await asyncio.sleep(0.05)
        await asyncio.wait_for(completed.wait(), 30)
        receiving.cancel()
    await asynchronous.close()
    done = [
        event for event in events if event.type == "conversation.item.input_audio_transcription.completed"
    ]
    return {"text": " ".join(event.transcript for event in done), "types": [event.type for event in events]}


def pieces_at(rate: int) -> list[bytes]:
    """The recording and two seconds of silence at another rate, 100 ms each."""
    with wave.open(str(SPEECH)) as recording:
        samples = memoryview(recording.readframes(recording.getnframes()) + bytes(64_000)).cast("h")
    resampled = array("h")
    for index in range((len(samples) - 1) * rate // 16_000):
        at, between = divmod(index * 16_000, rate)
        resampled.append(round(samples[at] + (samples[at + 1] - samples[at]) * between / rate))
    data = resampled.tobytes()
    size = rate // 10 * 2
    return [data[at : at + size] for at in range(0, len(data), size)]


@step
def unknown_format() -> None:
    client.audio.speech.create(input=TEXT, response_format="midi", **SPOKEN)


@step
def no_audio() -> None:
    client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"This is no audio."))


@step
def wrong_key() -> None:
    OpenAI(api_key="wrong", base_url=f"{SERVER}/v1").models.list()


run()
