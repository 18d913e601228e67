import asyncio
from dataclasses import replace
from typing import Any

import pytest

from antiphon.loadtest.loads import closed_loop
from antiphon.loadtest.request import Request
from antiphon.loadtest.speech import BytesClient, SpeechClient, SseClient, WebSocketClient
from antiphon.loadtest.target import Target

TRANSPORTS = ("websocket", "sse", "bytes")


def client_of(transport: str, fake: Any) -> SpeechClient:
    match transport:
        case "websocket":
            return WebSocketClient(fake.ws)
        case "sse":
            return SseClient(fake.http)
        case _:
            return BytesClient(fake.http)


async def one(client: SpeechClient, text: str) -> Request:
    """The first request for the text (a client that got an error waits longer than this load lasts)."""
    run = await closed_loop(client, concurrency=1, duration_s=0.1, texts=[text])
    return run.requests[0]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_all_audio_is_heard(transport: str, fake: Any) -> None:
    client = client_of(transport, fake)
    request = await one(client, "tone")
    await client.aclose()
    assert request.error is None
    assert request.audio_s == pytest.approx(0.3)
    assert request.first_byte_s == request.audible_s == request.arrivals[0][0]
    assert fake.asked[0]["transcript"] == "tone"
    assert fake.asked[0]["output_format"] == {
        "container": "raw",
        "encoding": "pcm_s16le",
        "sample_rate": 24_000,
    }


@pytest.mark.parametrize("transport", ["websocket", "bytes"])
async def test_silence_before_speech_is_not_first_audio(transport: str, fake: Any) -> None:
    client = client_of(transport, fake)
    request = await one(client, "late")
    await client.aclose()
    assert request.error is None
    assert request.first_byte_s is not None
    assert request.audible_s is not None
    assert request.audible_s > request.first_byte_s


@pytest.mark.parametrize(
    ("transport", "text", "kind"),
    [
        *((transport, "refuse", "429 concurrency_limited") for transport in TRANSPORTS),
        *((transport, "cut", "cut") for transport in TRANSPORTS),
        *((transport, "garble", "garbled") for transport in TRANSPORTS),
        *((transport, "silence", "silent") for transport in TRANSPORTS),
        ("sse", "error", "429 concurrency_limited"),
        ("sse", "endless", "cut"),
    ],
)
async def test_failures_are_counted_by_kind_and_do_not_last(
    transport: str, text: str, kind: str, fake: Any
) -> None:
    client = client_of(transport, fake)
    failed = await one(client, text)
    assert failed.error == kind
    assert failed.refused == kind.startswith("429")
    assert (await one(client, "tone")).error is None
    await client.aclose()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_nobody_there_is_unreachable(transport: str, fake: Any, unused_port: int) -> None:
    nowhere = Target(f"http://127.0.0.1:{unused_port}")
    fake.http = fake.ws = nowhere
    client = client_of(transport, fake)
    assert (await one(client, "tone")).error == "unreachable"
    await client.aclose()


async def test_a_refused_upgrade_tells_its_status(fake: Any) -> None:
    client = WebSocketClient(replace(fake.ws, key="wrong"))
    assert (await one(client, "tone")).error == "401"
    await client.aclose()


async def test_contexts_share_a_socket_and_are_told_apart(fake: Any) -> None:
    client = WebSocketClient(fake.ws, sockets=1)
    texts = ["tone", "late", "silence", "refuse"] * 5
    run = await closed_loop(client, concurrency=8, duration_s=0.2, texts=texts)
    await client.aclose()
    assert {request.error for request in run.requests} <= {None, "silent", "429 concurrency_limited"}
    assert len({asked["context_id"] for asked in fake.asked}) == len(fake.asked)
    assert all(r.audio_s == pytest.approx(0.3) for r in run.requests if not r.refused)


async def test_connections_are_kept_for_the_next_request(fake: Any) -> None:
    client = BytesClient(fake.http)
    for _ in range(3):
        await one(client, "tone")
    await client.aclose()
    assert len(fake.asked) >= 3
    assert fake.connections == 1


async def test_a_load_that_is_stopped_cancels_its_contexts(fake: Any) -> None:
    client, stop = WebSocketClient(fake.ws), asyncio.Event()
    load = asyncio.create_task(closed_loop(client, concurrency=2, duration_s=60, texts=["stall"], stop=stop))
    while len(fake.asked) < 2:
        await asyncio.sleep(0.01)
    stop.set()
    run = await load
    while len(fake.asked) < 4:
        await asyncio.sleep(0.01)
    await client.aclose()
    assert run.requests == []
    assert run.window_s < 60
    assert [asked.get("cancel") for asked in fake.asked] == [None, None, True, True]
