"""Workers are struck at random under a steady load; what each stream they held got, and when."""

import asyncio
import itertools
import random
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import nats
import numpy as np
import orjson
import pybase64

from antiphon.audio.playback import PlaybackClock
from antiphon.contract.jobs import Job, SynthesisJob
from antiphon.loadtest.failures import Failure
from antiphon.loadtest.sentences import SENTENCES
from antiphon.loadtest.speech import WebSocketClient
from antiphon.loadtest.target import Target
from antiphon.loadtest.websocket import open_socket
from antiphon.loadtest.wordrate import word_errors
from support.clients import HEARING, PIECE_S, recording
from support.pair import Pair
from support.platform import KEY
from support.words import normalise

RATE = 24_000
AWAY_S = 2.0
"""After this long, what was stopped, held or cut off is let go on."""

PATIENCE_S = 40.0
RECORDINGS = ("001_ps-librivox", "002_ps-librivox", "004_ps-librivox", "011_jfk")

now = time.perf_counter


@dataclass
class Stream(ABC):
    """One thing said or heard.

    Attributes:
        key: what its job is known by on the bus.
        offers: when its job was offered, and to which worker; the last one has it.
        moments: when its client got something.
        error: what went wrong, if it did.
    """

    key: str
    offers: list[tuple[float, str]] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    error: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def moved(self, blow: float) -> float | None:
        """When the job was first offered to another worker after a blow; None if it never was."""
        return next((at for at, _ in self.offers if at > blow), None)

    def next(self, blow: float) -> float | None:
        """When the client first got something that was made after the blow; None if it never did."""
        made = self.moved(blow) or blow
        return next((at for at in self.moments if at > made), None)

    @property
    def unfinished(self) -> bool:
        """Whether its client has yet to get something."""
        return True

    @abstractmethod
    def verdict(self, blow: float) -> dict[str, Any]:
        """What its client lost and doubled; ``blow`` is when it was struck."""


@dataclass
class Sentence(Stream):
    """A sentence being spoken to a listener who plays it at once. Takes what `WebSocketClient` hears."""

    expected: bytes = b""
    audio: bytearray = field(default_factory=bytearray)
    sizes: list[int] = field(default_factory=list)

    @property
    def unfinished(self) -> bool:
        """Whether its client has yet to get something."""
        return len(self.audio) < len(self.expected)

    def hear_base64(self, data: memoryview) -> None:
        """Audio came."""
        samples = pybase64.b64decode(data)
        self.moments.append(now())
        self.sizes.append(len(samples))
        self.audio += samples

    def play(self, until: float = float("inf")) -> PlaybackClock:
        """The listener's clock after what came before a time."""
        clock = PlaybackClock()
        for moment, size in zip(self.moments, self.sizes, strict=True):
            if moment < until:
                clock = clock.sent(moment, size / 4 / RATE)
        return clock

    def verdict(self, blow: float) -> dict[str, Any]:
        """Silence heard after the blow in seconds; samples missing, too many or other than they should be."""
        expected, got = (np.frombuffer(a, np.float32) for a in (self.expected, bytes(self.audio)))
        common = min(len(expected), len(got))
        return {
            "silence_s": self.play().underrun_s - self.play(until=blow).underrun_s,
            "silent_when_struck": not self.moments or self.moments[0] > blow,
            "lost": max(0, len(expected) - len(got)),
            "doubled": max(0, len(got) - len(expected)),
            "changed": int((expected[:common] != got[:common]).sum()),
        }


@dataclass
class Talk(Stream):
    """A recording being heard in real time."""

    expected: str = ""
    finals: list[str] = field(default_factory=list)

    def verdict(self, blow: float) -> dict[str, Any]:  # noqa: ARG002 - words have no time here
        """Words missing, too many or other than they should be."""
        found = word_errors(self.expected, " ".join(self.finals))
        return {"lost": found.dropped, "doubled": found.inserted, "changed": found.replaced}


