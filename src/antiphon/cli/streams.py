"""The two conversations with a server's sockets: text in and audio out, audio in and text out."""

import json
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any
from uuid import uuid4

import msgspec
import pybase64
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK
from websockets.sync.client import ClientConnection

from antiphon.cli.client import Server
from antiphon.errors import OperatorError

Query = Mapping[str, str | Sequence[str]]


class _Message(msgspec.Struct):
    type: str
    data: str = ""
    title: str = ""
    message: str = ""


def speak(server: Server, request: Mapping[str, Any], texts: Iterable[str]) -> Generator[bytes]:
    """Audio of the texts, which may still be coming in while the first are heard.

    Closing the generator, or Ctrl-C, cancels what has not been spoken.

    Args:
        server: who speaks.
        request: everything but the text and its order.
        texts: joined verbatim; read in another thread.

    Yields:
        Audio in the request's ``output_format``.

    Raises:
        OperatorError: the server refused, failed or went away.
    """
    context = {"context_id": uuid4().hex}

    def send() -> None:
        for text in filter(None, texts):
            socket.send(json.dumps({**request, **context, "transcript": text, "continue": True}))
        socket.send(json.dumps({**request, **context, "transcript": "", "continue": False}))

    with server.socket("/tts/websocket") as socket, _sending(send, socket):
        try:
            while (message := _checked(socket.recv(decode=False))).type != "done":
                if message.type == "chunk":
                    yield pybase64.b64decode(message.data)
        except (GeneratorExit, KeyboardInterrupt):
            socket.send(json.dumps({**context, "cancel": True}))
            raise


def hear(server: Server, query: Query, audio: Iterable[bytes]) -> Generator[bytes]:
    """What is heard in the audio, while it comes in.

    Ctrl-C ends the audio, and what was said so far is still told; a second one ends that too.

    Args:
        server: who hears.
        query: of the socket: model, encoding, sample_rate …
        audio: read in another thread.

    Yields:
        The JSON of each transcript.

    Raises:
        OperatorError: the server refused, failed or went away.
    """
    with _hearing(server, "/stt/websocket", query, audio, end="close") as socket:
        while (kind := _checked(raw := socket.recv(decode=False)).type) != "done":
            if kind == "transcript":
                yield raw


def hear_turns(server: Server, query: Query, audio: Iterable[bytes]) -> Generator[bytes]:
    """Whose turn it is in the audio, while it comes in; takes and raises what `hear` does.

    Yields:
        The JSON of each ``turn.update``, ``turn.end`` and the like.
    """
    with (
        _hearing(server, "/stt/turns/websocket", query, audio, end='{"type": "close"}') as socket,
        suppress(ConnectionClosedOK),
    ):
        while True:
            if _checked(raw := socket.recv(decode=False)).type.startswith("turn."):
                yield raw


@contextmanager
def _hearing(
    server: Server, path: str, query: Query, audio: Iterable[bytes], *, end: str
) -> Generator[ClientConnection]:
    """A socket to which audio is sent, and then ``end``; Ctrl-C sends that at once."""

    def send() -> None:
        for piece in audio:
            socket.send(piece)
        socket.send(end)

    def close() -> None:
        with suppress(ConnectionClosed):
            socket.send(end)

    with server.socket(path, query) as socket, _sending(send, socket), _first_interrupt_does(close):
        yield socket


@contextmanager
def _sending(send: Callable[[], None], socket: ClientConnection) -> Generator[None]:
    """Send in a thread of its own; what goes wrong there ends the conversation here."""
    failures: list[Exception] = []

    def run() -> None:
        try:
            send()
        except ConnectionClosed:
            pass  # the reading side sees it too, and knows why
        except Exception as error:  # noqa: BLE001 - raised again in the thread that reads
            failures.append(error)
            socket.close()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield
    except ConnectionClosed:
        if failures:
            raise failures[0] from None
        raise


@contextmanager
def _first_interrupt_does(action: Callable[[], None]) -> Generator[None]:
    """Have the first Ctrl-C do this and nothing else; the next one interrupts.

    An interrupt can come anywhere, also where a lock is held that the action needs: it gets its own thread.
    Python hands signals to the main thread only; in others there is nothing to do.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        threading.Thread(target=action, daemon=True).start()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _checked(raw: bytes) -> _Message:
    message = msgspec.json.decode(raw, type=_Message)
    if message.type == "error":
        raise OperatorError(f"{message.title}: {message.message}")
    return message
