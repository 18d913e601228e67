from typing import Any

import httpx
import pytest
from cartesia import AsyncCartesia, InternalServerError, NotFoundError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus


@pytest.mark.parametrize(
    ("method", "path", "status", "instead"),
    [
        ("GET", "/datasets/", 501, "/voices/clone"),
        ("POST", "/datasets/x/files", 501, "/voices/clone"),
        ("DELETE", "/v1/fine-tunes/x", 501, "/voices/localize"),
        ("GET", "/agents", 404, "/stt/turns/websocket"),
        ("PATCH", "/agents/calls/x/audio", 404, "/tts/websocket"),
        ("GET", "/usage/credits", 501, "metrics"),
        ("GET", "/api-keys", 501, "/access-token"),
        ("GET", "/files/x/download", 501, "/tts/bytes"),
    ],
)
async def test_what_is_not_offered_says_what_is(
    served: Any, method: str, path: str, status: int, instead: str
) -> None:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as http:
        response = await http.request(method, path, headers={"Cartesia-Version": "2026-08-14"})
        assert response.status_code == status
        assert instead in response.json()["message"]
        assert response.json()["error_code"] == ("not_offered" if status == 501 else None)
        assert (await http.request(method, path)).text.endswith(response.json()["message"])


async def test_the_sdk_does_not_try_again(served: Any) -> None:
    calls = []

    async def count(request: httpx.Request) -> None:
        calls.append(request)

    async with (
        httpx.AsyncClient(event_hooks={"request": [count]}) as http,
        AsyncCartesia(api_key="test-key", base_url=served.http, http_client=http) as sdk,
    ):
        with pytest.raises(InternalServerError, match="fine-tunes"):
            await sdk.fine_tunes.list()
        with pytest.raises(NotFoundError, match="agents"):
            await sdk.agents.list()
    assert len(calls) == 2


async def test_a_socket_of_an_agent_is_refused(served: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{served.ws}/agents/stream/x", additional_headers=served.headers)
    assert refused.value.response.status_code == 404
    assert b"no agents here" in refused.value.response.body


@pytest.mark.parametrize(("query", "kinds"), [("", ["tts", "stt"]), ("tts", ["tts"]), ("stt", ["stt"])])
async def test_the_models_that_can_be_asked_for(served: Any, query: str, kinds: list[str]) -> None:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as http:
        body = (await http.get("/models", params={"capability": query} if query else {})).json()
        assert [model["capability"] for model in body["data"]] == kinds
        assert (body["has_more"], body["next_page"]) == (False, None)
        for model in body["data"]:
            assert model["is_default"] is True
            if model["capability"] == "tts":
                assert (model["id"], model["languages"]) == ("hibari", ["en"])
                assert "sonic*" in model["aliases"]
        assert (await http.get("/models?capability=agent")).status_code == 422
