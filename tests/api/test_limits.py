import asyncio
import json
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from antiphon.api.limits import Limits
from antiphon.errors import Overloaded
from antiphon.settings import Settings

REQUEST = {
    "model_id": "sonic",
    "transcript": "one two",
    "voice": "heart",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
}


@pytest.fixture
def settings() -> Settings:
    return Settings(api_port=0, shutdown_grace_s=0.2, tts_contexts_per_key=1, stt_streams_per_key=1)


@given(st.lists(st.sampled_from(["a", "b"]), max_size=20), st.integers(1, 4))
def test_each_key_gets_as_much_as_it_may(asked: list[str], most: int) -> None:
    limits = Limits({"TTS contexts": most})
    held = []
    for key in asked:
        use = limits.using("TTS contexts", key)
        if limits.used("TTS contexts", key) < most:
            use.__enter__()
            held.append(use)
        else:
            with pytest.raises(Overloaded):
                use.__enter__()
    for use in held:
        use.__exit__(None, None, None)
    assert not limits._used


def test_without_a_limit_there_is_none() -> None:
    limits = Limits({"TTS contexts": 0})
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(limits.using("TTS contexts", "k"))
        assert limits.used("TTS contexts", "k") == 1000
    assert limits.used("STT streams", "k") == 0


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_one_context_too_many_is_a_429(served: Any, path: str) -> None:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as http:
        served.bus.gate.clear()
        first = asyncio.create_task(http.post(path, json=REQUEST))
        await served.until(lambda: served.bus.streams)
        second = await http.post(path, json=REQUEST, headers={"Cartesia-Version": "2026-03-01"})
        assert second.status_code == 429
        assert second.json()["error_code"] == "concurrency_limited"
        assert int(second.headers["retry-after"]) >= 1
        served.bus.gate.set()
        assert (await first).status_code == 200
        assert (await http.post(path, json=REQUEST)).status_code == 200


async def test_a_context_too_many_does_not_cost_the_socket(served: Any) -> None:
    async with connect(f"{served.ws}/tts/websocket", additional_headers=served.headers) as socket:
        await socket.send(json.dumps({**REQUEST, "context_id": "a", "continue": True}))
        await served.until(lambda: served.services.limits.used("TTS contexts", served.key_id))
        await socket.send(json.dumps({**REQUEST, "context_id": "b"}))
        refusals = []
        async for frame in socket:
            message = json.loads(frame)
            if message["type"] == "error":
                refusals.append((message["context_id"], message["status_code"], message["error_code"]))
                await socket.send(json.dumps({**REQUEST, "context_id": "a", "transcript": ""}))
            if message["type"] == "done":
                break
        assert refusals == [("b", 429, "concurrency_limited")]
        await served.until(lambda: not served.services.limits.used("TTS contexts", served.key_id))


async def test_ten_sockets_a_context(served: Any) -> None:
    url = f"{served.ws}/tts/websocket"
    sockets = [await connect(url, additional_headers=served.headers) for _ in range(10)]
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, additional_headers={**served.headers, "Cartesia-Version": "2026-03-01"})
    assert refused.value.response.status_code == 429
    assert b'"concurrency_limited"' in refused.value.response.body
    await sockets.pop().close()
    await served.until(lambda: served.services.limits.used("TTS sockets", served.key_id) == 9)
    await (await connect(url, additional_headers=served.headers)).close()
    for socket in sockets:
        await socket.close()
