import asyncio
from http import HTTPStatus
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from antiphon.loadtest.failures import Cut, Garbled, Refused, Unreachable
from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import Socket, open_socket

SIZES = st.lists(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 200_000]), min_size=1, max_size=4)


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        if message == "fragments":
            await socket.send(["in ", "three ", "pieces"])
        elif message == "ping":
            await (await socket.ping())
            await socket.send("pong came")
        elif message == "leave":
            return
        else:
            await socket.send(message)


async def talk(messages: list[bytes | str]) -> list[bytes]:
    """What an independent server echoes."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with serve(echo, "127.0.0.1", 0, compression=None, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await open_socket(Target(f"http://127.0.0.1:{port}"), "/", heard.put_nowait)
        for message in messages:
            if isinstance(message, str):
                socket.send_text(message.encode())
            else:
                socket.send_binary(message)
        answers = [await heard.get() for _ in messages]
        socket.close()
        await socket.lost
        return answers


@settings(max_examples=8, deadline=None)
@given(SIZES, st.integers())
async def test_messages_of_any_size_come_and_go(sizes: list[int], seed: int) -> None:
    random = Random(seed)
    messages = [random.randbytes(size) for size in sizes]
    assert await talk(list(messages)) == messages


async def test_text_fragments_and_pings_are_understood() -> None:
    assert await talk(["text", "fragments", "ping"]) == [b"text", b"in three pieces", b"pong came"]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 125, 126, 65_536]), min_size=1, max_size=3),
    st.sampled_from([3, 7, 1000, 70_000]),
)
async def test_frames_may_be_cut_anywhere(sizes: list[int], step: int) -> None:
    heard: list[bytes] = []
    socket = Socket(heard.append)
    stream = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    for size in sizes:
        length = (
            bytes([size])
            if size < 126
            else b"\x7e" + size.to_bytes(2)
            if size < 2**16
            else b"\x7f" + size.to_bytes(8)
        )
        stream += b"\x82" + length + bytes(size)
    for start in range(0, len(stream), step):
        socket.data_received(stream[start : start + step])
    assert [len(message) for message in heard] == sizes


async def test_the_end_is_noticed() -> None:
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await open_socket(Target(f"http://127.0.0.1:{port}"), "/", lambda _: None)
        socket.send_text(b"leave")
        await socket.lost
        with pytest.raises(Cut):
            socket.send_text(b"anybody?")
        socket.close()  # once more does no harm


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Refused),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Garbled),
        (b"", Cut),
    ],
)
async def test_what_is_no_upgrade_is_told(answer: bytes, failure: type[Exception]) -> None:
    async def serve_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve_once, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(failure) as raised:
            await open_socket(Target(f"http://127.0.0.1:{port}"), "/", lambda _: None)
        if isinstance(raised.value, Refused):
            assert raised.value.status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_nobody_there(unused_port: int) -> None:
    with pytest.raises(Unreachable):
        await open_socket(Target(f"http://127.0.0.1:{unused_port}"), "/", lambda _: None)
