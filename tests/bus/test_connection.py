import asyncio
from pathlib import Path

import pytest

from antiphon.bus.connection import Publisher, connect, subscribe
from antiphon.errors import OperatorError
from support.nats import free_port, nats_process, nats_server, until


async def test_no_server_is_said_with_its_address_and_what_to_do() -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    async with asyncio.timeout(30):
        with pytest.raises(OperatorError, match="antiphon up") as refusal:
            await connect(url, "test", timeout_s=0.3)
    assert url in refusal.value.message


async def test_messages_leave_in_order_and_closing_loses_none(nats_url: str) -> None:
    sender, receiver = await connect(nats_url, "sender"), await connect(nats_url, "receiver")
    received: list[bytes] = []
    everything = asyncio.Event()

    async def take(message: object) -> None:
        received.append(message.data)
        if len(received) == 500:
            everything.set()

    await subscribe(receiver, "antiphon.test.order", take)
    await receiver.flush()
    publisher = Publisher(sender)
    for i in range(500):
        publisher.send("antiphon.test.order", b"%d" % i)
    await publisher.aclose()
    await sender.flush()
    await asyncio.wait_for(everything.wait(), 30)
    assert received == [b"%d" % i for i in range(500)]
    await sender.close()
    await receiver.close()


async def test_an_orderly_close_is_no_warning(nats_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = await connect(nats_url, "test")
    await client.close()
    await asyncio.sleep(0.05)
    assert "nats_disconnected" not in "".join(capsys.readouterr())


class Told:
    """A logger that remembers the events of each severity."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.debug_errors: list[str] = []

    def warning(self, event: str, **_: str) -> None:
        self.warnings.append(event)

    def debug(self, event: str, *, error: str) -> None:
        self.debug_errors.append(error)


async def test_a_server_that_goes_away_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    monkeypatch.setattr("antiphon.bus.connection._log", told)
    with nats_server(tmp_path) as url:
        client = await connect(url, "test")
    await until(lambda: len(told.debug_errors) > 2)
    assert told.warnings.count("nats_disconnected") == 1
    assert len(told.warnings) <= 2  # one more for the connection that broke
    await client.close()


async def test_who_wants_to_know_hears_that_it_stands_again(tmp_path: Path) -> None:
    with nats_process(tmp_path) as server:
        client = await connect(server.url, "test")
        stood: list[bool] = []
        client.on_reconnect.append(lambda: stood.append(client.is_connected))
        server.kill()
        await until(lambda: not client.is_connected)
        server.start()
        await until(lambda: stood)
        assert stood == [True]
        await client.close()


async def test_what_is_published_while_nats_is_away_comes_in_order(tmp_path: Path) -> None:
    with nats_process(tmp_path) as server:
        sender, receiver = await connect(server.url, "sender"), await connect(server.url, "receiver")
        received: list[bytes] = []

        async def take(message: object) -> None:
            received.append(message.data)

        await subscribe(receiver, "antiphon.test.away", take)
        publisher = Publisher(sender)
        server.kill()
        await until(lambda: not sender.is_connected and not receiver.is_connected)
        for i in range(100):
            publisher.send("antiphon.test.away", b"%d" % i)
        server.start()
        await until(lambda: sender.is_connected and receiver.is_connected)
        await receiver.flush()  # or the sender's word could come before the subscription
        publisher.send("antiphon.test.away", b"last")
        await until(lambda: b"last" in received)
        # Who comes back later than the sender misses what was sent meanwhile: numbers tell, and it is resent.
        numbers = [int(data) for data in received[:-1]]
        assert numbers == sorted(set(numbers))
        await publisher.aclose()
        await sender.close()
        await receiver.close()
