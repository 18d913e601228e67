"""More requests than places: some are refused at once, the others are served as if nothing were."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from support.clients import HEADERS, Heard, fetch, request
from support.platform import Platform, empty_platform

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]

PLACES, QUEUE = 3, 2
REQUESTS = 20
TEXT = "There is one thing to say. There is another thing to say. And this is the last of them."


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One voice worker with few places, and a short queue."""
    with empty_platform(tmp_path_factory.mktemp("small")) as running:
        running.start_api(queue_size=str(QUEUE), queue_timeout_s="30")
        running.start_frail_worker("tts", "tts-0", pace=0.2, batch_size="8", max_streams=str(PLACES))
        running.wait(stt=0)
        yield running


async def test_those_who_get_a_place_keep_it_and_the_others_are_refused(small: Platform) -> None:
    undisturbed, _ = await fetch(small.url, TEXT, Heard())
    order: list[httpx.Response] = []

    async def ask(client: httpx.AsyncClient) -> None:
        order.append(await client.post("/tts/bytes", json=request(TEXT)))

    limits = httpx.Limits(max_connections=REQUESTS)
    async with (
        httpx.AsyncClient(base_url=small.url, headers=HEADERS, timeout=60, limits=limits) as client,
        asyncio.TaskGroup() as flood,
    ):
        for _ in range(REQUESTS):
            flood.create_task(ask(client))
    refused = [answer for answer in order if answer.status_code == 429]
    served = order[len(refused) :]
    assert len(served) >= PLACES + QUEUE
    assert order[: len(refused)] == refused, "somebody waited for a refusal until others had been served"
    assert all(float(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert [answer.content == undisturbed for answer in served] == [True] * len(served)
    small.wait_idle()
    again, _ = await fetch(small.url, TEXT, Heard())
    assert again == undisturbed
