import asyncio
import io
import json
import wave
from typing import Any

import httpx
import numpy as np
import pytest
from cartesia import AsyncCartesia, BadRequestError, NotFoundError, PermissionDeniedError

from antiphon.catalog.embeddings import SIZE, embedding_of
from antiphon.catalog.voices import LOCAL_VOICES

HEART = LOCAL_VOICES[0]
VERSIONS = ["", "2024-06-10", "2024-11-13", "2025-04-16", "2025-11-04", "2026-03-01", "2026-08-14"]
SPEECH = {
    "model_id": "sonic",
    "transcript": "one",
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
}


def clip(seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16_000)
        tone = np.sin(np.arange(round(16_000 * seconds)) / 20) * 10_000
        wav.writeframes(tone.astype("<i2").tobytes())
    return file.getvalue()


async def clone(http: httpx.AsyncClient, **fields: str) -> httpx.Response:
    fields = {"name": "Ada", "language": "en", **fields}
    return await http.post("/voices/clone", files={"clip": ("a.wav", clip())}, data=fields)


async def test_the_sdk_clones_changes_speaks_and_deletes(served: Any, sdk: AsyncCartesia) -> None:
    made = await sdk.voices.clone(
        clip=("a.wav", clip()), name="Ada", language="en", accent="british", description="d"
    )
    assert (made.name, made.language, made.access, made.visibility) == ("Ada", "en", "private", "owner")
    assert made.user_id == served.key_id
    voice = await sdk.voices.get(made.id, expand=["preview_file_url"])
    assert (voice.is_owner, voice.accent, voice.country) == (True, "british", "GB")
    assert [(place.locale, place.is_native) for place in voice.locales] == [("en-GB", True)]
    changed = await sdk.voices.update(
        made.id, name="Eva", description="", gender="masculine", accent="general-american"
    )
    assert (changed.name, changed.description, changed.gender) == ("Eva", "", "masculine")
    assert changed == await sdk.voices.get(made.id)
    assert await served.services.voices.custom.clip(made.id) == clip()

    spoken = await sdk.tts.generate(
        model_id="sonic-3",
        transcript="one",
        voice=made.id,
        output_format=SPEECH["output_format"],
    )
    await spoken.read()
    assert served.bus.jobs[-1].voice == HEART.key

    await sdk.voices.delete(made.id)
    assert await served.services.voices.custom.clip(made.id) is None
    for call in (sdk.voices.get, sdk.voices.delete):
        with pytest.raises(NotFoundError):
            await call(made.id)
    with pytest.raises(NotFoundError):
        await sdk.voices.update(made.id, name="x")


async def test_the_sdk_localizes_and_adds_accents(sdk: AsyncCartesia) -> None:
    made = await sdk.voices.localize(
        voice_id=HEART.id, name="Amélie", accent="parisian", language="fr", original_speaker_gender="female"
    )
    assert (made.name, made.language, made.description) == ("Amélie", "fr", HEART.description)
    voice = await sdk.voices.add_accents(made.id, accents=["british", "castilian", "parisian"])
    assert [place.locale for place in voice.locales] == ["fr-FR", "en-GB", "es-ES"]
    assert voice.locales[0].is_native
    assert not voice.locales[1].is_native
    voice = await sdk.voices.delete_accent("british", id=made.id)
    assert [place.locale for place in voice.locales] == ["fr-FR", "es-ES"]
    with pytest.raises(NotFoundError):
        await sdk.voices.delete_accent("british", id=made.id)
    with pytest.raises(BadRequestError):
        await sdk.voices.delete_accent("parisian", id=made.id)
    assert len((await sdk.voices.list_accents()).accents) == 79


