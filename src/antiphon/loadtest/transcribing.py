"""Has a server hear one recording in each of its three ways: as a file, as a stream, and as turns.

A stream is sent in real time, as a microphone would, in pieces of `PIECE_S`. What comes back is written down
with its times; what they mean is told afterwards.
"""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import msgspec

from antiphon.loadtest.failures import Cut, Failure, Garbled, Refused, Unreachable
from antiphon.loadtest.hearing import PIECE_S
from antiphon.loadtest.manifest import Clip
from antiphon.loadtest.recordings import ENCODING, RATE
from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import Socket, open_socket

SILENCE_S = 8.0
"""Longest silence after a recording in which a turn is expected to end."""

_PIECE_BYTES = round(PIECE_S * RATE) * 2
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class FileHeard:
    """A recording heard as a file.

    Attributes:
        text: what was heard.
        took_s: request → answer.
    """

    text: str
    took_s: float


@dataclass(frozen=True, slots=True)
class StreamHeard:
    """A recording heard while it was spoken.

    Attributes:
        text: the final texts, joined as they are.
        first_partial_s: speech began → a text came; None when none did.
        final_s: ``finalize`` was sent → its last final text came, or ``flush_done`` where there was none.
        spoken_s: seconds of audio that were sent.
    """

    text: str
    first_partial_s: float | None
    final_s: float
    spoken_s: float


@dataclass(frozen=True, slots=True)
class TurnsHeard:
    """A recording heard as turns of a dialogue.

    Attributes:
        text: the turns, joined as they are.
        end_s: speech ended → ``turn.end`` came; None when none did.
        cuts: turns that were ended before the speech was.
        spoken_s: seconds of audio that were sent, silence at the end among them.
    """

    text: str
    end_s: float | None
    cuts: int
    spoken_s: float


class _Answer(msgspec.Struct):
    text: str


class _Message(msgspec.Struct):
    type: str = ""
    text: str = ""
    transcript: str = ""
    is_final: bool = False
    status_code: int = 0
    error_code: str | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_message = msgspec.json.Decoder(_Message).decode


class Transcriber:
    """Has recordings heard, each by a request or a socket of its own.

    Args:
        target: the server; its model and language are those of recognition.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = httpx.AsyncClient(
            base_url=target.url, timeout=httpx.Timeout(None, connect=5.0), trust_env=False
        )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def file(self, clip: Clip) -> FileHeard:
        """Hear the file as it is, with ``POST /stt``.

        Raises:
            Failure: it was not heard.
        """
        began = time.perf_counter()
        try:
            answer = await self._http.post(
                "/stt",
                headers={name: value for name, value in self._target.headers.items() if name != "Host"},
                data={"model": self._target.model, **self._language(clip)},
                files={"file": (clip.path.name, clip.path.read_bytes())},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise Unreachable from None
        except httpx.TransportError:
            raise Cut from None
        if not answer.is_success:
            raise Refused(answer.status_code)
        with _garbled():
            return FileHeard(_decode_answer(answer.content).text, time.perf_counter() - began)

    async def stream(self, clip: Clip) -> StreamHeard:
        """Speak it into ``/stt/websocket``, then ``finalize``.

        Raises:
            Failure: it was not heard.
        """
        async with asyncio.timeout(clip.seconds + _PATIENCE_S):
            line = await _Line.open(self._target, "/stt/websocket", self._language(clip))
            try:
                await line.say(clip.pcm)
                line.socket.send_text(b"finalize")
                finalized = time.perf_counter()
                await line.until("flush_done")
                line.socket.send_text(b"close")
                await line.until("done")
            finally:
                line.socket.close()
        texts = [(at, message) for at, message in line.heard if message.type == "transcript"]
        first = next((at for at, message in texts if message.text.strip()), None)
        finals = [at for at, message in texts if message.is_final and at >= finalized]
        flushed = next(at for at, message in line.heard if message.type == "flush_done")
        return StreamHeard(
            text="".join(message.text for _, message in texts if message.is_final),
            first_partial_s=None if first is None else first - line.began - clip.onset_s,
            final_s=max((at for at in finals if at <= flushed), default=flushed) - finalized,
            spoken_s=line.spoken_s,
        )

    async def turns(self, clip: Clip) -> TurnsHeard:
        """Speak it into ``/stt/turns/websocket``, then be silent until the turn is over.

        Raises:
            Failure: it was not heard.
        """
        async with asyncio.timeout(clip.seconds + SILENCE_S + _PATIENCE_S):
            line = await _Line.open(self._target, "/stt/turns/websocket", self._language(clip))
            try:
                await line.say(clip.pcm)
                ended = line.began + clip.end_s
                for _ in range(round(SILENCE_S / PIECE_S)):
                    if any(message.type == "turn.end" and at > ended for at, message in line.heard):
                        break
                    await line.say(bytes(_PIECE_BYTES))
                line.socket.send_text(b'{"type": "close"}')
                await line.over
            finally:
                line.socket.close()
        ends = [(at - ended, message.transcript) for at, message in line.heard if message.type == "turn.end"]
        return TurnsHeard(
            text="".join(text for _, text in ends),
            end_s=next((after for after, _ in ends if after > 0), None),
            cuts=sum(after <= 0 for after, _ in ends),
            spoken_s=line.spoken_s,
        )

    def _language(self, clip: Clip) -> dict[str, str]:
        language = clip.language or self._target.language
        return {"language": language} if language else {}


class _Line:
    """An open socket that is spoken into; `open` makes it.

    Attributes:
        socket: the connection.
        began: clock time at which the first sample was spoken.
        heard: the messages that came, with their clock times.
        over: done when the connection has ended.
    """

    def __init__(self) -> None:
        self.began = 0.0
        self.heard: list[tuple[float, _Message]] = []
        self.socket: Socket
        self._said = 0
        self._failure: Failure | None = None
        self._news = asyncio.Event()

    @classmethod
    async def open(cls, target: Target, path: str, language: dict[str, str]) -> "_Line":
        line = cls()
        query = {"model": target.model, "encoding": ENCODING, "sample_rate": str(RATE), **language}
        line.socket = await open_socket(target, path, line._hear, query)
        line.over.add_done_callback(lambda _: line._news.set())
        line.began = time.perf_counter()
        return line

    @property
    def over(self) -> "asyncio.Future[None]":
        return self.socket.lost

    @property
    def spoken_s(self) -> float:
        return self._said / 2 / RATE

    async def say(self, pcm: bytes) -> None:
        """Send samples in real time: each piece when its last sample has been spoken."""
        for start in range(0, len(pcm), _PIECE_BYTES):
            piece = pcm[start : start + _PIECE_BYTES]
            self._said += len(piece)
            await asyncio.sleep(max(0.0, self.began + self.spoken_s - time.perf_counter()))
            self._check()
            self.socket.send_binary(piece)

    async def until(self, kind: str) -> None:
        """Wait for a message.

        Raises:
            Failure: there won't be one.
        """
        while not any(message.type == kind for _, message in self.heard):
            self._check()
            if self.over.done():
                raise Cut
            self._news.clear()
            await self._news.wait()

    def _hear(self, data: bytes) -> None:
        try:
            message = _decode_message(data)
        except msgspec.DecodeError:
            self._failure = Garbled()
        else:
            self.heard.append((time.perf_counter(), message))
            if message.type == "error":
                self._failure = Refused(message.status_code, message.error_code)
        self._news.set()

    def _check(self) -> None:
        if self._failure:
            raise self._failure


@contextmanager
def _garbled() -> Generator[None]:
    try:
        yield
    except msgspec.DecodeError:
        raise Garbled from None
