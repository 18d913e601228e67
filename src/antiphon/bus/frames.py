"""Messages over a plain connection: each behind its length (32 bits, little-endian)."""

import asyncio
import socket
import struct
from abc import abstractmethod
from typing import cast

MAX_FRAME_BYTES = 1024 * 1024
"""As large as a message of NATS."""

LOST_AFTER_MS = 5000
"""A connection whose peer acknowledges nothing for so long is gone (TCP_USER_TIMEOUT, RFC 5482)."""

_LENGTH = struct.Struct("<I")


class FrameProtocol(asyncio.BufferedProtocol):
    """Sends frames, and cuts what arrives into frames where it arrives.

    Attributes:
        lost: set once the connection is gone.
    """

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self._buffer = bytearray(_LENGTH.size + MAX_FRAME_BYTES)
        self._filled = 0
        self._transport: asyncio.Transport | None = None

    @abstractmethod
    def received(self, frame: memoryview) -> None:
        """Take in a frame; the view ends with the call."""

    def send(self, payload: bytes) -> None:
        """Send one frame. What does not leave at once waits in memory; after the connection it is dropped."""
        if self._transport:
            self._transport.writelines((_LENGTH.pack(len(payload)), payload))

    def close(self) -> None:
        """Send what waits, then close."""
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport:
            self._transport.abort()

    # -- asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_AFTER_MS)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection is gone."""
        self._transport = None
        self.lost.set()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next bytes go: behind what is there of a frame."""
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have come."""
        self._filled += nbytes
        done = 0
        with memoryview(self._buffer) as view:
            while self._transport and (frame := self._next_frame(view, done)) is not None:
                self.received(frame)
                done += _LENGTH.size + len(frame)
                frame.release()
        rest = self._filled - done
        self._buffer[:rest] = self._buffer[done : self._filled]
        self._filled = rest

    def _next_frame(self, view: memoryview, begin: int) -> memoryview | None:
        """The frame that begins there, if the whole of it is there."""
        if self._filled < (start := begin + _LENGTH.size):
            return None
        (length,) = _LENGTH.unpack_from(view, begin)
        if length > MAX_FRAME_BYTES:
            self.abort()
            return None
        return view[start : start + length] if self._filled >= start + length else None