class Spy:
    """Listens on the bus to which worker the job of each stream is offered.

    Attributes:
        running: the streams under way, by key.
    """

    def __init__(self) -> None:
        self.running: dict[str, Stream] = {}
        self._decode = msgspec.msgpack.Decoder[Job](Job).decode

    async def listen(self, url: str) -> None:
        """Begin."""
        client = await nats.connect(url)
        await client.subscribe("antiphon.v1.job.*.*", cb=self._on_offer)

    def held_by(self, worker: str) -> list[Stream]:
        """The streams that a worker has and has not finished, as far as their clients know."""
        streams = self.running.values()
        return [each for each in streams if each.offers and each.offers[-1][1] == worker and each.unfinished]

    async def _on_offer(self, message: Any) -> None:
        job = self._decode(message.data)
        # Each sentence is spoken to one listener alone, and talkers differ in what counts as silence to them.
        key = job.text.strip() if isinstance(job, SynthesisJob) else talker_key(job.min_volume)
        if key in self.running:
            self.running[key].offers.append((now(), message.subject.rpartition(".")[2]))


def talker_key(min_volume: float) -> str:
    """Of a talker with this setting."""
    return f"talker {round(min_volume * 1e6)}"


class Load:
    """Listeners who hear one sentence after another in real time, and talkers who say such recordings.

    Attributes:
        finished: streams that ended.
        wrong: those of them that were not as they should be, struck or not.

    Args:
        url: of the API.
        spy: is told of every stream.
        listeners, talkers: how many.
    """

    def __init__(self, url: str, spy: Spy, *, listeners: int, talkers: int) -> None:
        self.wrong: list[dict[str, Any]] = []
        self.finished = 0
        self._target = Target(url, KEY, voice="heart", encoding="pcm_f32le", sample_rate=RATE)
        self._client = WebSocketClient(self._target)
        self._spy = spy
        self._expected: dict[str, Any] = {}
        long = sorted(SENTENCES, key=len)[-2 * listeners :]
        self._texts = [long[i::listeners] for i in range(listeners)]
        self._talkers = talkers
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Get what there is to be heard, undisturbed; then begin the load."""
        for text in itertools.chain(*self._texts):
            spoken = Sentence(text)
            await self._client.speak(text, spoken)
            self._expected[text] = bytes(spoken.audio)
        for name in RECORDINGS:
            talk = Talk(talker_key(0))
            await self._talk(talk, 0, recording(name))
            self._expected[name] = normalise(" ".join(talk.finals))
        self._tasks = [asyncio.create_task(self._listen(texts)) for texts in self._texts]
        self._tasks += [asyncio.create_task(self._talk_on(i + 1)) for i in range(self._talkers)]

    async def end(self) -> None:
        """Stop it all."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await self._client.aclose()

    async def _listen(self, texts: list[str]) -> None:
        await asyncio.sleep(random.uniform(0, 5))
        for text in itertools.cycle(texts):
            sentence = Sentence(text, expected=self._expected[text])
            await self._follow(sentence, self._client.speak(text, sentence))
            await asyncio.sleep(max(0.0, (sentence.play().dry_at_s or 0.0) - now()))

    async def _talk_on(self, number: int) -> None:
        for name in itertools.islice(itertools.cycle(RECORDINGS), number, None):
            talk = Talk(talker_key(number * 1e-6), expected=self._expected[name])
            await self._follow(talk, self._talk(talk, number, recording(name)))

    async def _follow(self, stream: Stream, work: Any) -> None:
        self._spy.running[stream.key] = stream
        try:
            async with asyncio.timeout(PATIENCE_S):
                await work
        except (Failure, TimeoutError) as error:
            stream.error = str(error) or type(error).__name__
            await asyncio.sleep(0.5)
        finally:
            del self._spy.running[stream.key]
            stream.ended.set()
        found = stream.verdict(now())
        self.finished += 1
        if stream.error or found["lost"] or found["doubled"] or found["changed"]:
            kind = type(stream).__name__.lower()
            self.wrong.append({"stream": kind, "offers": len(stream.offers), "error": stream.error, **found})

    async def _talk(self, talk: Talk, number: int, audio: bytes) -> None:
        done = asyncio.get_running_loop().create_future()

        def read(data: bytes) -> None:
            message = orjson.loads(data)
            talk.moments.append(now())
            if message["type"] == "transcript" and message["is_final"]:
                talk.finals.append(message["text"])
            elif message["type"] in ("done", "error") and not done.done():
                done.set_result(None)
                talk.error = message.get("message")

        socket = await open_socket(self._target, f"{HEARING}&min_volume={number * 1e-6:.6f}", read)
        try:
            for piece in pieces(audio):
                socket.send_binary(piece)
                await asyncio.sleep(PIECE_S)
            socket.send_text(b"close")
            await asyncio.wait({done, socket.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            socket.close()


def pieces(audio: bytes) -> Iterator[bytes]:
    """Audio as a microphone gives it."""
    size = round(PIECE_S * 16_000) * 2
    return (audio[start : start + size] for start in range(0, len(audio), size))


async def strike(pair: Pair, spy: Spy, mode: str, name: str) -> dict[str, Any]:
    """Strike one worker at a random moment at which it has something to do, mend it, and tell what it did."""
    worker = worker_id(pair, name)
    while not (held := spy.held_by(worker)):  # noqa: ASYNC110 - what counts is a random moment
        await asyncio.sleep(random.uniform(0.05, 0.5))
    blow = now()
    _harm(pair, mode, name)
    if mode == "kill":
        await asyncio.wait([asyncio.create_task(_went_on(stream, blow)) for stream in held] or [_soon()])
        await asyncio.to_thread(pair.platform.kill, name)
        pair.start_worker(name)
    else:
        await asyncio.sleep(AWAY_S)
        _mend(pair, mode, name)
    for stream in held:
        await stream.ended.wait()
    await asyncio.to_thread(pair.wait)
    struck = [_account(stream, blow) for stream in held]
    return {"mode": mode, "worker": name, "streams": [each for each in struck if each]}


def worker_id(pair: Pair, name: str) -> str:
    """The id under which the process is known on the bus."""
    return re.findall(r"worker=([0-9a-f]{32})", pair.platform.log(name))[-1]


def _soon() -> asyncio.Task[None]:
    return asyncio.create_task(asyncio.sleep(0.5))


async def _went_on(stream: Stream, blow: float) -> None:
    """Return when a stream has got something from its next worker, or ended."""
    while not stream.ended.is_set() and (not stream.moved(blow) or not stream.next(blow)):  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _account(stream: Stream, blow: float) -> dict[str, Any] | None:
    """What became of a stream; None if nothing more was to come from the worker that was struck."""
    moved, following = stream.moved(blow), stream.next(blow)
    if following is None and not stream.error:
        return None
    return {
        "kind": "tts" if isinstance(stream, Sentence) else "stt",
        "moved_s": None if moved is None else moved - blow,
        "next_s": None if following is None else following - blow,
        "error": stream.error,
        **stream.verdict(blow),
    }


def _harm(pair: Pair, mode: str, name: str) -> None:
    match mode:
        case "kill":
            pair.platform.processes[name].kill()
        case "stop":
            pair.platform.pause(name)
        case "hang":
            pair.platform.hold(name)
        case "cut":
            pair.proxies[name].cut()
        case "freeze":
            pair.proxies[name].freeze()


def _mend(pair: Pair, mode: str, name: str) -> None:
    match mode:
        case "stop":
            pair.platform.resume(name)
        case "hang":
            pair.platform.release(name)
        case _:
            pair.proxies[name].heal()
