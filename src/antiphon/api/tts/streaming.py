"""An HTTP response that is spoken while it is sent."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from antiphon.errors import AntiphonError
from antiphon.telemetry.logs import get_logger

STALLED_S = 120.0
"""A client that takes nothing for so long is as good as gone, and would hold its place on a worker."""

log = get_logger("api.tts")

_UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""Asks proxies to pass each chunk on as it comes."""


class SpeechResponse(StreamingResponse):
    """Sends chunks as they come, and cancels what makes them when the client goes away.

    Args:
        first: the first chunk, already made: until then a failure was an HTTP error of its own.
        rest: the others.
        media_type: of the whole.
    """

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes], media_type: str) -> None:
        super().__init__(_joined(first, rest), headers=_UNBUFFERED, media_type=media_type)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all."""
        async with aclosing(self._rest):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send head and body; a failure amid it cuts the connection, for the status is out already.

        Raises:
            ClientDisconnect: the client has stopped reading.
        """

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(STALLED_S):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        try:
            await super().stream_response(send_in_time)
        except AntiphonError as error:
            # The server cuts the connection of an answer that lacks its last chunk.
            log.warning("speech cut short", error=error.message)


async def _joined(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def begin(chunks: AsyncGenerator[bytes], media_type: str) -> SpeechResponse:
    """Make the response once its first chunk is there.

    Raises:
        AntiphonError: whatever kept the first chunk from being made.
    """
    try:
        first = await anext(chunks)
    except BaseException:
        await chunks.aclose()
        raise
    return SpeechResponse(first, chunks, media_type)
