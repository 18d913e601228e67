import asyncio
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from antiphon.telemetry.metrics import REGISTRY

REQUEST = {
    "model_id": "sonic",
    "transcript": "x",
    "voice": "heart",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
}


@pytest.fixture
async def http(served: Any) -> Any:
    async with httpx.AsyncClient(base_url=served.http) as client:
        yield client


async def test_the_root_and_the_status_ask_for_no_key(http: httpx.AsyncClient) -> None:
    assert (await http.get("/")).json()["ok"] is True
    status = (await http.get("/status")).json()
    assert status["offerings"]["tts"] == {
        "workers": 1,
        "load": 1,
        "capacity": 8,
        "models": ["hibari"],
        "languages": ["en"],
    }


async def test_status_needs_a_worker_only_when_asked_for_one(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.workers = 0
    assert (await http.get("/status")).status_code == 200
    assert (await http.get("/status", params={"offering": "tts"})).status_code == 503
    served.bus.workers = 1
    assert (await http.get("/status", params={"offering": "tts"})).status_code == 200
    served.bus.connected = False
    assert (await http.get("/status")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("PUT", "/voices", 405),
        ("GET", "/status?offering=x", 422),
        ("GET", "/voices", 401),
    ],
)
@pytest.mark.parametrize("version", [None, "2025-04-16", "nonsense", "2026-03-01", "2026-08-14"])
async def test_errors_have_the_form_of_the_version(
    http: httpx.AsyncClient, method: str, path: str, status: int, version: str | None
) -> None:
    response = await http.request(method, path, headers={"cartesia-VERSION": version} if version else {})
    assert response.status_code == status
    if version and version.startswith("2026"):
        body = response.json()
        assert body["request_id"] == response.headers["x-request-id"]
        assert body.keys() == {"error_code", "title", "message", "request_id"}
    else:
        assert response.headers["content-type"].startswith("text/plain")
        title, _, message = response.text.partition(": ")
        assert title
        assert message


async def test_the_query_wins_over_the_header(http: httpx.AsyncClient) -> None:
    response = await http.get("/nope?cartesia_version=2026-08-14", headers={"Cartesia-Version": "2024-06-10"})
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer test-key"},
        {"authorization": "bearer test-key"},
        {"X-API-Key": "test-key"},
        {"Authorization": "Basic dXNlcg==", "X-API-Key": "test-key"},
    ],
)
async def test_a_key_is_taken_from_either_header(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.get("/voices", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer"}, {"Authorization": "test-key"}]
)
async def test_without_a_known_key_there_is_nothing(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await http.get("/voices", headers=headers)).status_code == 401
    assert (await http.get("/voices?api_key=test-key", headers=headers)).status_code == 401
    assert (await http.post("/tts/bytes", headers=headers)).status_code == 401


@pytest.mark.parametrize("query", ["", "?api_key=wrong"])
async def test_a_socket_without_a_known_key_is_refused_at_the_upgrade(served: Any, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(
            f"{served.ws}/tts/websocket{query}", additional_headers={"Cartesia-Version": "2026-03-01"}
        )
    response = refused.value.response
    assert response.status_code == 401
    assert b'"title":"Unauthorized"' in response.body
    assert response.headers["X-Request-ID"].encode() in response.body


@pytest.mark.parametrize("query", ["api_key=test-key", "access_token=test-key"])
async def test_a_socket_takes_its_key_from_the_query(served: Any, query: str) -> None:
    async with connect(f"{served.ws}/tts/websocket?{query}") as socket:
        assert socket.response.headers["X-Request-ID"]


async def test_a_socket_that_is_not_there_is_a_404(served: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{served.ws}/nope", additional_headers=served.headers)
    assert refused.value.response.status_code == 404


async def test_no_answer_is_a_redirect(http: httpx.AsyncClient) -> None:
    for path in ("/voices", "/voices/", "/v1/voices", "/v1/voices/", "/status/"):
        response = await http.get(path, headers={"X-API-Key": "test-key"})
        assert response.status_code == 200, path


async def test_requests_are_counted_by_the_declared_route(http: httpx.AsyncClient) -> None:
    def count(route: str, status: str) -> float:
        name = "antiphon_api_requests_total"
        return REGISTRY.get_sample_value(name, {"route": route, "status": status}) or 0.0

    before = count("/voices/{name}", "404"), count("none", "404")
    await http.get("/v1/voices/secret", headers={"X-API-Key": "test-key"})
    await http.get("/no/such/path")
    assert (count("/voices/{name}", "404"), count("none", "404")) == (before[0] + 1, before[1] + 1)


async def test_a_stopping_server_takes_nothing_new_and_says_goodbye(
    served: Any, http: httpx.AsyncClient
) -> None:
    async with connect(f"{served.ws}/tts/websocket?api_key=test-key") as socket:
        stopping = asyncio.create_task(served.services.lifetime.drain(0.05))
        await asyncio.wait_for(socket.wait_closed(), 30)
        await stopping
        assert socket.close_code == 1001
    assert (await http.post("/tts/bytes", json=REQUEST, headers=served.headers)).status_code == 503
    assert (await http.get("/status")).status_code == 503


async def test_a_stopping_server_lets_what_runs_finish(served: Any, http: httpx.AsyncClient) -> None:
    served.bus.gate.clear()
    speaking = asyncio.create_task(http.post("/tts/bytes", json=REQUEST, headers=served.headers))
    await served.until(lambda: served.bus.streams)
    stopping = asyncio.create_task(served.services.lifetime.drain(60))
    await served.until(lambda: served.services.lifetime.draining)
    assert not stopping.done()
    served.bus.gate.set()
    assert len((await speaking).content) == 4800
    await stopping
