import asyncio
import struct
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.bus.frames import MAX_FRAME_BYTES, FrameProtocol


class Socket:
    def setsockopt(self, *_: int) -> None: ...


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False

    def get_extra_info(self, _: str) -> Socket:
        return Socket()

    def writelines(self, pieces: Any) -> None:
        self.written += b"".join(pieces)

    def abort(self) -> None:
        self.aborted = True


class Collector(FrameProtocol):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[bytes] = []

    def received(self, frame: memoryview) -> None:
        self.frames.append(bytes(frame))


def connected() -> tuple[Collector, Wire]:
    protocol, wire = Collector(), Wire()
    protocol.connection_made(wire)
    return protocol, wire


def feed(protocol: FrameProtocol, data: bytes) -> None:
    while data:
        room = protocol.get_buffer(-1)
        piece, data = data[: len(room)], data[len(room) :]
        room[: len(piece)] = piece
        room.release()
        protocol.buffer_updated(len(piece))


def wire_form(frames: list[bytes]) -> bytes:
    sender, wire = connected()
    for frame in frames:
        sender.send(frame)
    return wire.written


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(0, 2000)))
def test_frames_come_as_they_left_however_they_are_cut(frames: list[bytes], cuts: list[int]) -> None:
    data = wire_form(frames)
    receiver, _ = connected()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for begin, end in pairwise(edges):
        feed(receiver, data[begin:end])
    assert receiver.frames == frames


def test_the_largest_frame_fits() -> None:
    frames = [b"a", bytes(MAX_FRAME_BYTES), b"b"]
    receiver, wire = connected()
    feed(receiver, wire_form(frames))
    assert receiver.frames == frames
    assert not wire.aborted


def test_a_frame_that_is_too_large_costs_the_connection() -> None:
    receiver, wire = connected()
    feed(receiver, struct.pack("<I", MAX_FRAME_BYTES + 1))
    assert wire.aborted
    assert receiver.frames == []


async def test_after_the_connection_nothing_is_sent() -> None:
    protocol, wire = connected()
    protocol.connection_lost(None)
    protocol.send(b"late")
    assert wire.written == b""
    async with asyncio.timeout(30):
        await protocol.lost.wait()
