import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antiphon.api.stt.backlog import Backlog


@given(
    items=st.lists(st.one_of(st.binary(max_size=300), st.sampled_from(["finalize", "close"])), max_size=60),
    limit=st.integers(1, 1000),
)
def test_everything_comes_out_in_order_and_little_is_held(items: Any, limit: int) -> None:
    async def scenario() -> None:
        backlog = Backlog(limit)

        async def fill() -> None:
            for item in items:
                await backlog.put(item)
                assert backlog.held_bytes <= limit + 64 + 300

        filling = asyncio.create_task(fill())
        got = [await backlog.get() for _ in items]
        await filling
        assert got == items
        assert backlog.held_bytes == 0

    asyncio.run(scenario())


async def test_a_full_backlog_waits_even_for_empty_messages() -> None:
    backlog = Backlog(1000)

    async def flood() -> None:
        while True:
            await backlog.put(b"")

    flooding = asyncio.create_task(flood())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not flooding.done()
    assert 1000 <= backlog.held_bytes < 1100
    flooding.cancel()
