"""The vendor's own Python client, unmodified, against the server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cartesia import AsyncCartesia, BadRequestError, Cartesia, NotFoundError

RAW: Any = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
VOICE = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
REQUEST: Any = {"model_id": "sonic-3", "voice": {"mode": "id", "id": VOICE}, "output_format": RAW}


@pytest.fixture
async def cartesia(served: Any) -> AsyncIterator[AsyncCartesia]:
    async with AsyncCartesia(
        api_key="test-key",
        base_url=served.http,
        websocket_base_url=served.ws,
        _strict_response_validation=True,
    ) as client:
        yield client


async def test_generate(cartesia: AsyncCartesia) -> None:
    response = await cartesia.tts.generate(transcript="one two", **REQUEST)
    assert len(await response.read()) == 2 * 4800


async def test_generate_sse(cartesia: AsyncCartesia) -> None:
    stream = await cartesia.tts.generate_sse(transcript="one two", add_timestamps=True, **REQUEST)
    events = [event async for event in stream]
    assert [event.type for event in events] == ["timestamps", "chunk"] * 2 + ["done"]


async def test_errors_are_the_sdks_own(cartesia: AsyncCartesia) -> None:
    with pytest.raises(BadRequestError) as refused:
        await cartesia.tts.generate(transcript="", **REQUEST)
    assert refused.value.body
    with pytest.raises(NotFoundError):
        await cartesia.tts.generate(transcript="x", **{**REQUEST, "voice": {"id": "no-such-voice"}})


async def test_a_context_with_continuations_flushes_and_timestamps(cartesia: AsyncCartesia) -> None:
    async with cartesia.tts.websocket_connect() as connection:
        context = connection.context(**REQUEST, add_timestamps=True)
        await context.push("one two. ")
        await context.push("three four.")
        await context.no_more_inputs()
        events = [event async for event in context.receive()]
    words = [word for event in events if event.type == "timestamps" for word in event.word_timestamps.words]
    assert words == ["one", "two.", "three", "four."]
    assert sum(len(event.audio) for event in events if event.type == "chunk") == 4 * 4800
    assert events[-1].type == "done"


async def test_two_contexts_at_once(cartesia: AsyncCartesia) -> None:
    async with cartesia.tts.websocket_connect() as connection:

        async def speak(words: int) -> int:
            context = connection.context(**REQUEST)
            await context.push("word " * words)
            await context.no_more_inputs()
            return sum([len(event.audio) async for event in context.receive() if event.type == "chunk"])

        assert await asyncio.gather(speak(3), speak(5)) == [3 * 4800, 5 * 4800]


async def test_the_blocking_client(served: Any) -> None:
    def speak() -> list[str]:
        with (
            Cartesia(api_key="test-key", base_url=served.http, websocket_base_url=served.ws) as client,
            client.tts.websocket_connect() as connection,
        ):
            context = connection.context(**REQUEST)
            context.push("one two")
            context.no_more_inputs()
            return [event.type for event in context.receive()]

    assert await asyncio.to_thread(speak) == ["chunk", "chunk", "done"]
