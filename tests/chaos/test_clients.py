"""Clients that vanish or stop reading cost nobody else anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection

from support.clients import FORMAT, Heard, request, socket, speak
from support.crowd import SPOKEN, Everything
from support.pair import Pair

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]

ENDLESS = json.dumps(
    request(
        "This goes on for a good while, and then for a while more. " * 400,
        context_id="endless",
        output_format=FORMAT | {"sample_rate": 48_000},
    )
)

CLIENTS = 4
MOST_BYTES = 16 * 1024 * 1024
"""For a client that stops reading: 30 s of samples ahead of it, and what the network's buffers take."""


@asynccontextmanager
async def endless_streams(pair: Pair) -> AsyncIterator[list[ClientConnection]]:
    """Clients that have heard the first of what will never end, and vanish in the end."""
    clients = [await socket(pair.platform.url, "/tts/websocket") for _ in range(CLIENTS)]
    try:
        for client in clients:
            await client.send(ENDLESS)
        for client in clients:
            await client.recv()
        yield clients
    finally:
        for client in clients:
            client.transport.abort()


async def test_the_places_of_clients_that_vanish_come_free(pair: Pair) -> None:
    async with endless_streams(pair):
        pass
    await asyncio.to_thread(pair.platform.wait_idle)


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def no_more_is_made(pair: Pair) -> None:
    """Return once the voice workers rest."""

    def chunks() -> float:
        return sum(
            pair.platform.metric(name, "antiphon_worker_decisions_total")
            for name in pair.platform.names("tts")
        )

    before = -1.0
    while (now := await asyncio.to_thread(chunks)) != before:
        before = now
        await asyncio.sleep(1)


@pytest.mark.slow
async def test_clients_that_stop_reading_stop_their_own_stream_alone(
    pair: Pair, undisturbed: Everything
) -> None:
    api = pair.platform.processes["api"].pid
    before = resident_bytes(api)
    async with endless_streams(pair) as clients:
        for client in clients:
            client.transport.pause_reading()
        assert (await speak(pair.platform.url, SPOKEN[1], Heard()))[0] == undisturbed[1][0]
        await no_more_is_made(pair)
        assert resident_bytes(api) - before < CLIENTS * MOST_BYTES
        assert (await speak(pair.platform.url, SPOKEN[1], Heard()))[0] == undisturbed[1][0]
    await asyncio.to_thread(pair.platform.wait_idle)
