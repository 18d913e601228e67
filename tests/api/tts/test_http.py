import asyncio
import io
import wave
from typing import Any

import httpx
import orjson
import pytest

from antiphon.errors import JobLost, Overloaded
from antiphon.telemetry.metrics import REGISTRY

RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000}
REQUEST = {
    "model_id": "sonic-2",
    "transcript": "one two three",
    "voice": {"id": "heart"},
    "output_format": RAW,
}


@pytest.fixture
async def http(served: Any) -> Any:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as client:
        yield client


def events(body: str) -> list[dict[str, Any]]:
    parsed = []
    for block in body.strip().split("\n\n"):
        name, data = block.split("\n")
        message = orjson.loads(data.removeprefix("data: "))
        assert name == f"event: {message['type']}"
        parsed.append(message)
    return parsed


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/bytes/", "/v1/tts/bytes"])
async def test_bytes_are_the_audio(http: httpx.AsyncClient, path: str) -> None:
    response = await http.post(path, json=REQUEST)
    assert response.status_code == 200
    assert response.headers["content-type"] == "audio/raw"
    assert response.headers["x-request-id"]
    assert response.content == (8192).to_bytes(2, "little") * 7200


async def test_bytes_come_as_a_wav_that_reads(http: httpx.AsyncClient) -> None:
    form = {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 8000}
    response = await http.post("/tts/bytes", json={**REQUEST, "output_format": form})
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as audio:
        assert (audio.getframerate(), audio.getnchannels()) == (8000, 1)
    assert len(response.content) == 44 + 2400 * 2


async def test_bytes_come_as_mp3(http: httpx.AsyncClient) -> None:
    form = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
    response = await http.post("/tts/bytes", json={**REQUEST, "output_format": form})
    assert response.headers["content-type"] == "audio/mpeg"
    assert response.content[:1] == b"\xff"


async def test_json_needs_no_content_type(http: httpx.AsyncClient) -> None:
    response = await http.post("/tts/bytes", content=orjson.dumps(REQUEST))
    assert response.status_code == 200


async def test_continue_means_nothing_here(http: httpx.AsyncClient) -> None:
    response = await http.post("/tts/bytes", json={**REQUEST, "continue": True})
    assert len(response.content) == 7200 * 2


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"transcript": ""}, 400, None),
        ({"transcript": " \n"}, 400, None),
        ({"transcript": None}, 400, None),
        ({"output_format": None}, 400, None),
        ({"model_id": "no-such-model"}, 400, "model_not_found"),
        ({"voice": {"id": "no-such-voice"}}, 404, "voice_not_found"),
        ({"language": "xx"}, 400, "language_not_supported"),
        ({"pronunciation_dict_id": "nope"}, 404, None),
    ],
)
async def test_a_bad_request_is_an_http_error(
    http: httpx.AsyncClient, path: str, changes: dict[str, Any], status: int, code: str | None
) -> None:
    response = await http.post(path, json={**REQUEST, **changes}, headers={"Cartesia-Version": "2026-08-14"})
    assert (response.status_code, response.json()["error_code"]) == (status, code)


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_what_the_voice_cannot_do_is_told_in_a_header(http: httpx.AsyncClient, path: str) -> None:
    changes = {
        "transcript": 'So <emotion value="sad"/>sad [laughter]',
        "generation_config": {"emotion": "Happy", "speed": 1.0},
        "locale": "en-GB",
        "save": True,
    }
    response = await http.post(path, json=REQUEST | changes)
    assert response.status_code == 200
    ignored = {"<emotion>", "[laughter]", "generation_config.emotion", "locale", "save"}
    assert set(response.headers["antiphon-ignored"].split(", ")) == ignored
    assert "antiphon-ignored" not in (await http.post(path, json=REQUEST | {"locale": "en-US"})).headers


async def test_broken_json_is_located(http: httpx.AsyncClient) -> None:
    response = await http.post("/tts/bytes", content='{"é": tru}'.encode())
    assert response.status_code == 400
    assert "at byte 7" in response.text


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(http: httpx.AsyncClient, declared: bool) -> None:
    body = b" " * (64 * 1024 + 1)

    async def pieces() -> Any:
        yield body

    response = await http.post("/tts/bytes", content=body if declared else pieces())
    assert response.status_code == 413
    assert response.text.startswith("File too large: ")


