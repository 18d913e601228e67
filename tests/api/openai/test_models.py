from typing import Any

import httpx
import pytest

from antiphon.api.openai.voices import OPENAI_VOICES

OPENAIS_KEYS = {"id", "object", "created", "owned_by"}


async def test_the_list_holds_the_models_and_the_names_that_stand_for_them(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/v1/models")).json()
    assert answer["object"] == "list"
    named = {model["id"]: model["capability"] for model in answer["data"]}
    assert named == {
        **dict.fromkeys(["hibari", "tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro"], "tts"),
        **dict.fromkeys(
            ["moonshine-tiny-en", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"], "stt"
        ),
    }
    assert all(model.keys() >= OPENAIS_KEYS for model in answer["data"])
    assert [model["id"] for model in answer["data"] if model["is_default"]] == ["hibari", "moonshine-tiny-en"]


async def test_the_path_serves_who_asks_at_models_too(http: httpx.AsyncClient) -> None:
    for query in ("", "?capability=tts", "?capability=stt"):
        theirs = (await http.get(f"/models{query}")).json()
        ours = (await http.get(f"/v1/models{query}")).json()
        assert ours.keys() >= theirs.keys()
        models = {model["id"]: model for model in ours["data"]}
        assert all(models[model["id"]].items() >= model.items() for model in theirs["data"])
        assert all(model.keys() >= theirs["data"][0].keys() for model in ours["data"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hibari", "tts"),
        ("tts-1", "tts"),
        ("speaches-ai/Kokoro-82M-v1.0-ONNX", "tts"),
        ("sonic-3", "tts"),
        ("whisper-1", "stt"),
        ("gpt-4o-mini-transcribe-2025-12-15", "stt"),
        ("Systran/faster-whisper-small.en", "stt"),
    ],
)
async def test_a_model_is_found_by_every_name(http: httpx.AsyncClient, name: str, kind: str) -> None:
    model = (await http.get(f"/v1/models/{name}")).json()
    assert (model["id"], model["object"], model["capability"]) == (name, "model", kind)


@pytest.mark.parametrize("name", ["gpt-4o", "nothing/of/the kind", "*"])
async def test_a_model_that_is_not_there_is_told(http: httpx.AsyncClient, name: str) -> None:
    response = await http.get(f"/v1/models/{name}")
    assert response.status_code == 404
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")


async def test_names_without_an_alias_are_not_listed(http: httpx.AsyncClient, served: Any) -> None:
    served.services.models._aliases.clear()
    names = {model["id"] for model in (await http.get("/v1/models")).json()["data"]}
    assert names == {"hibari", "moonshine-tiny-en"}


async def test_voices_are_the_local_ones_and_openais_names(http: httpx.AsyncClient) -> None:
    voices = (await http.get("/v1/audio/voices")).json()["voices"]
    assert [voice["id"] for voice in voices] == ["heart", *OPENAI_VOICES]
    for voice in voices:
        body = {"input": "word", "voice": voice["id"]}
        assert (await http.post("/v1/audio/speech", json=body)).status_code == 200
