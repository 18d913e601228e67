"""Ways for events to go from a worker to an API server, for `bench/transport.py` to compare."""

import asyncio
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import nats
from nats.aio.client import Client

from antiphon.bus.connection import Publisher, connect
from antiphon.contract.events import AudioOut
from antiphon.contract.wire import decode_event, encode

SUBJECT, BACK = "bench.out", "bench.in"

Heard = Callable[[AudioOut], None]

_decode_several = msgspec.msgpack.Decoder(list[AudioOut]).decode
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        name: for the table.
        carrier: ``nats``, ``lean`` (the NATS protocol without nats-py), ``tcp`` or ``unix`` (no NATS).
        cap: audio bytes of an event; longer audio is cut.
        together: the events of one step in one message.
        early: the engine's thread encodes, and wakes the loop once a step.
        apart: a connection of its own for what goes back.
    """

    name: str
    carrier: str = "nats"
    cap: int = 32 * 1024
    together: bool = False
    early: bool = False
    apart: bool = False

    def payloads(self, events: Sequence[AudioOut]) -> list[bytes]:
        """The messages of a step."""
        return [encode(list(events))] if self.together else [encode(event) for event in events]

    def read(self, payload: bytes, heard: Heard) -> None:
        """Take a message apart."""
        for event in _decode_several(payload) if self.together else [decode_event(payload)]:
            heard(event)


class End(ABC):
    """One end of a way, in its process."""

    @abstractmethod
    def send(self, payload: bytes) -> None:
        """Say something to the other end."""


class NatsEnd(End):
    """As the platform does it."""

    def __init__(self, publishing: Client, subject: str) -> None:
        self._publisher = Publisher(publishing)
        self._subject = subject

    def send(self, payload: bytes) -> None:
        """See `End`."""
        self._publisher.send(self._subject, payload)


async def nats_end(url: str, way: Way, says: str, hears: str, take: Callable[[bytes], None]) -> End:
    """Connect to NATS."""

    async def on_message(message: Any) -> None:
        take(message.data)

    client = await connect(url, "bench")
    await client.subscribe(hears, cb=on_message)
    await client.flush()
    publishing = await nats.connect(url) if way.apart else client
    return NatsEnd(publishing, says)


class LeanEnd(End, asyncio.Protocol):
    """The NATS protocol in its bare form, written and read where it comes in.

    https://docs.nats.io/reference/reference-protocols/nats-protocol
    """

    def __init__(self, says: str, hears: str, take: Callable[[bytes], None]) -> None:
        self._head = b"PUB " + says.encode() + b" "
        self._hears = hears.encode()
        self._take = take
        self._buffer = bytearray()
        self._needed = -1
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        transport.set_write_buffer_limits(1 << 22)
        hello = b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB ' + self._hears + b" 1\r\n"
        transport.write(hello)

    def send(self, payload: bytes) -> None:
        """See `End`."""
        self._transport.writelines((self._head, b"%d\r\n" % len(payload), payload, b"\r\n"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        buffer = self._buffer
        buffer += data
        at = 0
        while True:
            if self._needed < 0:
                end = buffer.find(b"\r\n", at)
                if end < 0:
                    break
                line = buffer[at:end]
                at = end + 2
                if line.startswith(b"MSG "):
                    self._needed = int(line[line.rfind(b" ") :])
                elif line == b"PING":
                    self._transport.write(b"PONG\r\n")
            elif len(buffer) - at >= self._needed + 2:
                with memoryview(buffer) as view:
                    payload = bytes(view[at : at + self._needed])
                at += self._needed + 2
                self._needed = -1
                self._take(payload)
            else:
                break
        del buffer[:at]


class DirectEnd(End, asyncio.Protocol):
    """Each message behind its length, from process to process."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._buffer = bytearray()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        transport.set_write_buffer_limits(1 << 22)

    def send(self, payload: bytes) -> None:
        """See `End`."""
        self._transport.writelines((_LENGTH.pack(len(payload)), payload))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= 4:
            (length,) = _LENGTH.unpack_from(buffer, at)
            if len(buffer) - at - 4 < length:
                break
            with memoryview(buffer) as view:
                payload = bytes(view[at + 4 : at + 4 + length])
            at += 4 + length
            self._take(payload)
        del buffer[:at]


async def open_end(way: Way, url: str, place: str, *, worker: bool, take: Callable[[bytes], None]) -> End:
    """Open the worker's or the API server's end.

    Args:
        way: of which kind.
        url: of NATS.
        place: path of a Unix socket, or a port, where the API server's end of a direct way listens.
        worker: which end.
        take: gets each message from the other end.
    """
    loop = asyncio.get_running_loop()
    says, hears = (SUBJECT, BACK) if worker else (BACK, SUBJECT)
    says, hears = (f"{subject}.{way.name.replace(' ', '_')}" for subject in (says, hears))
    if way.carrier == "nats":
        return await nats_end(url, way, says, hears, take)
    if way.carrier == "lean":
        host, _, port = url.removeprefix("nats://").partition(":")
        return (await loop.create_connection(lambda: LeanEnd(says, hears, take), host, int(port)))[1]
    end = DirectEnd(take)
    if way.carrier == "unix":
        await (loop.create_unix_connection if worker else loop.create_unix_server)(lambda: end, place)
    else:
        await (loop.create_connection if worker else loop.create_server)(lambda: end, "127.0.0.1", int(place))
    return end
