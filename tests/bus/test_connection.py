import asyncio
from pathlib import Path

import pytest

from antiphon.bus.connection import Publisher, connect, subscribe
from antiphon.errors import OperatorError
from support.nats import free_port, nats_server


async def test_no_server_is_said_with_its_address_and_what_to_do() -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    async with asyncio.timeout(10):
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
    await asyncio.wait_for(everything.wait(), 5)
    assert received == [b"%d" % i for i in range(500)]
    await sender.close()
    await receiver.close()


async def test_an_orderly_close_is_no_warning(nats_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = await connect(nats_url, "test")
    await client.close()
    await asyncio.sleep(0.05)
    assert "nats_disconnected" not in "".join(capsys.readouterr())


async def test_a_server_that_goes_away_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nats_server(tmp_path) as url:
        client = await connect(url, "test")
    await asyncio.sleep(0.5)  # several attempts to reconnect
    told = "".join(capsys.readouterr()).splitlines()
    assert sum("nats_disconnected" in line for line in told) == 1
    attempts = [line for line in told if "Connect call failed" in line]
    assert attempts
    assert not any("[warning" in line for line in attempts)
    await client.close()