async def test_every_page_comes_once_also_while_it_is_emptied(sdk: AsyncCartesia) -> None:
    made = [(await sdk.voices.localize(voice_id="heart", name=f"{n}", accent="british")).id for n in range(7)]
    assert [v.id async for v in sdk.voices.list(limit=2)] == [*reversed(made), HEART.id]
    assert [v.id async for v in sdk.voices.list(limit=3, is_owner=True)] == made[::-1]
    back = [v.id async for v in sdk.voices.list(limit=2, ending_before=made[0])]
    assert sorted(back) == sorted(made[1:])
    seen = []
    async for voice in sdk.voices.list(limit=2, is_owner=True):
        seen.append(voice.id)
        await sdk.voices.delete(voice.id)
    assert seen == made[::-1]
    assert [v.id async for v in sdk.voices.list(starting_after=made[3])] == [HEART.id]
    assert [v.id async for v in sdk.voices.list(ending_before=made[3])] == []


async def test_voices_that_came_with_a_model_stay_as_they_are(sdk: AsyncCartesia) -> None:
    for name in (HEART.id, "heart", "my-voice", "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"):
        for call in (
            sdk.voices.delete(name),
            sdk.voices.update(name, name="x"),
            sdk.voices.add_accents(name, accents=["british"]),
            sdk.voices.delete_accent("british", id=name),
        ):
            with pytest.raises(PermissionDeniedError, match="can't be changed"):
                await call


async def test_a_clone_says_that_its_clip_is_not_heard(http: httpx.AsyncClient, served: Any) -> None:
    response = await clone(http, mode="similarity", enhance="true", transcript="hello")
    assert response.status_code == 200
    assert response.headers["antiphon-ignored"] == "clip, enhance, mode, transcript"
    assert response.json().keys() == {
        *("id", "access", "created_at", "description", "language", "name", "tagline", "user_id", "visibility")
    }
    derived = await clone(http, base_voice_id=response.json()["id"], name="second")
    assert derived.headers["antiphon-ignored"] == "clip"
    assert served.services.voices.resolve(derived.json()["id"]).key == HEART.key


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_version_has_its_form(http: httpx.AsyncClient, served: Any, version: str) -> None:
    http.headers["Cartesia-Version"] = version
    made = (await clone(http)).json()
    strict = version == "2026-08-14"
    assert made["access"] == ("private" if strict else {"type": "private", "visibility": "owner"})
    assert ("is_public" in made) is not strict
    listed = (await http.get("/voices")).json()
    oldest = version == "2024-06-10"
    assert isinstance(listed, list) is oldest
    voices = listed if oldest else listed["data"]
    assert [voice["id"] for voice in voices] == [made["id"], HEART.id]
    for voice in (*voices, (await http.get(f"/voices/{made['id']}")).json()):
        assert ("embedding" in voice) is oldest
    expanded = (await http.get(f"/voices/{made['id']}?expand[]=embedding&expand[]=is_starred")).json()
    assert expanded["embedding"] == embedding_of(made["id"].encode())
    assert expanded["is_starred"] is False


async def test_the_old_ways_of_making_voices(http: httpx.AsyncClient, served: Any) -> None:
    http.headers["Cartesia-Version"] = "2024-06-10"
    response = await http.post("/voices/clone/clip", files={"clip": clip()}, data={"enhance": "true"})
    embedding = response.json()["embedding"]
    assert len(embedding) == SIZE
    again = await http.post("/voices/clone/clip", files={"clip": clip()})
    assert again.json()["embedding"] == embedding

    parts = [{"id": HEART.id, "weight": 0.5}, {"embedding": embedding, "weight": 0.5}]
    mixed = (await http.post("/voices/mix", json={"voices": parts})).json()["embedding"]
    assert mixed == (await http.post("/voices/mix/", json={"voices": parts[::-1]})).json()["embedding"]

    made = (
        await http.post(
            "/voices/", json={"name": "m", "description": "d", "embedding": mixed, "language": "en"}
        )
    ).json()
    assert made["embedding"] == mixed
    assert made["is_owner"] is True
    assert (await http.get(f"/voices/{made['id']}")).json()["embedding"] == mixed
    localized = await http.post(
        "/voices/localize", json={"embedding": mixed, "language": "es", "dialect": "mx"}
    )
    assert localized.json() == {"embedding": mixed}
    spoken = await http.post("/tts/bytes", json={**SPEECH, "voice": {"mode": "id", "id": made["id"]}})
    assert spoken.status_code == 200


