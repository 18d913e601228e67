import io
from typing import Any

import av
import httpx
import numpy as np
import orjson
import pybase64
import pytest

from antiphon.api.tts.request import MAX_SPEED, MIN_SPEED
from antiphon.errors import JobLost, Overloaded

REQUEST = {"model": "tts-1", "input": "one two three", "voice": "alloy"}
WORD_S = 0.1
PCM = (8192).to_bytes(2, "little") * 7200
"""What the fake worker says: a tenth of a second a word, all of one value."""


def events(body: str) -> list[dict[str, Any]]:
    blocks = body.strip().split("\n\n")
    assert all(block.startswith("data: ") for block in blocks)
    return [orjson.loads(block.removeprefix("data: ")) for block in blocks]


def error_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    return body["error"]


@pytest.mark.parametrize(
    ("form", "content_type", "codec"),
    [
        ("mp3", "audio/mpeg", "mp3float"),
        ("opus", "audio/opus", "opus"),
        ("aac", "audio/aac", "aac"),
        ("flac", "audio/flac", "flac"),
        ("wav", "audio/wav", "pcm_s16le"),
    ],
)
async def test_each_format_is_a_file_of_the_speech(
    http: httpx.AsyncClient, form: str, content_type: str, codec: str
) -> None:
    response = await http.post("/v1/audio/speech", json={**REQUEST, "response_format": form})
    assert response.status_code == 200
    assert response.headers["content-type"] == content_type
    with av.open(io.BytesIO(response.content)) as file:
        stream = file.streams.audio[0]
        samples = sum(frame.samples for frame in file.decode(stream))
        assert stream.codec_context.name.removesuffix("float") == codec.removesuffix("float")
    assert samples / stream.rate == pytest.approx(3 * WORD_S, abs=0.15)


async def test_pcm_is_bare_samples_at_24_khz(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/audio/speech/", json={**REQUEST, "response_format": "pcm"})
    assert response.headers["content-type"] == "audio/pcm"
    assert response.content == PCM


async def test_mp3_is_what_comes_unasked(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/audio/speech", json=REQUEST)).headers["content-type"] == "audio/mpeg"


async def test_events_carry_the_audio_and_end_in_usage(http: httpx.AsyncClient) -> None:
    body = {**REQUEST, "response_format": "pcm", "stream_format": "sse"}
    response = await http.post("/v1/audio/speech", json=body)
    assert response.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(response.text)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(pybase64.b64decode(event["audio"]) for event in deltas) == PCM
    assert done == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10},
    }


