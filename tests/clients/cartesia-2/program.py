"""Cartesia's Python SDK 2.0.17, used as its own documentation shows."""

import asyncio
import base64
from typing import Any

from cartesia import AsyncCartesia, Cartesia
from steps import KEY, PIECES, RAW, SERVER, SPEECH, TEXT, VOICE, WAV, kept, run, speech_pieces, step

# Its sockets speak plainly to "localhost" alone.
client = Cartesia(api_key=KEY, base_url=SERVER)
SPOKEN: dict[str, Any] = {
    "model_id": "sonic-2",
    "voice": {"mode": "id", "id": VOICE},
    "output_format": RAW,
    "language": "en",
}
HEARD: dict[str, Any] = {
    "model": "ink-whisper",
    "language": "en",
    "encoding": "pcm_s16le",
    "sample_rate": 16_000,
    "min_volume": 0.01,
    "max_silence_duration_secs": 0.4,
}


@step
def wav() -> str:
    return kept("wav.wav", b"".join(client.tts.bytes(transcript=TEXT, **SPOKEN | {"output_format": WAV})))


@step
def mp3() -> str:
    compressed = {"container": "mp3", "sample_rate": 44_100, "bit_rate": 128_000}
    return kept(
        "mp3.mp3", b"".join(client.tts.bytes(transcript=TEXT, **SPOKEN | {"output_format": compressed}))
    )


@step
def events() -> str:
    chunks = client.tts.sse(transcript=TEXT, **SPOKEN)
    return kept("events.pcm", b"".join(base64.b64decode(chunk.data) for chunk in chunks))


@step
def socket() -> str:
    ws = client.tts.websocket()
    audio = b"".join(output.audio for output in ws.send(transcript=TEXT, stream=True, **SPOKEN))
    ws.close()
    return kept("socket.pcm", audio)


@step
def continuations() -> str:
    ws = client.tts.websocket()
    outputs = ws.context().send(transcript=iter(PIECES), **SPOKEN)
    audio = b"".join(output.audio for output in outputs if output.audio)
    ws.close()
    return kept("continuations.pcm", audio)


@step
async def continuations_at_once() -> str:
    asynchronous = AsyncCartesia(api_key=KEY, base_url=SERVER)
    ws = await asynchronous.tts.websocket()
    context = ws.context()

    async def send() -> None:
        for piece in PIECES:
            await context.send(transcript=piece, continue_=True, **SPOKEN)
        await context.no_more_inputs()

    async def receive() -> bytes:
        return b"".join([output.audio async for output in context.receive() if output.audio])

    _, audio = await asyncio.gather(send(), receive())
    await ws.close()
    await asynchronous.close()
    return kept("continuations_at_once.pcm", audio)


@step
async def flushed() -> list[str]:
    asynchronous = AsyncCartesia(api_key=KEY, base_url=SERVER)
    ws = await asynchronous.tts.websocket()
    context = ws.context()
    await context.send(transcript="Good morning, ", continue_=True, **SPOKEN)
    before = await context.flush()
    await context.send(transcript="and good evening.", continue_=True, **SPOKEN)
    await context.no_more_inputs()
    first = b"".join([output.audio async for output in before() if output.audio])
    second = b"".join([output.audio async for output in context.receive() if output.audio])
    await ws.close()
    await asynchronous.close()
    return [kept("flushed_first.pcm", first), kept("flushed_second.pcm", second)]


@step
async def timestamps() -> dict[str, Any]:
    asynchronous = AsyncCartesia(api_key=KEY, base_url=SERVER)
    ws = await asynchronous.tts.websocket()
    wanted = {"add_timestamps": True, "add_phoneme_timestamps": True, "stream": True}
    audio, words, start, end, phonemes = b"", [], [], [], 0
    async for output in await ws.send(transcript=TEXT, **wanted, **SPOKEN):
        audio += output.audio or b""
        if output.word_timestamps is not None:
            words += output.word_timestamps.words
            start += output.word_timestamps.start
            end += output.word_timestamps.end
        if output.phoneme_timestamps is not None:
            phonemes += len(output.phoneme_timestamps.phonemes)
    await ws.close()
    await asynchronous.close()
    found = {"words": words, "start": start, "end": end, "phonemes": phonemes}
    return {"audio": kept("timestamps.pcm", audio), **found}


