"""A client that speaks into the STT WebSocket in real time."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from antiphon.loadtest.dialogue import Dialogue
from antiphon.loadtest.failures import Cut, Failure, Garbled, Refused
from antiphon.loadtest.recordings import ENCODING, RATE, Recording
from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import Socket, open_socket
from antiphon.loadtest.wordrate import WordErrors, word_errors

PIECE_S = 0.1
SPEECH_SHARE = 0.6
"""Share of the time in which somebody speaks; the rest are pauses."""

_PIECE_BYTES = round(PIECE_S * RATE) * 2
_SILENCE = bytes(_PIECE_BYTES)
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Stream:
    """What became of one stream of speech.

    Attributes:
        due_s: when it was due, since its load began.
        open_s: due → the socket was open.
        spoken_s: seconds of audio that were sent, pauses among them.
        dialogue: what came back, and when.
        words: errors in what was heard; of nothing where a text is not known.
        error: the kind of failure; None when all went well.
        done_s: due → its end, good or bad.
    """

    due_s: float
    open_s: float | None
    spoken_s: float
    dialogue: Dialogue
    words: WordErrors
    error: str | None
    done_s: float

    @property
    def refused(self) -> bool:
        """Whether the server had no place for it (429)."""
        return self.error is not None and self.error.startswith("429")


class _Message(msgspec.Struct):
    type: str = ""
    text: str = ""
    is_final: bool = False
    status_code: int = 0
    error_code: str | None = None


_decode = msgspec.json.Decoder(_Message).decode


class HearingClient:
    """Opens a socket for each stream.

    Args:
        target: the server; its model and language are those of recognition.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    async def listen(self, script: Iterable[Recording], due: float, began: float) -> Stream:
        """Say a script in real time, with pauses, and measure what comes back.

        Every second utterance ends with ``finalize``.

        Args:
            script: the utterances, in order; taken one by one as they are needed.
            due: clock time (`time.perf_counter`) at which the stream was due.
            began: clock time at which its load began.
        """
        speaker = _Speaker(self._target, due)
        error: str | None = None
        try:
            await speaker.talk(script)
        except Failure as failure:
            error = failure.kind
        except TimeoutError:
            error = "timeout"
        finally:
            speaker.close()
        said = [recording.text for recording in speaker.said]
        known = error is None and None not in said
        heard = " ".join(speaker.dialogue.texts)
        return Stream(
            due_s=due - began,
            open_s=speaker.open_s,
            spoken_s=speaker.spoken_s,
            dialogue=speaker.dialogue,
            words=word_errors(" ".join(filter(None, said)), heard) if known else WordErrors(),
            error=error,
            done_s=time.perf_counter() - due,
        )


class _Speaker:
    """One stream while it runs."""

    def __init__(self, target: Target, due: float) -> None:
        self.dialogue = Dialogue()
        self.said: list[Recording] = []
        self.open_s: float | None = None
        self.spoken_s = 0.0
        self._target = target
        self._due = due
        self._next = due
        self._socket: Socket | None = None
        self._failure: Failure | None = None
        self._done = asyncio.Event()

    async def talk(self, script: Iterable[Recording]) -> None:
        """Say it all, then wait for the last answer.

        Raises:
            Failure, TimeoutError: the stream failed.
        """
        query = {"model": self._target.model, "encoding": ENCODING, "sample_rate": str(RATE)}
        query |= {"language": self._target.language} if self._target.language else {}
        async with asyncio.timeout(_PATIENCE_S):
            self._socket = await open_socket(self._target, "/stt/websocket", self._hear, query)
        self._socket.lost.add_done_callback(lambda _: self._ended(Cut()))
        self.open_s = time.perf_counter() - self._due
        self._next = time.perf_counter()
        for index, recording in enumerate(script):
            await self._say(self._socket, recording, finalize=index % 2 == 0)
        self._socket.send_text(b"close")
        async with asyncio.timeout(_PATIENCE_S):
            await self._done.wait()
        self._check()
        self.dialogue.settle()

    async def _say(self, socket: Socket, recording: Recording, *, finalize: bool) -> None:
        """Say one utterance, then be silent for as long as it takes to keep the share of speech."""
        self.said.append(recording)
        self.dialogue.began(self._next)
        pcm = recording.pcm
        for start in range(0, len(pcm), _PIECE_BYTES):
            await self._send(socket, pcm[start : start + _PIECE_BYTES].ljust(_PIECE_BYTES, b"\0"))
        if finalize:
            socket.send_text(b"finalize")
        self.dialogue.ended(self._next, finalize=finalize)
        for _ in range(round(recording.seconds * (1 / SPEECH_SHARE - 1) / PIECE_S)):
            await self._send(socket, _SILENCE)

    async def _send(self, socket: Socket, piece: bytes) -> None:
        """Send a piece once it has been said, as a microphone would."""
        self._next += PIECE_S
        if (left := self._next - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        self._check()
        socket.send_binary(piece)
        self.spoken_s += PIECE_S

    def _hear(self, data: bytes) -> None:
        now = time.perf_counter()
        try:
            message = _decode(data)
        except msgspec.DecodeError:
            self._ended(Garbled())
            return
        match message.type:
            case "transcript" if message.is_final:
                self.dialogue.final(now, message.text)
            case "transcript":
                self.dialogue.partial(now)
            case "flush_done":
                self.dialogue.flushed(now)
            case "done":
                self._done.set()
            case "error":
                self._ended(Refused(message.status_code, message.error_code))
            case _:
                pass

    def _ended(self, failure: Failure) -> None:
        """The stream is over; after ``done`` that is no failure."""
        if not self._done.is_set():
            self._failure = failure
            self._done.set()

    def _check(self) -> None:
        if self._failure:
            raise self._failure

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
