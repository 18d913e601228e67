from pathlib import Path
from typing import Any

import httpx
import pytest
from cartesia import AsyncCartesia, PermissionDeniedError
from hypothesis import assume, given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from antiphon.api.tokens import CLOCK_SKEW_S, LONGEST_S, Tokens, is_token, shared_secret
from antiphon.catalog.store import local_store
from antiphon.errors import Unauthorized
from antiphon.licensing.client import LocalKeys

SECRET = b"a secret of all servers"
GRANTS = st.frozensets(st.sampled_from(["tts", "stt", "agent"]))
LIFETIMES = st.integers(1, LONGEST_S)


def at(seconds: float) -> Tokens:
    """A server whose clock shows this."""
    return Tokens(SECRET, lambda: seconds)


@given(GRANTS, LIFETIMES, st.integers(0, 2**33), st.text(max_size=40))
def test_what_was_put_in_comes_out(grants: frozenset[str], lifetime_s: int, now: int, key_id: str) -> None:
    token = at(now).issue(key_id, grants, lifetime_s)
    assert is_token(token)
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    claims = at(now).read(token)
    assert (claims.key_id, claims.grants, claims.expires_at) == (key_id, grants, now + lifetime_s)


@given(LIFETIMES, st.floats(-CLOCK_SKEW_S, CLOCK_SKEW_S), st.floats(0, 1, exclude_max=True))
def test_clocks_that_differ_a_little_shorten_no_token(lifetime_s: int, skew_s: float, part: float) -> None:
    token = at(10**9).issue("k", ["tts"], lifetime_s)
    at(10**9 + part * (lifetime_s - 1e-3) + skew_s).read(token)


@given(LIFETIMES, st.floats(0, 10**9))
def test_a_token_ends(lifetime_s: int, later_s: float) -> None:
    token = at(10**9).issue("k", ["tts"], lifetime_s)
    with pytest.raises(Unauthorized, match="expired"):
        at(10**9 + lifetime_s + CLOCK_SKEW_S + later_s).read(token)


@given(GRANTS, st.data())
def test_a_token_that_was_changed_is_none(grants: frozenset[str], data: st.DataObject) -> None:
    token = at(0).issue("key", grants, 60)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = data.draw(
        st.one_of(
            st.characters().map(lambda c: token[:place] + c + token[place + 1 :]),
            st.text(min_size=1).map(lambda text: token[:place] + text + token[place:]),
            st.just(token[:place]),
            st.just(token[place + 1 :]),
            st.text(),
        )
    )
    assume(changed not in (token, token.removeprefix("at_")))
    with pytest.raises(Unauthorized):
        at(0).read(changed)


def test_another_secret_makes_another_token() -> None:
    token = Tokens.of_one_server().issue("k", ["tts"], 60)
    with pytest.raises(Unauthorized):
        Tokens.of_one_server().read(token)


async def test_servers_of_one_store_share_the_secret(tmp_path: Path) -> None:
    with local_store(tmp_path) as one, local_store(tmp_path) as other:
        secret = await shared_secret(one)
        assert secret == await shared_secret(other)
        assert len(secret) == 64
    with local_store(tmp_path) as later:
        assert await shared_secret(later) == secret


async def test_a_token_dies_with_its_key() -> None:
    grant = await LocalKeys(["old", "new"]).authorize("old", "tts")
    assert await LocalKeys(["old"]).recall(grant.key_id, "tts") == grant
    with pytest.raises(Unauthorized):
        await LocalKeys(["new"]).recall(grant.key_id, "tts")


SPEECH = {
    "model_id": "sonic",
    "transcript": "one",
    "voice": "heart",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
}


@pytest.fixture
async def http(served: Any) -> Any:
    async with httpx.AsyncClient(
        base_url=served.http, headers={"Cartesia-Version": "2026-08-14"}, timeout=20
    ) as client:
        yield client


async def token_of(http: httpx.AsyncClient, served: Any, body: dict[str, Any]) -> str:
    response = await http.post("/access-token", json=body, headers=served.headers)
    assert response.status_code == 200, response.text
    return response.json()["token"]


async def test_a_token_speaks_for_its_key(http: httpx.AsyncClient, served: Any) -> None:
    token = await token_of(http, served, {"expires_in": 60, "grants": {"tts": True}})
    for headers in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
        assert (await http.post("/tts/bytes", json=SPEECH, headers=headers)).status_code == 200
    async with connect(f"{served.ws}/tts/websocket?access_token={token}"):
        pass
    assert served.bus.tenants == [served.key_id] * 2


async def test_what_was_not_granted_is_forbidden(http: httpx.AsyncClient, served: Any) -> None:
    for body in ({"grants": {"stt": True, "tts": False}}, {"grants": None}, {}):
        headers = {"Authorization": f"Bearer {await token_of(http, served, body)}"}
        response = await http.post("/tts/bytes", json=SPEECH, headers=headers)
        assert response.status_code == 403
        assert "'tts'" in response.json()["message"]
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{served.ws}/tts/websocket", additional_headers=headers)
        assert refused.value.response.status_code == 403


async def test_a_token_does_only_what_a_token_may(http: httpx.AsyncClient, served: Any) -> None:
    token = await token_of(http, served, {"grants": {"tts": True, "stt": True, "agent": True}})
    headers = {"Authorization": f"Bearer {token}"}
    assert (await http.post("/access-token", json={}, headers=headers)).status_code == 403
    assert (await http.get("/voices", headers=headers)).status_code == 403
    assert (await http.get("/status", headers=headers)).status_code == 200


@pytest.mark.parametrize("token", ["at_.", "at_x.y", "at_e30.AAAA", "at_é.ü"])
async def test_a_token_that_is_none_is_unknown(http: httpx.AsyncClient, served: Any, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    assert (await http.post("/tts/bytes", json=SPEECH, headers=headers)).status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        await connect(str(httpx.URL(f"{served.ws}/tts/websocket", params={"access_token": token})))
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"expires_in": 0}',
        b'{"expires_in": -1}',
        b'{"expires_in": 3601}',
        b'{"expires_in": "60"}',
        b'{"expires_in": 1e99}',
        b'{"grants": []}',
        b'{"grants": {"tts": 1}}',
    ],
)
async def test_a_wrong_request_is_refused(http: httpx.AsyncClient, served: Any, body: bytes) -> None:
    response = await http.post("/access-token", content=body, headers=served.headers)
    assert response.status_code == 400, response.text
    assert response.json()["title"] == "Bad request"


async def test_the_sdk_makes_a_token_and_speaks_with_it(served: Any) -> None:
    async with AsyncCartesia(api_key="test-key", base_url=served.http) as owner:
        made = await owner.access_token.create(expires_in=60, grants={"tts": True})
    async with AsyncCartesia(token=made.token, base_url=served.http) as guest:
        spoken = await guest.tts.generate(
            model_id="sonic-3", transcript="one", voice="heart", output_format=SPEECH["output_format"]
        )
        assert len(await spoken.read()) == 4800
        with pytest.raises(PermissionDeniedError):
            await guest.access_token.create(expires_in=60, grants={"tts": True})
