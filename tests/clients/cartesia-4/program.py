"""Cartesia's Python SDK 3.2.0 or 4.2.0, which have the same form, used as its own documentation shows."""

import asyncio
from typing import Any

from cartesia import AsyncCartesia, Cartesia
from steps import (
    KEY,
    PIECES,
    RAW,
    SERVER,
    SOCKETS,
    SPEECH,
    TEXT,
    VOICE,
    WAV,
    kept,
    run,
    speech_pieces,
    step,
)

HERE = {"base_url": SERVER, "websocket_base_url": SOCKETS}
client = Cartesia(api_key=KEY, **HERE)
SPOKEN: dict[str, Any] = {
    "model_id": "sonic-latest",
    "voice": {"mode": "id", "id": VOICE},
    "output_format": RAW,
    "language": "en",
}
HEARD: dict[str, Any] = {"encoding": "pcm_s16le", "sample_rate": 16_000}


def sound(events: list[Any]) -> bytes:
    return b"".join(event.audio for event in events if event.type == "chunk")


@step
def wav() -> str:
    return kept("wav.wav", client.tts.generate(transcript=TEXT, **SPOKEN | {"output_format": WAV}).read())


@step
def mp3() -> str:
    compressed = {"container": "mp3", "sample_rate": 44_100, "bit_rate": 128_000}
    answer = client.tts.generate(transcript=TEXT, **SPOKEN | {"output_format": compressed})
    answer.write_to_file("mp3.mp3")
    return "mp3.mp3"


@step
def events() -> str:
    return kept("events.pcm", sound(list(client.tts.generate_sse(transcript=TEXT, **SPOKEN))))


@step
def socket() -> str:
    """The form of generation 2, which these still have."""
    ws = client.tts.websocket()
    ws.connect()
    outputs = ws.send(transcript=TEXT, stream=True, **SPOKEN)
    audio = b"".join(output.audio for output in outputs if output.audio)
    ws.close()
    return kept("socket.pcm", audio)


@step
def continuations() -> str:
    with client.tts.websocket_connect() as connection:
        context = connection.context(**SPOKEN)
        for piece in PIECES:
            context.push(piece)
        context.no_more_inputs()
        return kept("continuations.pcm", sound(list(context.receive())))


@step
async def continuations_at_once() -> list[str]:
    """Three contexts on one socket."""
    asynchronous = AsyncCartesia(api_key=KEY, **HERE)
    async with asynchronous.tts.websocket_connect() as connection:

        async def speak(number: int) -> str:
            context = connection.context(**SPOKEN)
            for piece in PIECES:
                await context.push(piece)
                await asyncio.sleep(0.01)
            await context.no_more_inputs()
            received = [event async for event in context.receive()]
            return kept(f"at_once_{number}.pcm", sound(received))

        files = await asyncio.gather(*(speak(number) for number in range(3)))
    await asynchronous.close()
    return list(files)


@step
def flushed() -> dict[str, Any]:
    with client.tts.websocket_connect() as connection:
        context = connection.context(**SPOKEN)
        context.push("Good morning, ")
        context.push("", flush=True)
        context.push("and good evening.")
        context.no_more_inputs()
        received = list(context.receive())
    types = [event.type for event in received]
    flush = types.index("flush_done")
    return {
        "types": types,
        "ids": [event.flush_id for event in received if event.type == "chunk"],
        "audio": [kept("first.pcm", sound(received[:flush])), kept("second.pcm", sound(received[flush:]))],
    }


@step
def cancelled() -> list[str]:
    """One context is cancelled in the middle of a long text, the other one goes on."""
    with client.tts.websocket_connect() as connection:
        long, short = connection.context(**SPOKEN), connection.context(**SPOKEN)
        long.push("This is a long story that nobody wants to hear. " * 40)
        next(long.receive())
        long.cancel()
        short.push(TEXT)
        short.no_more_inputs()
        received = list(short.receive())
    return [kept("after_cancel.pcm", sound(received)), received[-1].type]


@step
def timestamps() -> dict[str, Any]:
    with client.tts.websocket_connect() as connection:
        context = connection.context(**SPOKEN, add_timestamps=True, add_phoneme_timestamps=True)
        context.push(TEXT)
        context.no_more_inputs()
        received = list(context.receive())
    timed = [event.word_timestamps for event in received if event.type == "timestamps"]
    phonemes = [e.phoneme_timestamps.phonemes for e in received if e.type == "phoneme_timestamps"]
    return {
        "audio": kept("timestamps.pcm", sound(received)),
        "words": [word for each in timed for word in each.words],
        "start": [at for each in timed for at in each.start],
        "end": [at for each in timed for at in each.end],
        "phonemes": sum(map(len, phonemes)),
    }


@step
def voices() -> list[Any]:
    return [[voice.id, voice.name] for voice in client.voices.list()]


@step
def voices_page_by_page() -> list[str]:
    return [voice.id for voice in client.voices.list(limit=1)]


@step
def one_voice() -> list[str]:
    voice = client.voices.get(VOICE)
    return [voice.id, voice.name]


@step
def transcribed() -> dict[str, Any]:
    answer = client.stt.transcribe(
        file=SPEECH, model="ink-whisper", language="en", timestamp_granularities=["word"]
    )
    return {"text": answer.text, "duration": answer.duration, "words": [w.word for w in answer.words or []]}


