"""A client of the speech socket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}


@dataclass
class Client:
    """One open socket."""

    socket: ClientConnection

    async def speak(self, transcript: str, context_id: str = "c", **fields: Any) -> None:
        """Send a generation request."""
        await self.send(
            {
                "model_id": "sonic-3",
                "voice": {"mode": "id", "id": "heart"},
                "output_format": RAW,
                "context_id": context_id,
                "transcript": transcript,
                **fields,
            }
        )

    async def send(self, message: dict[str, Any]) -> None:
        """Send any message."""
        await self.socket.send(orjson.dumps(message).decode())

    async def read(self) -> dict[str, Any]:
        """The next message."""
        return orjson.loads(await self.socket.recv())

    async def read_until_done(self, contexts: int = 1) -> list[dict[str, Any]]:
        """All messages up to the one that says ``done`` for the last of so many contexts."""
        messages: list[dict[str, Any]] = []
        while sum(message["done"] for message in messages) < contexts:
            messages.append(await self.read())
        return messages


@pytest.fixture
async def client(served: Any) -> AsyncIterator[Client]:
    address = f"{served.ws}/tts/websocket?cartesia_version=2026-08-14"
    async with connect(address, additional_headers=served.headers) as socket:
        yield Client(socket)
