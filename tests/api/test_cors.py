from typing import Any

import httpx
import pytest

from antiphon.settings import Settings

PAGE = "https://page.example"


@pytest.fixture(params=["*", "https://other.example, https://page.example"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return Settings(api_port=0, shutdown_grace_s=0.2, cors_origins=request.param)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/voices", 200),
        ("GET", "/nope", 404),
        ("PUT", "/voices", 405),
        ("POST", "/tts/bytes", 400),
        ("GET", "/voices?limit=x", 422),
        ("GET", "/v1/voices/none", 404),
    ],
)
async def test_a_page_may_read_every_answer(served: Any, method: str, path: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as http:
        response = await http.request(method, path, headers={"Origin": PAGE})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] in ("*", PAGE)
        assert response.headers["access-control-expose-headers"] == "*"
        assert "access-control-allow-credentials" not in response.headers
        assert "Origin" in response.headers["vary"] or served.services.settings.cors_origins == "*"


async def test_a_page_may_read_that_its_key_is_wrong_and_that_we_failed(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with httpx.AsyncClient(base_url=served.http) as http:
        response = await http.get("/voices", headers={"Origin": PAGE})
        assert response.status_code == 401
        assert response.headers["access-control-allow-origin"] in ("*", PAGE)
        monkeypatch.setattr(type(served.services.voices), "resolve", lambda *_: 1 / 0)
        response = await http.get("/voices/x", headers={"Origin": PAGE, **served.headers})
        assert response.status_code == 500
        assert response.headers["access-control-allow-origin"] in ("*", PAGE)


@pytest.mark.parametrize("path", ["/tts/bytes", "/v1/voices/", "/nope"])
async def test_a_browser_may_ask_first(served: Any, path: str) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, cartesia-version, content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    async with httpx.AsyncClient(base_url=served.http) as http:
        response = await http.options(path, headers=asked)
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] in ("*", PAGE)
        assert "PATCH" in response.headers["access-control-allow-methods"]
        assert "cartesia-version" in response.headers["access-control-allow-headers"]
        assert response.headers["access-control-allow-private-network"] == "true"
        assert response.headers["x-request-id"]


async def test_other_origins_are_let_in_only_if_all_are(served: Any) -> None:
    all_are = served.services.settings.cors_origins == "*"
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as http:
        response = await http.get("/voices", headers={"Origin": "https://evil.example"})
        assert response.headers.get("access-control-allow-origin") == ("*" if all_are else None)