@step
def voices() -> list[Any]:
    return [[voice.id, voice.name] for voice in client.voices.list()]


@step
def voices_page_by_page() -> list[str]:
    return [voice.id for page in client.voices.list(limit=1).iter_pages() for voice in page.items]


@step
def one_voice() -> list[str]:
    voice = client.voices.get(id=VOICE)
    return [voice.id, voice.name]


@step
def transcribed() -> dict[str, Any]:
    with SPEECH.open("rb") as file:
        answer = client.stt.transcribe(
            file=file, model="ink-whisper", language="en", timestamp_granularities=["word"]
        )
    return {"text": answer.text, "duration": answer.duration, "words": [w.word for w in answer.words or []]}


@step
def streamed() -> dict[str, Any]:
    ws = client.stt.websocket(**HEARD)
    for piece in speech_pieces():
        ws.send(piece)
    ws.send("finalize")
    ws.send("done")
    results = list(ws.receive())
    ws.close()
    finals = [result for result in results if result["type"] == "transcript" and result["is_final"]]
    return {"text": "".join(f["text"] for f in finals), "types": [result["type"] for result in results]}


@step
async def streamed_at_once() -> dict[str, Any]:
    asynchronous = AsyncCartesia(api_key=KEY, base_url=SERVER)
    ws = await asynchronous.stt.websocket(**HEARD)

    async def send() -> None:
        for piece in speech_pieces():
            await ws.send(piece)
            await asyncio.sleep(0.02)
        await ws.send("finalize")
        await ws.send("done")

    async def receive() -> list[dict[str, Any]]:
        return [result async for result in ws.receive()]

    _, results = await asyncio.gather(send(), receive())
    await ws.close()
    await asynchronous.close()
    finals = [result for result in results if result["type"] == "transcript" and result["is_final"]]
    return {"text": "".join(f["text"] for f in finals), "types": [result["type"] for result in results]}


@step
def made_voice() -> dict[str, Any]:
    """A clone, from its clip to its end."""
    with SPEECH.open("rb") as clip:
        made = client.voices.clone(
            clip=clip, name="test", language="en", mode="similarity", enhance=False, description="of a clip"
        )
    changed = client.voices.update(id=made.id, name="renamed", description="of a clip, renamed")
    got = client.voices.get(id=made.id)
    owned = [voice.id for voice in client.voices.list(is_owner=True)]
    said = client.tts.bytes(
        transcript=TEXT, **SPOKEN | {"voice": {"mode": "id", "id": made.id}, "output_format": WAV}
    )
    audio = kept("made_voice.wav", b"".join(said))
    client.voices.delete(id=made.id)
    left = [voice.id for voice in client.voices.list()]
    names = [made.name, changed.name, got.name]
    return {"id": made.id, "names": names, "owned": owned, "left": left, "audio": audio}


@step
def mixed() -> list[Any]:
    """A voice of a mixture of two."""
    mixture = client.voices.mix(voices=[{"id": VOICE, "weight": 0.25}, {"id": "heart", "weight": 0.75}])
    made = client.voices.create(
        name="mixed", description="of two", embedding=mixture.embedding, language="en"
    )
    client.voices.delete(id=made.id)
    return [len(mixture.embedding), made.name, made.is_owner]


@step
def unknown_voice() -> None:
    list(client.tts.bytes(transcript=TEXT, **SPOKEN | {"voice": {"mode": "id", "id": "nobody"}}))


@step
def unknown_voice_on_a_socket() -> None:
    ws = client.tts.websocket()
    ws.send(transcript=TEXT, stream=False, **SPOKEN | {"voice": {"mode": "id", "id": "nobody"}})


@step
def unknown_model_to_hear() -> None:
    ws = client.stt.websocket(**HEARD | {"model": "no-such-model"})
    list(ws.receive())


@step
def wrong_key() -> None:
    list(Cartesia(api_key="wrong", base_url=SERVER).voices.list())


@step
def wrong_key_on_a_socket() -> None:
    Cartesia(api_key="wrong", base_url=SERVER).tts.websocket()


run()
