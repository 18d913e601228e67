import asyncio
from typing import Any

import httpx
import pytest
from cartesia import AsyncCartesia, NotFoundError

ITEM = {"text": "nginx", "alias": "engine x"}


async def test_the_sdk_makes_changes_lists_and_deletes(served: Any, sdk: AsyncCartesia) -> None:
    made = await sdk.pronunciation_dicts.create(name="n", items=[ITEM])
    assert (made.name, made.owner_id, made.pinned) == ("n", served.key_id, False)
    [item] = made.items
    assert (item.text, item.alias, item.case_sensitive) == ("nginx", "engine x", False)
    assert await sdk.pronunciation_dicts.retrieve(made.id) == made
    changed = await sdk.pronunciation_dicts.update(made.id, name="m")
    assert (changed.name, changed.items) == ("m", made.items)
    changed = await sdk.pronunciation_dicts.update(made.id, items=[])
    assert (changed.name, changed.items) == ("m", [])
    await sdk.pronunciation_dicts.delete(made.id)
    for call in (sdk.pronunciation_dicts.retrieve, sdk.pronunciation_dicts.delete):
        with pytest.raises(NotFoundError):
            await call(made.id)


async def test_every_page_comes_once_also_while_it_is_emptied(sdk: AsyncCartesia) -> None:
    made = [(await sdk.pronunciation_dicts.create(name=f"{n}")).id for n in range(7)]
    assert [d.id async for d in sdk.pronunciation_dicts.list(limit=3)] == made[::-1]
    back = [d.id async for d in sdk.pronunciation_dicts.list(limit=2, ending_before=made[0])]
    assert sorted(back) == sorted(made[1:])
    seen = []
    async for dictionary in sdk.pronunciation_dicts.list(limit=2):
        seen.append(dictionary.id)
        await sdk.pronunciation_dicts.delete(dictionary.id)
    assert seen == made[::-1]
    assert [d.id async for d in sdk.pronunciation_dicts.list()] == []


async def test_a_deleted_cursor_still_has_its_place(http: httpx.AsyncClient) -> None:
    made = [(await http.post("/pronunciation-dicts/", json={"name": f"{n}"})).json()["id"] for n in range(4)]
    for gone in (made[0], made[2]):
        await http.delete(f"/pronunciation-dicts/{gone}")

    async def listed(**cursor: str) -> list[str]:
        body = (await http.get("/pronunciation-dicts/", params=cursor)).json()
        return [each["id"] for each in body["data"]]

    assert await listed(starting_after=made[2]) == [made[1]]
    assert await listed(ending_before=made[2]) == [made[3]]
    assert await listed(ending_before=made[0]) == [made[3], made[1]]
    assert await listed(starting_after="unknown") == await listed(ending_before="unknown") == []


@pytest.mark.parametrize(
    ("item", "alias"),
    [
        (ITEM, "engine x"),
        ({"text": "nginx", "pronunciation": "engine x"}, "engine x"),
        ({"text": "nginx", "pronunciation": "engine x", "alias": "old"}, "engine x"),
        ({"text": "nginx", "pronunciation": None, "alias": "<<ɛ|n>>"}, "<<ɛ|n>>"),
    ],
)
async def test_both_names_of_what_is_spoken_are_known(
    http: httpx.AsyncClient, item: dict[str, str], alias: str
) -> None:
    made = (await http.post("/pronunciation-dicts", json={"name": "n", "items": [item]})).json()
    [kept] = made["items"]
    assert kept["alias"] == kept["pronunciation"] == alias


@pytest.mark.parametrize(
    ("version", "given", "kept"),
    [
        ("2026-08-14", {}, False),
        ("2026-03-01", {}, True),
        ("2026-03-01", {"case_sensitive": None}, True),
        ("2026-03-01", {"case_sensitive": False}, False),
        ("2026-08-14", {"case_sensitive": True}, True),
    ],
)
async def test_whether_capitals_count(
    http: httpx.AsyncClient, version: str, given: dict[str, Any], kept: bool
) -> None:
    http.headers["Cartesia-Version"] = version
    body = {"name": "n", "items": [{**ITEM, **given}]}
    made = (await http.post("/pronunciation-dicts", json=body)).json()
    assert made["items"][0]["case_sensitive"] is kept
    changed = await http.patch(f"/pronunciation-dicts/{made['id']}", json={"items": body["items"]})
    assert changed.json()["items"] == made["items"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": 1},
        {"name": "n", "items": {}},
        {"name": "n", "items": [{}]},
        {"name": "n", "items": [{"text": "a"}]},
        {"name": "n", "items": [{"alias": "a"}]},
        {"name": "n", "items": [{"text": "", "alias": "a"}]},
        {"name": "n", "items": [{"text": "a", "alias": "b", "case_sensitive": 1}]},
        {"name": "n", "items": [ITEM] * 5001},
    ],
)
async def test_a_wrong_request_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await http.post("/pronunciation-dicts/", json=body)
    # Five thousand items are more than this server's messages may have.
    assert response.status_code in (400, 413), response.text
    made = (await http.post("/pronunciation-dicts/", json={"name": "n", "items": [ITEM]})).json()
    if body:
        response = await http.patch(f"/pronunciation-dicts/{made['id']}", json=body)
        assert response.status_code in (400, 413), response.text
    assert (await http.get(f"/pronunciation-dicts/{made['id']}")).json() == made


async def test_changes_at_once_lose_nothing(http: httpx.AsyncClient) -> None:
    made = (await http.post("/pronunciation-dicts", json={"name": "n"})).json()["id"]
    changes = ({"name": "m"}, {"items": [ITEM]}, {"description": "d"}, {"pinned": True})
    await asyncio.gather(*(http.patch(f"/pronunciation-dicts/{made}", json=each) for each in changes))
    kept = (await http.get(f"/pronunciation-dicts/{made}")).json()
    assert (kept["name"], kept["items"][0]["text"], kept["description"], kept["pinned"]) == (
        "m",
        "nginx",
        "d",
        True,
    )


async def test_errors_have_the_form_of_the_version(http: httpx.AsyncClient) -> None:
    assert (await http.get("/pronunciation-dicts/x")).json()["title"] == "Not found"
    http.headers["Cartesia-Version"] = "2025-11-04"
    assert (await http.get("/pronunciation-dicts/x")).text.startswith("Not found: ")