async def test_a_failure_amid_the_events_is_an_event(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.failure, served.bus.failure_after_words = JobLost("gone"), 1
    body = {**REQUEST, "response_format": "pcm", "stream_format": "sse"}
    delta, error = events((await http.post("/v1/audio/speech", json=body)).text)
    assert delta["type"] == "speech.audio.delta"
    assert error["type"] == "error"
    assert error["error"]["type"] == "server_error"


async def test_a_failure_amid_the_audio_cuts_the_answer(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.failure, served.bus.failure_after_words = JobLost("gone"), 1
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/v1/audio/speech", json={**REQUEST, "response_format": "pcm"})


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts", "kokoro", "hibari", None])
async def test_every_well_known_model_speaks(http: httpx.AsyncClient, served: Any, model: str | None) -> None:
    response = await http.post("/v1/audio/speech", json={**REQUEST, "model": model})
    assert response.status_code == 200
    assert served.bus.jobs[0].model == "hibari"


@pytest.mark.parametrize(
    "voice",
    ["alloy", "marin", "af_bella", "bm_george", "af_bella(2)+af_sky(1)", "heart", {"id": "my-voice"}, None],
)
async def test_every_well_known_voice_speaks(http: httpx.AsyncClient, served: Any, voice: Any) -> None:
    response = await http.post("/v1/audio/speech", json={**REQUEST, "voice": voice})
    assert response.status_code == 200
    assert served.bus.jobs[0].voice == "heart"


@pytest.mark.parametrize(("asked", "made"), [(1.25, 1.25), (0.25, MIN_SPEED), (4.0, MAX_SPEED)])
async def test_speed_is_brought_into_what_the_voice_can(
    http: httpx.AsyncClient, served: Any, asked: float, made: float
) -> None:
    await http.post("/v1/audio/speech", json={**REQUEST, "speed": asked})
    assert served.bus.jobs[0].speed == made


async def test_kokoros_volume_and_speaches_rate_are_understood(http: httpx.AsyncClient) -> None:
    body = {**REQUEST, "response_format": "pcm", "volume_multiplier": 0.5, "sample_rate": 8000}
    samples = np.frombuffer((await http.post("/v1/audio/speech", json=body)).content, "<i2")
    assert len(samples) == 2400
    assert samples[1200] == pytest.approx(4096, abs=2)


async def test_what_has_no_effect_is_named(http: httpx.AsyncClient) -> None:
    body = {**REQUEST, "instructions": "Whisper.", "lang_code": "a", "download_format": None, "x": 1}
    response = await http.post("/v1/audio/speech", json=body)
    assert response.status_code == 200
    assert response.headers["antiphon-ignored"] == "instructions, lang_code"
    assert "antiphon-ignored" not in (await http.post("/v1/audio/speech", json=REQUEST)).headers


BAD: dict[str, tuple[dict[str, Any], int, str | None, str | None]] = {
    "no input": ({"input": None}, 400, "input", None),
    "empty input": ({"input": ""}, 400, "input", None),
    "blank input": ({"input": " \n"}, 400, None, None),
    "input of the wrong type": ({"input": ["a"]}, 400, "input", None),
    "unknown model": ({"model": "gpt-4o"}, 404, "model", "model_not_found"),
    "a model that hears": ({"model": "whisper-1"}, 404, "model", "model_not_found"),
    "model of the wrong type": ({"model": 1}, 400, "model", None),
    "unknown voice": ({"voice": "nobody"}, 400, "voice", "voice_not_found"),
    "voice of the wrong type": ({"voice": 7}, 400, "voice", None),
    "voice id of the wrong type": ({"voice": {"id": []}}, 400, "voice.id", None),
    "unknown format": ({"response_format": "midi"}, 400, "response_format", None),
    "unknown stream format": ({"stream_format": "ws"}, 400, "stream_format", None),
    "too slow": ({"speed": 0.2}, 400, "speed", None),
    "too fast": ({"speed": 4.1}, 400, "speed", None),
    "speed of the wrong type": ({"speed": "fast"}, 400, "speed", None),
    "speed a boolean": ({"speed": True}, 400, "speed", None),
    "unknown rate": ({"sample_rate": 12345}, 400, "sample_rate", None),
    "too long": ({"input": "word " * 40_001}, 413, None, "file_too_large"),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_told_in_openais_form(http: httpx.AsyncClient, case: str) -> None:
    changes, status, param, code = BAD[case]
    response = await http.post("/v1/audio/speech", json={**REQUEST, **changes})
    assert response.status_code == status
    error = error_of(response)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"input": "\xff"}', b"null"])
async def test_a_body_that_is_no_object_is_told(http: httpx.AsyncClient, body: bytes) -> None:
    response = await http.post("/v1/audio/speech", content=body)
    assert response.status_code == 400
    assert error_of(response)["type"] == "invalid_request_error"


async def test_the_other_errors_have_their_form_too(http: httpx.AsyncClient, served: Any) -> None:
    refused = await http.post("/v1/audio/speech", json=REQUEST, headers={"X-API-Key": "wrong"})
    assert (refused.status_code, error_of(refused)["code"]) == (401, "invalid_api_key")
    absent = await http.get("/v1/audio/speech")
    assert (absent.status_code, error_of(absent)["type"]) == (405, "invalid_request_error")
    served.bus.refusal = Overloaded("full", retry_after_s=2.5)
    busy = await http.post("/v1/audio/speech", json=REQUEST)
    assert (busy.status_code, error_of(busy)["code"]) == (429, "rate_limit_exceeded")
    assert busy.headers["retry-after"] == "3"
    served.bus.refusal = KeyError("secret detail")
    defect = await http.post("/v1/audio/speech", json=REQUEST)
    assert (defect.status_code, error_of(defect)["type"]) == (500, "server_error")
    assert "secret" not in defect.text
    unknown = await http.get("/v1/audio/nothing")
    assert (unknown.status_code, error_of(unknown)["type"]) == (404, "invalid_request_error")


async def test_who_names_a_version_of_cartesias_gets_its_errors(http: httpx.AsyncClient) -> None:
    body = {**REQUEST, "input": None}
    response = await http.post("/v1/audio/speech", json=body, headers={"Cartesia-Version": "2026-03-01"})
    assert response.json().keys() == {"error_code", "title", "message", "request_id"}


async def test_the_path_is_there_under_v1_alone(http: httpx.AsyncClient) -> None:
    assert (await http.post("/audio/speech", json=REQUEST)).status_code == 404


async def test_a_client_that_leaves_frees_its_job(http: httpx.AsyncClient, served: Any) -> None:
    body = {**REQUEST, "input": "word " * 50, "response_format": "pcm"}
    async with http.stream("POST", "/v1/audio/speech", json=body) as response:
        assert response.status_code == 200
        served.bus.gate.clear()
    await served.until(lambda: served.bus.streams[0].closed)