@step
def streamed() -> dict[str, Any]:
    with client.stt.manual_finalize.websocket(model="ink-whisper", **HEARD) as connection:
        for piece in speech_pieces():
            connection.send_raw(piece)
        connection.send_raw("finalize")
        connection.send_raw("close")
        received = list(connection)
    finals = [event for event in received if event.type == "transcript" and event.is_final]
    return {"text": "".join(final.text for final in finals), "types": [event.type for event in received]}


@step
async def turns() -> dict[str, Any]:
    """Real time, as turns are told by silence: the recording, and two seconds of nothing."""
    asynchronous = AsyncCartesia(api_key=KEY, **HERE)
    async with asynchronous.stt.auto_finalize.websocket(model="ink-2", **HEARD) as connection:

        async def send() -> None:
            for piece in [*speech_pieces(), *[bytes(3200)] * 20]:
                await connection.send_raw(piece)
                await asyncio.sleep(0.1)
            await connection.send({"type": "close"})

        sending = asyncio.create_task(send())
        received = [event async for event in connection]
        await sending
    await asynchronous.close()
    ends = [event.transcript for event in received if event.type == "turn.end"]
    return {"text": "".join(ends), "types": [event.type for event in received]}


@step
def pronounced() -> dict[str, Any]:
    dictionary = client.pronunciation_dicts.create(name="test", items=[{"text": "Zxq", "alias": "elephant"}])
    listed = [each.id for each in client.pronunciation_dicts.list()]
    said = client.tts.generate(
        transcript="I saw a Zxq today.",
        pronunciation_dict_id=dictionary.id,
        **SPOKEN | {"output_format": WAV},
    )
    changed = client.pronunciation_dicts.update(dictionary.id, name="renamed")
    got = client.pronunciation_dicts.retrieve(dictionary.id)
    client.pronunciation_dicts.delete(dictionary.id)
    left = [each.id for each in client.pronunciation_dicts.list()]
    return {
        "id": dictionary.id,
        "items": [[item.text, item.alias] for item in got.items],
        "names": [dictionary.name, changed.name, got.name],
        "listed": listed,
        "left": left,
        "audio": kept("pronounced.wav", said.read()),
    }


@step
def with_a_token() -> str:
    token = client.access_token.create(expires_in=60, grants={"tts": True}).token
    with Cartesia(token=token, **HERE) as granted:
        return kept(
            "token.wav", granted.tts.generate(transcript=TEXT, **SPOKEN | {"output_format": WAV}).read()
        )


@step
def with_a_token_for_something_else() -> None:
    token = client.access_token.create(expires_in=60, grants={"stt": True}).token
    with Cartesia(token=token, **HERE) as granted:
        granted.tts.generate(transcript=TEXT, **SPOKEN)


@step
def infilled() -> str:
    answer = client.tts.infill(
        left_audio=SPEECH,
        model_id="sonic-3",
        language="en",
        transcript="and good morning to all of you",
        voice_id=VOICE,
        output_format=WAV,
    )
    return kept("infilled.wav", answer.read())


@step
def changed_voice() -> str:
    answer = client.voice_changer.change_voice_bytes(
        clip=SPEECH,
        voice_id=VOICE,
        output_format_container="wav",
        output_format_sample_rate=24_000,
        output_format_encoding="pcm_s16le",
    )
    return kept("changed.wav", answer.read())


@step
def made_voice() -> dict[str, Any]:
    """A clone, from its clip to its end."""
    made = client.voices.clone(clip=SPEECH, name="test", language="en", description="of a clip")
    changed = client.voices.update(made.id, name="renamed", description="of a clip, renamed")
    got = client.voices.get(made.id)
    owned = [voice.id for voice in client.voices.list(is_owner=True)]
    said = client.tts.generate(
        transcript=TEXT, **SPOKEN | {"voice": {"mode": "id", "id": made.id}, "output_format": WAV}
    )
    client.voices.delete(made.id)
    left = [voice.id for voice in client.voices.list()]
    return {
        "id": made.id,
        "names": [made.name, changed.name, got.name],
        "owned": owned,
        "left": left,
        "audio": kept("made_voice.wav", said.read()),
    }


@step
def controls() -> str:
    wanted = {"speed": 1.4, "volume": 0.8, "emotion": "excited"}
    answer = client.tts.generate(transcript=TEXT, generation_config=wanted, **SPOKEN | {"output_format": WAV})
    return kept("controls.wav", answer.read())


@step
def nothing_to_say() -> None:
    client.tts.generate(transcript="", **SPOKEN)


@step
def not_offered() -> None:
    list(client.datasets.list())


@step
def unknown_voice() -> None:
    client.tts.generate(transcript=TEXT, **SPOKEN | {"voice": {"mode": "id", "id": "nobody"}})


@step
def unknown_voice_on_a_socket() -> list[Any]:
    with client.tts.websocket_connect() as connection:
        context = connection.context(**SPOKEN | {"voice": {"mode": "id", "id": "nobody"}})
        context.push(TEXT)
        (event,) = context.receive()
    return [event.type, event.status_code, event.error_code]


@step
def wrong_key() -> None:
    list(Cartesia(api_key="wrong", **HERE).voices.list())


@step
def wrong_key_on_a_socket() -> None:
    with Cartesia(api_key="wrong", **HERE).tts.websocket_connect():
        pass


run()