async def test_no_place_is_told_with_a_time_to_try_again(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.refusal = Overloaded("all places are taken", retry_after_s=2.5)
    response = await http.post("/tts/bytes", json=REQUEST)
    assert response.status_code == 429
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == ("3", "2500")


async def test_a_failure_before_the_first_audio_is_an_http_error(
    http: httpx.AsyncClient, served: Any
) -> None:
    served.bus.failure = JobLost("gone")
    assert (await http.post("/tts/bytes", json=REQUEST)).status_code == 503
    assert (await http.post("/tts/sse", json=REQUEST)).status_code == 503


async def test_a_failure_amid_the_audio_cuts_the_answer(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.failure, served.bus.failure_after_words = JobLost("gone"), 1
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/tts/bytes", json=REQUEST)


async def test_a_defect_is_a_500_that_tells_nothing_of_it(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.refusal = KeyError("secret detail")
    response = await http.post("/tts/bytes", json=REQUEST, headers={"Cartesia-Version": "2026-03-01"})
    assert response.status_code == 500
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_a_client_that_leaves_frees_its_job(http: httpx.AsyncClient, served: Any, path: str) -> None:
    served.bus.failure_after_words = -1
    async with http.stream("POST", path, json={**REQUEST, "transcript": "word " * 50}) as response:
        assert response.status_code == 200
        served.bus.gate.clear()
    await served.until(lambda: served.bus.streams[0].closed)


async def test_events_are_flat_and_end_in_one_done(http: httpx.AsyncClient) -> None:
    response = await http.post("/tts/sse", json={**REQUEST, "context_id": "mine"})
    assert response.headers["content-type"].startswith("text/event-stream")
    messages = events(response.text)
    assert [message["type"] for message in messages] == ["chunk"] * 3 + ["done"]
    assert messages[0].keys() == {"type", "data", "done", "status_code", "step_time", "context_id"}
    assert messages[-1] == {"type": "done", "done": True, "status_code": 200, "context_id": "mine"}


async def test_events_carry_timestamps_when_asked(http: httpx.AsyncClient) -> None:
    response = await http.post("/tts/sse", json={**REQUEST, "add_timestamps": True})
    timed = [message for message in events(response.text) if message["type"] == "timestamps"]
    assert [message["word_timestamps"]["words"] for message in timed] == [["one"], ["two"], ["three"]]


async def test_events_take_bare_samples_alone(http: httpx.AsyncClient) -> None:
    form = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
    response = await http.post("/tts/sse", json={**REQUEST, "output_format": form})
    assert response.status_code == 400


async def test_a_failure_amid_the_events_is_an_event(http: httpx.AsyncClient, served: Any) -> None:
    served.bus.failure, served.bus.failure_after_words = JobLost("gone"), 1
    messages = events((await http.post("/tts/sse", json=REQUEST)).text)
    assert [message["type"] for message in messages] == ["chunk", "error"]
    assert (messages[1]["status_code"], messages[1]["done"]) == (503, True)


async def test_a_defect_amid_the_events_is_an_event_that_tells_nothing_of_it(
    http: httpx.AsyncClient, served: Any
) -> None:
    served.bus.failure, served.bus.failure_after_words = KeyError("secret detail"), 1
    body = (await http.post("/tts/sse", json=REQUEST)).text
    assert [message["type"] for message in events(body)] == ["chunk", "error"]
    assert events(body)[1]["status_code"] == 500
    assert "secret" not in body


async def test_a_client_that_leaves_amid_its_request_is_no_defect(served: Any) -> None:
    def count(status: str) -> float:
        labels = {"route": "/tts/bytes", "status": status}
        return REGISTRY.get_sample_value("antiphon_api_requests_total", labels) or 0.0

    failed, left = count("500"), count("499")
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /tts/bytes HTTP/1.1\r\nHost: x\r\nX-API-Key: test-key\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    writer.close()
    await served.until(lambda: count("499") == left + 1)
    assert count("500") == failed


@pytest.mark.parametrize("path", ["/tts/bytes", "/tts/sse"])
async def test_places_are_asked_for_in_the_name_of_the_key(
    http: httpx.AsyncClient, served: Any, path: str
) -> None:
    await http.post(path, json=REQUEST)
    grant = await served.services.authorizer.authorize(served.headers["X-API-Key"], "tts")
    assert served.bus.tenants == [grant.key_id]
