from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from cartesia import AsyncCartesia, NotFoundError

from antiphon.catalog.store import LocalStore
from antiphon.catalog.voices import HOSTED_VOICES, LOCAL_VOICES, Voices
from antiphon.errors import SettingsError, VoiceNotFound


@pytest.fixture
async def http(served: Any) -> Any:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as client:
        yield client


async def test_the_oldest_version_gets_a_bare_list_with_embeddings(http: httpx.AsyncClient) -> None:
    response = await http.get("/voices", headers={"Cartesia-Version": "2024-06-10"})
    [voice] = response.json()
    assert voice["name"] == "Heart"
    assert len(voice["embedding"]) == 192


@pytest.mark.parametrize("version", ["", "2024-11-13", "2026-03-01", "2026-08-14"])
async def test_pages_end(http: httpx.AsyncClient, version: str) -> None:
    headers = {"Cartesia-Version": version}
    page = (await http.get("/voices", headers=headers)).json()
    assert page["has_more"] is False
    assert page["next_page"] is None
    [voice] = page["data"]
    for cursor in (voice["id"], "unknown"):
        after = (await http.get("/voices", params={"starting_after": cursor}, headers=headers)).json()
        assert after == {"data": [], "has_more": False, "next_page": None}
        before = (await http.get("/voices", params={"ending_before": cursor}, headers=headers)).json()
        assert before["data"] == []


async def test_filters(http: httpx.AsyncClient) -> None:
    for query, found in (
        ("q=HEART", 1),
        ("q=nobody", 0),
        ("gender=masculine", 0),
        ("is_owner=true", 0),
        ("language=en", 1),
    ):
        assert len((await http.get(f"/voices?{query}")).json()["data"]) == found


@pytest.mark.parametrize("limit", ["0", "101", "x"])
async def test_a_limit_out_of_range_is_refused(http: httpx.AsyncClient, limit: str) -> None:
    assert (await http.get("/voices", params={"limit": limit})).status_code == 422


async def test_the_sdk_reads_voices_strictly(served: Any) -> None:
    async with AsyncCartesia(
        api_key="test-key", base_url=served.http, _strict_response_validation=True
    ) as client:
        [voice] = [voice async for voice in client.voices.list()]
        assert (voice.name, voice.access, voice.visibility) == ("Heart", "public", "all")
        assert (await client.voices.get(voice.id)).id == voice.id
        assert (await client.voices.get("6ccbfb76-1fc6-48f7-b71d-91ac6298247b")).id == voice.id
        with pytest.raises(NotFoundError):
            await client.voices.get("no-such-voice")


def test_names_resolve_in_order(store: LocalStore) -> None:
    voices = Voices(aliases={"mine": "Heart"}, default="heart", store=store)
    [voice] = voices.list()
    for name in ("heart", "HEART", voice.id, voice.id.upper(), "mine", *HOSTED_VOICES):
        assert voices.resolve(name) is voice
    with pytest.raises(VoiceNotFound):
        voices.resolve("unknown")


def test_the_id_never_changes() -> None:
    [voice] = LOCAL_VOICES
    assert voice.id == "646b24ec-3931-5cd9-ba6a-73116ad79845"


@pytest.mark.parametrize(
    "wrong", [{"aliases": {"a": "nobody"}, "default": "heart"}, {"aliases": {}, "default": "x"}]
)
def test_settings_that_name_no_voice_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Voices(**wrong, store=Mock())
