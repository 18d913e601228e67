"""Cartesia's Python SDK 1.4.0, used as its own documentation shows."""

import asyncio
from typing import Any

from cartesia import AsyncCartesia, Cartesia
from steps import HOST, KEY, PIECES, RAW, SPEECH, TEXT, VOICE, WAV, kept, run, step

# It wants a bare host, and speaks plainly to "localhost" alone.
client = Cartesia(api_key=KEY, base_url=HOST)
SPOKEN: dict[str, Any] = {"model_id": "sonic-english", "voice_id": VOICE, "output_format": RAW}


@step
def wav() -> str:
    return kept("wav.wav", client.tts.bytes(transcript=TEXT, **SPOKEN | {"output_format": WAV}))


@step
def events() -> str:
    embedding = client.voices.get(id=VOICE)["embedding"]
    outputs = client.tts.sse(
        model_id="sonic-english", transcript=TEXT, voice_embedding=embedding, output_format=RAW, stream=True
    )
    return kept("events.pcm", b"".join(output["audio"] for output in outputs))


@step
def socket() -> str:
    ws = client.tts.websocket()
    audio = b"".join(output["audio"] for output in ws.send(transcript=TEXT, stream=True, **SPOKEN))
    ws.close()
    return kept("socket.pcm", audio)


@step
def continuations() -> str:
    ws = client.tts.websocket()
    outputs = ws.context().send(transcript=iter(PIECES), **SPOKEN)
    audio = b"".join(output["audio"] for output in outputs)
    ws.close()
    return kept("continuations.pcm", audio)


@step
async def continuations_at_once() -> str:
    async with AsyncCartesia(api_key=KEY, base_url=HOST) as asynchronous:
        ws = await asynchronous.tts.websocket()
        context = ws.context()

        async def send() -> None:
            for piece in PIECES:
                await context.send(transcript=piece, continue_=True, **SPOKEN)
            await context.no_more_inputs()

        async def receive() -> bytes:
            return b"".join([output["audio"] async for output in context.receive()])

        _, audio = await asyncio.gather(send(), receive())
        await ws.close()
    return kept("continuations_at_once.pcm", audio)


@step
async def flushed() -> list[str]:
    async with AsyncCartesia(api_key=KEY, base_url=HOST) as asynchronous:
        ws = await asynchronous.tts.websocket()
        context = ws.context()
        await context.send(transcript="Good morning, ", continue_=True, **SPOKEN)
        before = await context.flush()
        await context.send(transcript="and good evening.", continue_=True, **SPOKEN)
        await context.no_more_inputs()
        first = b"".join([output["audio"] async for output in before()])
        second = b"".join([output["audio"] async for output in context.receive()])
        await ws.close()
    return [kept("flushed_first.pcm", first), kept("flushed_second.pcm", second)]


@step
def timestamps() -> dict[str, Any]:
    ws = client.tts.websocket()
    answer = ws.send(transcript=TEXT, stream=False, add_timestamps=True, **SPOKEN)
    ws.close()
    return {"audio": kept("timestamps.pcm", answer["audio"]), **answer["word_timestamps"]}


@step
def controls() -> str:
    faster = {"speed": "fastest", "emotion": ["positivity:high", "curiosity"]}
    return kept(
        "controls.wav",
        client.tts.bytes(
            transcript=TEXT, _experimental_voice_controls=faster, **SPOKEN | {"output_format": WAV}
        ),
    )


@step
def voices() -> list[Any]:
    return [[voice["id"], voice["name"], len(voice["embedding"])] for voice in client.voices.list()]


@step
def mixed() -> int:
    return len(client.voices.mix([{"id": VOICE, "weight": 0.5}, {"id": "heart", "weight": 0.5}]))


@step
def made_voice() -> list[Any]:
    """A voice of the embedding of a clip."""
    embedding = client.voices.clone(filepath=str(SPEECH))
    made = client.voices.create(name="test", description="of a clip", embedding=embedding)
    spoken = kept(
        "made_voice.wav",
        client.tts.bytes(transcript=TEXT, **SPOKEN | {"voice_id": made["id"], "output_format": WAV}),
    )
    client.voices.delete(id=made["id"])
    return [len(embedding), made["name"], spoken]


@step
def unknown_voice() -> None:
    client.tts.bytes(transcript=TEXT, **SPOKEN | {"voice_id": "nobody"})


@step
def unknown_voice_on_a_socket() -> None:
    ws = client.tts.websocket()
    ws.send(transcript=TEXT, stream=False, **SPOKEN | {"voice_id": "nobody"})


@step
def unknown_voice_in_events() -> None:
    list(client.tts.sse(transcript=TEXT, **SPOKEN | {"voice_id": "nobody"}))


@step
def wrong_key() -> None:
    Cartesia(api_key="wrong", base_url=HOST).voices.list()


@step
def wrong_key_on_a_socket() -> None:
    Cartesia(api_key="wrong", base_url=HOST).tts.websocket()


run()
