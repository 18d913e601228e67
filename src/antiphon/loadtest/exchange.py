"""HTTP/1.1 as cheaply as it goes: the pieces of an answer are handed on in the call that read them.

A client library's stream costs several task switches a piece; here there is none, so that a piece's arrival
is the moment it was read, and the generator leaves the processors to the server.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import httptools

from antiphon.loadtest.failures import Cut, Failure, Garbled, Unreachable
from antiphon.loadtest.target import Target

_CONNECT_S = 5.0

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def connect(target: Target, protocol: Callable[[], P]) -> P:
    """A connection to the target.

    Raises:
        Unreachable: there is none to be had.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, made = await loop.create_connection(protocol, target.host, target.port, ssl=target.tls)
    except (OSError, TimeoutError):
        raise Unreachable from None
    return made


class Exchange(asyncio.Protocol):
    """A connection that carries one request at a time, one after the other."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._parser: Any = None
        self._on_body: Callable[[bytes], None] = _ignore
        self._answered: asyncio.Future[None] | None = None
        self._refusal = b""
        self.usable = True

    async def post(
        self, path: str, headers: dict[str, str], body: bytes, hear: Callable[[bytes], None]
    ) -> int:
        """Send a request and take its answer.

        Args:
            path: with its query.
            headers: beside those of the body, which is JSON.
            body: of the request.
            hear: called with each piece of the body of an answer with status 200.

        Returns:
            The status. The body of another answer than 200 is in `refusal`.

        Raises:
            Cut: the connection ended before the answer did.
            Garbled: the answer is not HTTP.
        """
        self._parser = httptools.HttpResponseParser(self)
        self._on_body, self._refusal = hear, b""
        self._answered = asyncio.get_running_loop().create_future()
        lines = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._transport.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        try:
            await self._answered
        except BaseException:
            self.close()
            raise
        return int(self._parser.get_status_code())

    @property
    def refusal(self) -> bytes:
        """The body of the last answer that was no success."""
        return self._refusal

    def close(self) -> None:
        """Let go of the connection."""
        self.usable = False
        self._transport.close()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._parser is None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(Garbled())
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        """See `asyncio.Protocol`."""
        self.usable = False
        self._end(Cut())

    # the parser's side

    def on_body(self, data: bytes) -> None:
        """A piece of the answer."""
        if self._parser.get_status_code() == 200:
            self._on_body(data)
        else:
            self._refusal += data

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self.usable = bool(self._parser.should_keep_alive())
        self._end(None)

    def _end(self, failure: Failure | None) -> None:
        if self._answered is None or self._answered.done():
            return
        if failure:
            self._answered.set_exception(failure)
        else:
            self._answered.set_result(None)


def _ignore(_: bytes) -> None:
    pass
