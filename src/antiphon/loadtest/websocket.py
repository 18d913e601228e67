"""The client's side of RFC 6455, as cheaply as it goes, for the reasons told in `exchange`."""

import asyncio
import base64
import os
import re
from collections.abc import Callable
from typing import Any

from antiphon.loadtest.exchange import connect
from antiphon.loadtest.failures import Cut, Failure, Garbled, Refused
from antiphon.loadtest.target import Target

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_FIN, _MASKED, _OPCODE, _LENGTH = 0x80, 0x80, 0x0F, 0x7F
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_SWITCHING = 101


async def open_socket(
    target: Target, path: str, hear: Callable[[bytes], None], query: dict[str, str] | None = None
) -> "Socket":
    """Open a WebSocket.

    Args:
        target: the server.
        path: of the socket.
        hear: called with the payload of each message, text or binary.
        query: of the path.

    Raises:
        Unreachable, Cut: no connection.
        Refused: the server answers with another status than 101.
    """
    socket = await connect(target, lambda: Socket(hear))
    await socket.shake_hands(target.path(path, query), target.headers)
    return socket


class Socket(asyncio.Protocol):
    """An open WebSocket; made by `open_socket`.

    Attributes:
        lost: done when the connection has ended.
    """

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._hear = hear
        self._shaken: asyncio.Future[None] = loop.create_future()
        self._transport: Any = None
        self._rest = b""
        self._message = b""

    async def shake_hands(self, path: str, headers: dict[str, str]) -> None:
        """Ask for the upgrade; see `open_socket`."""
        lines = {
            **headers,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._transport.write(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        try:
            await self._shaken
        except BaseException:
            self._transport.abort()
            raise

    def send_text(self, payload: bytes) -> None:
        """Send a text message."""
        self._send(_TEXT, payload)

    def send_binary(self, payload: bytes) -> None:
        """Send a binary message."""
        self._send(_BINARY, payload)

    def close(self) -> None:
        """Say goodbye and let go of the connection."""
        if not self.lost.done():
            self._send(_CLOSE, (1000).to_bytes(2))
            self._transport.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        if self.lost.done():
            raise Cut
        key, size = os.urandom(4), len(payload)
        if size < 126:
            head = bytes((_FIN | opcode, _MASKED | size))
        elif size < 2**16:
            head = bytes((_FIN | opcode, _MASKED | 126)) + size.to_bytes(2)
        else:
            head = bytes((_FIN | opcode, _MASKED | 127)) + size.to_bytes(8)
        mask = (key * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)
        self._transport.write(head + key + masked)

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._rest += data
        if self._shaken.done() or self._read_answer():
            self._read_frames()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        """See `asyncio.Protocol`."""
        if not self._shaken.done():
            self._shaken.set_exception(Cut())
        if not self.lost.done():
            self.lost.set_result(None)

    def _read_answer(self) -> bool:
        """Whether the upgrade was granted; False while its answer is not whole, and when it was not."""
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            return False
        line = _STATUS.match(self._rest)
        status = int(line[1]) if line else None
        self._rest = self._rest[end + 4 :]
        if status == _SWITCHING:
            self._shaken.set_result(None)
        else:
            failure: Failure = Garbled() if status is None else Refused(status)
            self._shaken.set_exception(failure)
        return status == _SWITCHING

    def _read_frames(self) -> None:
        """Take every frame that is whole; the rest stays for the next piece."""
        data, at = self._rest, 0
        while (size := len(data) - at) >= 2:
            start, length = at + 2, data[at + 1] & _LENGTH
            if length >= 126:
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : start])
            if start + length > at + size:
                break
            self._take(data[at] & _OPCODE, data[start : start + length], last=data[at] >= _FIN)
            at = start + length
        self._rest = data[at:]

    def _take(self, opcode: int, payload: bytes, *, last: bool) -> None:
        if opcode == _PING:
            self._send(_PONG, payload)
        elif opcode == _CLOSE:
            self._transport.close()
        elif opcode != _PONG:
            self._message += payload
            if last:
                message, self._message = self._message, b""
                self._hear(message)
