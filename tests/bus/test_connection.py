import asyncio

import pytest

from antiphon.bus.connection import Publisher, connect, subscribe
from antiphon.errors import OperatorError
from support.nats import free_port


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