async def test_older_clients_name_language_and_dialect(http: httpx.AsyncClient) -> None:
    body = {"voice_id": "heart", "name": "n", "language": "pt", "dialect": "br", "description": "d"}
    made = (await http.post("/voices/localize", json=body)).json()
    voice = (await http.get(f"/voices/{made['id']}")).json()
    assert (voice["language"], voice["accent"], voice["country"]) == ("pt", "brazilian-portuguese", "BR")


async def test_search_and_filters(http: httpx.AsyncClient) -> None:
    ada = (await clone(http, description="A café voice")).json()["id"]
    await http.patch(f"/voices/{ada}", json={"gender": "gender_neutral"})
    await clone(http, name="Zoë", language="fr")
    for query, found in (
        ("q=CAFÉ", ["Ada"]),
        (f"q={ada}", ["Ada"]),
        ("q=zo", ["Zoë"]),
        ("gender=gender_neutral", ["Ada"]),
        ("language=fr", ["Zoë"]),
        ("is_owner=true", ["Zoë", "Ada"]),
        ("is_owner=false", ["Zoë", "Ada", "Heart"]),
        ("limit=1&q=a", ["Ada"]),
    ):
        assert [v["name"] for v in (await http.get(f"/voices?{query}")).json()["data"]] == found, query


async def test_a_voice_of_a_language_that_nobody_speaks_says_so_when_it_is_to_speak(
    http: httpx.AsyncClient,
) -> None:
    made = (await clone(http, language="fr")).json()["id"]
    response = await http.post("/tts/bytes", json={**SPEECH, "voice": made})
    assert (response.status_code, response.json()["error_code"]) == (400, "language_not_supported")
    response = await http.post("/tts/bytes", json={**SPEECH, "voice": made, "language": "en"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 257}, 400, "name"),
        ({"language": "xx"}, 400, "language"),
        ({"accent": "martian"}, 400, "accent"),
        ({"accent": "parisian"}, 400, "accent"),
        ({"base_voice_id": "nobody"}, 404, "nobody"),
    ],
)
async def test_a_wrong_clone_is_refused(
    http: httpx.AsyncClient, fields: dict[str, str], status: int, told: str
) -> None:
    response = await clone(http, **fields)
    assert response.status_code == status, response.text
    assert told in response.json()["message"]
    assert (await http.get("/voices?is_owner=true")).json()["data"] == []


