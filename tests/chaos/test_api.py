"""An API server that is told to stop, or stops untold."""

import asyncio

import httpx
import pytest

from support.clients import Heard, socket, speak
from support.crowd import SPOKEN, Crowd, Everything
from support.pair import Pair

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]


async def second_api(pair: Pair, name: str, **settings: str) -> str:
    """Another API server on the same bus that knows all workers; its URL."""
    pair.platform.start_api(name, **settings)
    url = pair.platform.url_of(name)
    async with httpx.AsyncClient(base_url=url) as client, asyncio.timeout(30):
        while True:
            try:
                offerings = (await client.get("/status")).json()["offerings"]
            except httpx.TransportError:
                offerings = {}
            if offerings and all(each["workers"] == 2 for each in offerings.values()):
                return url
            await asyncio.sleep(0.05)


async def test_contexts_finish_before_the_api_goes(pair: Pair, undisturbed: Everything) -> None:
    url = await second_api(pair, "api-leaving", shutdown_grace_s="60")
    process = pair.platform.processes["api-leaving"]
    async with socket(url, "/tts/websocket") as idle:
        crowd = Crowd(url)
        await crowd.begun()
        process.terminate()
        assert await crowd.all_of_it() == undisturbed
        await idle.wait_closed()
        assert idle.close_code == 1001
    with pytest.raises(OSError, match="Connect"):
        await speak(url, SPOKEN[0], Heard())
    assert await asyncio.to_thread(process.wait, 20) == 0
    del pair.platform.processes["api-leaving"]


@pytest.mark.slow
async def test_places_come_free_when_the_api_is_killed(pair: Pair) -> None:
    url = await second_api(pair, "api-dying")
    crowd = Crowd(url)
    await crowd.begun()
    pair.platform.kill("api-dying")
    await asyncio.wait(crowd.tasks)
    assert all(task.exception() for task in crowd.tasks)
    await asyncio.to_thread(pair.platform.wait_idle)
