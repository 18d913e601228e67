"""Events that go straight from a worker to an API server, and by NATS when they can't."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np
import pytest

from antiphon.bus.dispatcher import Dispatcher
from antiphon.contract.events import AudioOut
from antiphon.contract.jobs import SynthesisJob
from antiphon.contract.presence import Direct
from antiphon.errors import PortInUse
from antiphon.workers.worker import Worker
from support.counting import FRAME, CountingModel
from support.nats import counting_worker, dispatcher, free_port, until
from support.proxy import Proxy
from support.small import small_worker

WHOLE = CountingModel().whole(0, 125 * FRAME)


def job(**more: object) -> SynthesisJob:
    values = {"text": "one two three four five six seven eight nine ten"} | more
    return SynthesisJob(job=uuid4().hex, api="", model="counting", voice="one", language="en", **values)


def samples(events: list[object]) -> np.ndarray:
    return np.frombuffer(b"".join(e.samples for e in events if isinstance(e, AudioOut)), np.float32)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Dispatcher]:
    async with dispatcher(url) as api:
        await api.listen("127.0.0.1", 0)
        yield api


def lanes(worker: Worker) -> list[object]:
    return [lane for lane in worker._events._lanes.values() if not lane.lost.is_set()]


def count_by_nats(api: Dispatcher) -> list[int]:
    """Grows with each event that comes by NATS."""
    sizes: list[int] = []
    subscription = next(s for s in api._client._subs.values() if ".out." in s.subject)
    take = subscription._cb

    async def counted(message: object) -> None:
        sizes.append(len(message.data))
        await take(message)

    subscription._cb = counted
    return sizes


async def test_events_come_straight_once_a_worker_has_connected(nats_url: str) -> None:
    async with listening(nats_url) as api, counting_worker(nats_url) as worker:
        await until(lambda: lanes(worker))
        by_nats = count_by_nats(api)
        stream = await api.synthesize(job())
        assert np.array_equal(samples([event async for event in stream]), WHOLE)
        assert by_nats == []


async def test_they_come_by_nats_where_nobody_listens(
    nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with dispatcher(nats_url) as api:
        api._direct = Direct("127.0.0.1", free_port(), "secret")
        async with counting_worker(nats_url) as worker:
            await until(lambda: api.offerings("tts") and worker._events._missed)
            stream = await api.synthesize(job())
            assert np.array_equal(samples([event async for event in stream]), WHOLE)
    assert "".join(capsys.readouterr()).count("direct_unreachable") == 1


async def test_they_come_by_nats_where_something_else_listens(nats_url: str) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(struct.pack("<I", 2) + b"no")
        await reader.read()
        writer.close()

    async with dispatcher(nats_url) as api:
        server = await asyncio.start_server(other, "127.0.0.1", 0)
        api._direct = Direct("127.0.0.1", server.sockets[0].getsockname()[1], "secret")
        async with counting_worker(nats_url) as worker:
            await until(lambda: api.offerings("tts") and worker._events._missed)
            stream = await api.synthesize(job())
            assert np.array_equal(samples([event async for event in stream]), WHOLE)
        server.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection is cut."""
    with contextlib.suppress(ConnectionResetError):
        return await asyncio.wait_for(reader.read(), 30)
    return b""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(0) as running:
        yield running


@pytest.mark.parametrize("harm", ["cut", "freeze"])
async def test_a_connection_that_breaks_in_mid_stream_loses_nothing(
    nats_url: str, proxy: Proxy, harm: str
) -> None:
    async with listening(nats_url) as api:
        assert api._direct
        proxy._target = api._direct.port
        api._direct = msgspec.structs.replace(api._direct, port=proxy.port)
        async with counting_worker(nats_url) as worker:
            await until(lambda: lanes(worker))
            stream = await api.synthesize(job(credit_s=0.3))
            events = [await anext(stream)]
            getattr(proxy, harm)()
            stream.grant(60.0)
            async with asyncio.timeout(30):
                events += [event async for event in stream]
            assert stream.job.attempt == 0
            assert np.array_equal(samples(events), WHOLE)
            proxy.heal()
            async with asyncio.timeout(30):
                again = await api.synthesize(job())
                assert np.array_equal(samples([event async for event in again]), WHOLE)
            await until(lambda: lanes(worker))


@pytest.mark.slow
async def test_a_worker_killed_in_mid_stream_is_taken_over_from_without_a_change(
    nats_url: str, tmp_path: Path
) -> None:
    async with listening(nats_url) as api:
        with small_worker("tts", nats_url, tmp_path) as one, small_worker("tts", nats_url, tmp_path) as two:
            await until(lambda: len(api.offerings("tts")) == 2 and len(api._intake._guests) == 2, 15)
            by_nats = count_by_nats(api)
            stream = await api.synthesize(job(text=" ".join(["word"] * 60)))
            events = [await anext(stream) for _ in range(4)]
            next(worker for worker in (one, two) if worker.name == stream.worker).kill()
            async with asyncio.timeout(30):
                events += [event async for event in stream]
    assert stream.job.attempt == 1
    assert np.array_equal(samples(events), CountingModel().whole(0, 625 * FRAME))
    assert not any(by_nats)


async def test_who_does_not_know_the_secret_is_not_heard(nats_url: str) -> None:
    async with listening(nats_url) as api:
        assert api._direct
        reader, writer = await asyncio.open_connection(api._direct.host, api._direct.port)
        writer.write(struct.pack("<I", 6) + b"secret" + struct.pack("<I", 5) + b"event")
        assert await answer(reader) == b""
        writer.close()


async def test_who_says_nothing_is_cut_off(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.bus.direct.HELLO_WITHIN_S", 0.1)
    async with listening(nats_url) as api:
        assert api._direct
        reader, writer = await asyncio.open_connection(api._direct.host, api._direct.port)
        assert await answer(reader) == b""
        writer.close()


async def test_a_taken_port_is_said_with_the_setting(nats_url: str) -> None:
    async with dispatcher(nats_url) as api:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        with pytest.raises(PortInUse, match="direct_port"):
            await api.listen("127.0.0.1", server.sockets[0].getsockname()[1])
        server.close()