async def test_what_is_no_clip_is_refused(http: httpx.AsyncClient) -> None:
    data = {"name": "n", "language": "en"}
    for files, status in (
        ({"clip": b"not audio at all"}, 415),
        ({"clip": b""}, 415),
        ({"clip": clip(0)}, 415),
        ({"other": clip()}, 400),
    ):
        response = await http.post("/voices/clone", files=files, data=data)
        assert response.status_code == status, response.text
    assert (await http.post("/voices/clone", data=data)).status_code == 400
    assert (await http.post("/voices/clone", json=data)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/voices/localize", {}),
        ("POST", "/voices/localize", {"voice_id": "heart", "name": "n"}),
        ("POST", "/voices/localize", {"voice_id": "heart", "accent": "british"}),
        ("POST", "/voices/localize", {"voice_id": "heart", "name": "n", "accent": "irish"}),
        (
            "POST",
            "/voices/localize",
            {"voice_id": "heart", "name": "n", "accent": "british", "language": "fr"},
        ),
        ("POST", "/voices/localize", {"voice_id": "heart", "name": "n", "language": "fr", "dialect": "us"}),
        ("POST", "/voices/localize", {"voice_id": 1, "name": "n", "accent": "british"}),
        ("POST", "/voices", {"name": "n"}),
        ("POST", "/voices", {"name": "n", "embedding": [0.0] * 191}),
        ("POST", "/voices", {"name": "n", "embedding": ["0"] * 192}),
        ("POST", "/voices", {"name": "n", "embedding": [1e300] * 192}),
        ("POST", "/voices/mix", {"voices": []}),
        ("POST", "/voices/mix", {"voices": [{"weight": 1}]}),
        ("POST", "/voices/mix", {"voices": [{"id": "heart"}]}),
        ("POST", "/voices/mix", {"voices": [{"id": "heart", "weight": 0}]}),
        ("PATCH", "/voices/{id}", {"name": ""}),
        ("PATCH", "/voices/{id}", {"name": None}),
        ("PATCH", "/voices/{id}", {"gender": "none"}),
        ("PATCH", "/voices/{id}", {"accent": "parisian"}),
        ("PATCH", "/voices/{id}", []),
        ("PATCH", "/voices/{id}/accents", {}),
        ("PATCH", "/voices/{id}/accents", {"accents": []}),
        ("PATCH", "/voices/{id}/accents", {"accents": ["irish"]}),
        ("PATCH", "/voices/{id}/accents", {"accents": "british"}),
    ],
)
async def test_a_wrong_request_changes_nothing(
    http: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    voice = (await clone(http)).json()["id"]
    before = (await http.get("/voices")).json()
    response = await http.request(method, path.format(id=voice), json=body)
    assert response.status_code == 400, response.text
    assert response.json()["message"]
    assert (await http.get("/voices")).json() == before


async def test_a_voice_has_ten_accents_at_most(http: httpx.AsyncClient) -> None:
    voice = (await clone(http)).json()["id"]
    targets = [a["id"] for a in (await http.get("/accents")).json()["accents"] if a["is_localizable"]]
    others = [accent for accent in targets if accent != "general-american"]
    full = await http.patch(f"/voices/{voice}/accents", json={"accents": others[:9]})
    assert len(full.json()["accents"]) == 10
    assert full.headers["antiphon-ignored"] == "accents"
    assert (await http.post(f"/voices/{voice}/accents", json={"accents": others[:1]})).status_code == 200
    assert (await http.patch(f"/voices/{voice}/accents", json={"accents": others[9:10]})).status_code == 400


async def test_what_is_null_goes_back_to_what_it_was(http: httpx.AsyncClient) -> None:
    voice = (await clone(http, accent="british")).json()["id"]
    changed = (await http.patch(f"/voices/{voice}", json={"accent": None, "gender": None})).json()
    assert (changed["accent"], changed["gender"]) == ("general-american", None)
    assert (await http.patch(f"/voices/{voice}", json={})).json() == changed


async def test_accents_of_a_language(http: httpx.AsyncClient) -> None:
    accents = (await http.get("/accents?language=ro")).json()["accents"]
    assert [accent["id"] for accent in accents] == ["moldovan", "romanian"]


async def test_many_changes_at_once_lose_nothing(http: httpx.AsyncClient) -> None:
    voice = (await clone(http)).json()["id"]
    accents = ["british", "parisian", "castilian", "hindi", "israeli", "korean"]
    await asyncio.gather(
        *(http.patch(f"/voices/{voice}/accents", json={"accents": [accent]}) for accent in accents),
        http.patch(f"/voices/{voice}", json={"name": "new"}),
    )
    kept = (await http.get(f"/voices/{voice}")).json()
    assert {accent["accent"] for accent in kept["accents"]} == {*accents, "general-american"}
    assert kept["name"] == "new"


async def test_no_id_makes_it_fail(http: httpx.AsyncClient) -> None:
    for name in ("%00", "%2e%2e%2fcatalog.sqlite", "ü", "x" * 5000, "'; DROP TABLE documents; --"):
        for method in ("GET", "DELETE"):
            assert (await http.request(method, f"/voices/{name}")).status_code == 404, name
    assert json.loads((await http.get("/voices")).content)["data"]
