import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from websockets.asyncio.server import ServerConnection, serve

from antiphon.loadtest.hearing import HearingClient, Stream
from antiphon.loadtest.hearingloads import open_streams, steady_streams
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.recordings import Recording
from antiphon.loadtest.target import Target

PIECE = 3200
UTTERANCE = Recording(b"\x01" * 4 * PIECE, "two pieces")
LONG = Recording(b"\x01" * PIECE * 2 + b"\x01" * 10, None)


@dataclass
class Hearing:
    """Hears something in pieces that are not silent; it becomes final in the second silent one."""

    fault: str = ""
    paths: list[str] = field(default_factory=list)
    messages: list[bytes | str] = field(default_factory=list)

    async def hear(self, socket: ServerConnection) -> None:  # noqa: C901 - a case for each message
        words, silent = 0, 0
        self.paths.append(socket.request.path if socket.request else "")

        async def transcript(*, final: bool) -> None:
            message = {"type": "transcript", "text": " two pieces", "is_final": final}
            await socket.send(orjson.dumps(message).decode())

        async for message in socket:
            self.messages.append(message)
            if self.fault == "refuse":
                await socket.send('{"type": "error", "status_code": 429, "error_code": "busy"}')
            elif self.fault == "leave":
                return
            elif self.fault == "garble":
                await socket.send("[")
            elif message == "close":
                await socket.send('{"type": "done"}')
                return
            elif message == "finalize":
                if words:
                    await transcript(final=True)
                words = 0
                await socket.send('{"type": "flush_done"}')
            elif any(message):
                words, silent = words + 1, 0
                await transcript(final=False)
            else:
                silent += 1
                if words and silent == 2:
                    await transcript(final=True)
                    words = 0


@asynccontextmanager
async def hearing(fault: str = "") -> AsyncIterator[tuple[Hearing, HearingClient]]:
    server = Hearing(fault)
    async with serve(server.hear, "127.0.0.1", 0, compression=None) as it:
        port = next(iter(it.sockets)).getsockname()[1]
        yield server, HearingClient(Target(f"http://127.0.0.1:{port}", model="ink", language="en"))


async def said(client: HearingClient, *script: Recording) -> Stream:
    now = time.perf_counter()
    return await client.listen(script, now, now)


async def test_utterances_are_said_in_real_time_and_answered() -> None:
    async with hearing() as (server, client):
        stream = await said(client, *[LONG] * 2)
    assert stream.error is None
    assert stream.done_s >= stream.spoken_s > 0
    # Three pieces of speech each (the last one filled up), two of silence after each: 60 % speech.
    assert [m if isinstance(m, str) else (len(m), any(m)) for m in server.messages] == [
        *[(PIECE, True)] * 3,
        "finalize",
        *[(PIECE, False)] * 1,
        *[(PIECE, True)] * 3,
        *[(PIECE, False)] * 1,
        "close",
    ]
    assert server.paths == ["/stt/websocket?model=ink&encoding=pcm_s16le&sample_rate=16000&language=en"]
    assert len(stream.dialogue.first_partials) == 2
    assert len(stream.dialogue.partial_intervals) >= 2
    assert len(stream.dialogue.finals) == 1
    assert stream.words.words == 0  # nobody knows what was said


async def test_what_was_heard_is_compared_with_what_was_said() -> None:
    async with hearing() as (_, client):
        stream = await said(client, UTTERANCE)
    assert (stream.words.errors, stream.words.words) == (0, 2)
    assert stream.dialogue.unanswered == 0


@pytest.mark.parametrize(("fault", "kind"), [("refuse", "429 busy"), ("leave", "cut"), ("garble", "garbled")])
async def test_failures_are_told_by_kind(fault: str, kind: str) -> None:
    async with hearing(fault) as (_, client):
        stream = await said(client, UTTERANCE)
    assert stream.error == kind
    assert stream.refused == (fault == "refuse")


async def test_nobody_there(unused_port: int) -> None:
    stream = await said(HearingClient(Target(f"http://127.0.0.1:{unused_port}")), UTTERANCE)
    assert (stream.error, stream.open_s, stream.spoken_s) == ("unreachable", None, 0.0)


async def test_steady_streams_speak_until_the_end() -> None:
    async with hearing() as (server, client):
        run = await steady_streams(client, concurrency=2, duration_s=0.6, recordings=[UTTERANCE], seed=1)
    assert len(run.requests) == len(server.paths) >= 2
    summary = summarise_streams(run)
    assert (summary.streams, summary.completed, summary.errors, summary.wer) == (len(run.requests),) * 2 + (
        {},
        0.0,
    )
    assert summary.final.p50 is not None
    assert summary.audio_per_s > 0


async def test_open_streams_come_by_chance_with_three_utterances() -> None:
    async with hearing() as (server, client):
        run = await open_streams(client, rps=20, duration_s=0.3, recordings=[UTTERANCE], seed=1)
    assert len(run.requests) == len(server.paths) > 1
    assert all(0 < stream.due_s < 0.3 for stream in run.requests)
    assert server.messages.count("finalize") == 2 * len(run.requests)


async def test_streams_that_are_refused_are_told_apart() -> None:
    async with hearing("refuse") as (_, client):
        run = await steady_streams(client, concurrency=2, duration_s=0.3, recordings=[UTTERANCE])
    summary = summarise_streams(run)
    assert (summary.refused, summary.completed, summary.errors) == (summary.streams, 0, {})
    assert summary.refusal.p95 is not None


async def test_a_stopped_stream_is_not_counted() -> None:
    stop = asyncio.Event()

    def script() -> Iterator[Recording]:
        stop.set()
        yield UTTERANCE

    async with hearing() as (_, client):
        load = steady_streams(client, concurrency=1, duration_s=60, recordings=list(script()), stop=stop)
        assert (await load).requests == []
