import asyncio
import gc
import io
import tempfile
import tracemalloc
import wave
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import av
import httpx
import msgspec
import numpy as np
import orjson
import pytest
from cartesia import AsyncCartesia

from antiphon.audio.encodings import encode
from antiphon.errors import JobLost, NoWorker, Overloaded
from antiphon.settings import Settings
from antiphon.telemetry.metrics import API_STREAMS


def wav(seconds: float, rate: int = 16_000) -> bytes:
    tone = (np.sin(np.arange(int(seconds * rate)) * 0.05) * 8000).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    return out.getvalue()


class Unseekable(io.BytesIO):
    """What is written to it stands: a recorder can't go back and say how long it became."""

    def seekable(self) -> bool:
        return False


def live_webm(seconds: float) -> bytes:
    """A recording that does not say how long it is."""
    out = Unseekable()
    with av.open(out, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        silence = np.zeros((1, 960), np.int16)
        for index in range(round(seconds * 50)):
            frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, index * 960
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


@pytest.fixture
async def client(served: Any) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {served.key}", "Cartesia-Version": "2026-08-14"}
    async with httpx.AsyncClient(base_url=served.http, headers=headers, timeout=60) as client:
        yield client


def post(
    client: httpx.AsyncClient,
    content: Any = None,
    path: str = "/stt",
    **fields: str,
) -> Awaitable[httpx.Response]:
    files = {} if content is None else {"file": ("speech.wav", content)}
    return client.post(path, files=files, data={"model": "ink-whisper", **fields})


async def test_the_official_client_gets_its_transcript(served: Any) -> None:
    sdk = AsyncCartesia(api_key=served.key, base_url=served.http)
    answer = await sdk.stt.transcribe(
        file=("speech.wav", wav(2.5)),
        model="ink-whisper",
        language="en",
        timestamp_granularities=["word"],
    )
    assert answer.type == "transcript"
    assert answer.text == "40000"
    assert answer.duration == 2.5
    assert answer.language == "en"
    assert answer.request_id
    assert [(word.word, word.start, word.end) for word in answer.words] == [("40000", 0.0, 2.5)]
    await sdk.close()


async def test_the_official_client_can_send_headerless_samples(served: Any) -> None:
    sdk = AsyncCartesia(api_key=served.key, base_url=served.http)
    samples = encode(np.zeros(8000, np.float32), "pcm_mulaw")
    answer = await sdk.stt.transcribe(
        file=samples, model="ink-whisper", encoding="pcm_mulaw", sample_rate=8000
    )
    assert answer.text == "16000"
    await sdk.close()


@pytest.mark.parametrize(
    "path",
    [
        "/stt",
        "/stt/",
        "/v1/stt",
        "/audio/transcriptions",
        "/v1/audio/transcriptions",
        "/v1/audio/transcriptions/",
    ],
)
async def test_every_form_of_the_path_answers(client: Any, path: str) -> None:
    response = await post(client, wav(1), path=path)
    assert response.status_code == 200
    answer = response.json()
    answer.pop("usage", None)  # for OpenAI's clients, who share one of the paths
    assert answer == {
        "type": "transcript",
        "request_id": response.headers["x-request-id"],
        "text": "16000",
        "language": "en",
        "duration": 1.0,
        "is_final": True,
    }


async def test_the_job_says_what_was_asked_for(client: Any, served: Any) -> None:
    await post(client, wav(1), language="en-GB", min_volume="0.1", max_silence_duration_secs="2")
    job = served.bus.streams[0].job
    assert (job.model, job.language) == ("moonshine-tiny-en", "en")
    assert (job.min_volume, job.max_silence_s) == (0.1, 2.0)
    assert not job.partials
    assert not job.word_timestamps
    assert served.bus.streams[0].closed.is_set()


async def test_a_form_without_a_file_is_refused(client: Any) -> None:
    for response in (
        await client.post("/stt", data={"model": "ink-whisper"}),
        await client.post("/stt", json={"model": "ink-whisper"}),
        await client.post("/stt"),
    ):
        assert response.status_code == 400
        assert "multipart form" in response.json()["message"]
    response = await client.post("/stt", files={"audio": ("a.wav", wav(1))}, data={"model": "ink-whisper"})
    assert response.status_code == 400
    assert response.json()["message"].startswith("file is missing")
    response = await client.post("/stt", files={"file": (None, b"text")}, data={"model": "ink-whisper"})
    assert response.status_code == 400
    assert "no filename" in response.json()["message"]


async def test_a_broken_form_is_refused(client: Any) -> None:
    for body, kind in ((b"--x\r\nnonsense", "multipart/form-data; boundary=x"), (b"", "multipart/form-data")):
        response = await client.post("/stt", content=body, headers={"content-type": kind})
        assert response.status_code == 400
    twice = [("file", ("a.wav", wav(1))), ("file", ("b.wav", wav(1)))]
    response = await client.post("/stt", files=twice, data={"model": "ink-whisper"})
    assert response.status_code == 400


@pytest.mark.parametrize("content", [b"", b"this is not audio at all, whatever its name says" * 50])
async def test_what_is_not_audio_takes_no_place_on_a_worker(client: Any, served: Any, content: bytes) -> None:
    response = await post(client, content)
    assert response.status_code == 415
    assert response.json()["error_code"] == "unsupported_audio_format"
    assert not served.bus.streams


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model": "no-such-model"}, "model_not_found"),
        ({"model": "sonic-3"}, "model_not_found"),
        ({"language": "fr"}, "language_not_supported"),
        ({"min_volume": "loud"}, None),
    ],
)
async def test_bad_settings_are_refused(client: Any, served: Any, fields: Any, code: str | None) -> None:
    response = await post(client, wav(0.1), **fields)
    assert response.status_code == 400
    assert response.json()["error_code"] == code
    assert not served.bus.streams


async def test_a_missing_model_is_named(client: Any) -> None:
    response = await client.post("/stt", files={"file": ("a.wav", wav(0.1))})
    assert response.status_code == 400
    assert response.json()["message"].startswith("model is missing")


async def test_a_key_is_needed_before_anything_is_uploaded(served: Any) -> None:
    async with httpx.AsyncClient(base_url=served.http) as client:
        assert (await post(client, wav(0.1))).status_code == 401
        response = await client.post("/stt", files={"file": wav(0.1)}, headers={"x-api-key": "wrong"})
        assert response.status_code == 401
        assert response.text.startswith("Unauthorized: ")


@pytest.mark.parametrize(
    ("refusal", "status"), [(Overloaded("full", retry_after_s=2), 429), (NoWorker("nobody"), 503)]
)
async def test_a_full_or_absent_worker_is_told(client: Any, served: Any, refusal: Any, status: int) -> None:
    served.bus.refusal = refusal
    assert (await post(client, wav(0.1))).status_code == status


async def test_a_lost_job_is_told(client: Any, served: Any) -> None:
    served.bus.room.clear()
    request = asyncio.create_task(post(client, wav(1)))
    stream = await served.bus.stream()
    stream.fail(JobLost("every worker failed"))
    assert (await request).status_code == 503
    assert stream.closed.is_set()


def events(text: str) -> list[dict[str, Any]]:
    """The data of server-sent events, whose names are their types."""
    told = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        message = orjson.loads(data.removeprefix("data: "))
        assert name == f"event: {message['type']}"
        told.append(message)
    return told


async def test_a_stream_tells_text_as_it_comes(client: Any) -> None:
    response = await post(client, wav(2.5), stream="true", word_timestamps="true")
    assert response.headers["content-type"].startswith("text/event-stream")
    begun, *more, transcript, done = events(response.text)
    assert begun == {"type": "progress", "heard": 0.0, "total": 2.5}
    assert {event["type"] for event in more} <= {"progress"}
    request_id = done.pop("request_id")
    assert done == {"type": "done", "language": "en", "duration": 2.5}
    assert transcript == {
        "type": "transcript",
        "request_id": request_id,
        "text": " 40000",
        "is_final": True,
        "start": 0.0,
        "end": 2.5,
        "duration": 2.5,
        "language": "en",
        "words": [{"word": "40000", "start": 0.0, "end": 2.5}],
    }


@pytest.mark.parametrize(
    ("refusal", "status"), [(Overloaded("full", retry_after_s=2), 429), (NoWorker("nobody"), 503)]
)
async def test_a_stream_that_does_not_begin_is_an_error(
    client: Any, served: Any, refusal: Any, status: int
) -> None:
    served.bus.refusal = refusal
    assert (await post(client, wav(0.1), stream="true")).status_code == status
    assert (await post(client, b"no audio", stream="true")).status_code == 415


async def test_a_failure_amid_a_stream_is_an_event(client: Any, served: Any) -> None:
    served.bus.room.clear()
    request = asyncio.create_task(post(client, wav(1), stream="true"))
    (await served.bus.stream()).fail(JobLost("every worker failed"))
    *_, error = events((await request).text)
    assert (error["type"], error["status_code"], error["message"]) == ("error", 503, "every worker failed")


async def test_a_client_that_leaves_a_stream_frees_its_job(client: Any, served: Any) -> None:
    served.bus.room.clear()
    request = client.build_request(
        "POST", "/stt", files={"file": ("a.wav", wav(1))}, data={"model": "ink-whisper", "stream": "true"}
    )
    response = await client.send(request, stream=True)
    assert response.status_code == 200
    await response.aclose()
    await (await served.bus.stream()).closed.wait()


@pytest.mark.parametrize("declared", [True, False])
async def test_a_file_over_the_limit_is_refused(settings: Settings, serve: Any, declared: bool) -> None:
    limit = 100_000
    body = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nink-whisper\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        + wav(10)
        + b"\r\n--b--\r\n"
    )

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 4096):
            yield body[start : start + 4096]

    async with (
        serve(settings.model_copy(update={"max_upload_bytes": limit})) as served,
        httpx.AsyncClient(base_url=served.http) as client,
    ):
        response = await client.post(
            "/stt",
            content=body if declared else pieces(),
            headers={
                "content-type": "multipart/form-data; boundary=b",
                "x-api-key": served.key,
                "cartesia-version": "2026-03-01",
            },
        )
        assert response.status_code == 413
        assert response.json()["error_code"] == "file_too_large"
        assert str(limit) in response.json()["message"]


async def test_a_file_of_exactly_the_limit_is_taken(settings: Settings, serve: Any) -> None:
    content = wav(2)
    async with (
        serve(settings.model_copy(update={"max_upload_bytes": len(content)})) as served,
        httpx.AsyncClient(base_url=served.http, headers={"x-api-key": served.key}) as client,
    ):
        assert (await post(client, content)).status_code == 200
        assert (await post(client, content + b"\0\0")).status_code == 413


@pytest.mark.parametrize("when", ["waiting for a place", "being heard"])
async def test_a_client_that_leaves_frees_the_worker(served: Any, when: str) -> None:
    gate = served.bus.place if when == "waiting for a place" else served.bus.room
    gate.clear()
    async with httpx.AsyncClient(base_url=served.http, headers={"x-api-key": served.key}) as client:
        request = asyncio.create_task(post(client, wav(5)))
        if when == "being heard":
            await served.bus.stream()
        else:
            while not served.bus.waiting:
                await asyncio.sleep(0.005)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    if when == "being heard":
        await served.bus.streams[0].closed.wait()
    while served.bus.waiting or API_STREAMS._value.get():
        await asyncio.sleep(0.005)


async def test_a_client_that_leaves_while_uploading_leaves_nothing_behind(served: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + wav(40)
        while not API_STREAMS._value.get():
            await asyncio.sleep(0.005)
        raise ConnectionError

    async with httpx.AsyncClient(base_url=served.http, headers={"x-api-key": served.key}) as client:
        with pytest.raises(ConnectionError):
            await client.post(
                "/stt", content=pieces(), headers={"content-type": "multipart/form-data; boundary=b"}
            )
    while API_STREAMS._value.get():
        await asyncio.sleep(0.005)
    assert not served.bus.streams


@pytest.mark.slow
async def test_memory_does_not_grow_with_the_file(client: Any, served: Any, tmp_path: Path) -> None:
    minutes = 20
    path = tmp_path / "long.wav"
    path.write_bytes(wav(minutes * 60))

    async def transcribe() -> httpx.Response:
        with path.open("rb") as file:
            return await post(client, file)

    served.bus.room.clear()
    request = asyncio.create_task(transcribe())
    stream = await served.bus.stream()
    stream.samples = Counted()
    gc.collect()
    tracemalloc.start()
    try:
        served.bus.room.set()
        response = await request
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert response.json()["duration"] == minutes * 60
    assert stream.samples.count == minutes * 60
    assert stream.most_samples_sent <= 16_000
    # A few blocks of a second (64 KB each) and the machinery; the whole would be 77 MB.
    assert peak < 4 * 1024 * 1024


class Counted:
    """Takes samples and keeps none."""

    count = 0

    def append(self, _: Any) -> None:
        self.count += 1


async def test_a_large_upload_lies_on_disk(client: Any, served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spooled = []
    real = tempfile.SpooledTemporaryFile

    def spy(*args: Any, **kwargs: Any) -> Any:
        spooled.append(real(*args, **kwargs))
        return spooled[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", spy)
    served.bus.room.clear()
    request = asyncio.create_task(post(client, wav(120)))
    await served.bus.stream()
    assert spooled[0]._rolled
    served.bus.room.set()
    assert (await request).status_code == 200
    assert spooled[0].closed


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_audio_that_says_that_it_is_too_long_takes_no_place(
    settings: Settings, serve: Any, stream: str
) -> None:
    async with (
        serve(settings.model_copy(update={"max_audio_s": 3})) as served,
        httpx.AsyncClient(base_url=served.http, headers={"x-api-key": served.key}) as client,
    ):
        assert (await post(client, wav(3), stream=stream)).status_code == 200
        response = await post(client, wav(4), stream=stream)
        assert response.status_code == 413
        assert response.text == "File too large: The audio lasts 4 seconds; 3 are allowed here."
        assert len(served.bus.streams) == 1


async def test_audio_that_does_not_say_how_long_it_is_is_cut_off(settings: Settings, serve: Any) -> None:
    async with (
        serve(settings.model_copy(update={"max_audio_s": 3})) as served,
        httpx.AsyncClient(base_url=served.http, headers={"x-api-key": served.key}) as client,
    ):
        response = await post(client, live_webm(4))
        assert response.status_code == 413
        assert (
            response.text
            == "File too large: The audio lasts longer than the 3 seconds that are allowed here."
        )
        assert served.bus.streams[0].closed.is_set()


@pytest.mark.parametrize("charset", ["undefined", "unicode_escape", "utf-7", '"no such"', "latin-1"])
async def test_the_charset_of_a_form_names_no_codec(client: Any, charset: str) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="encoding"\r\n\r\n\\ud800+2AA-\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    )
    kind = f"multipart/form-data; charset={charset}; boundary=b"
    response = await client.post("/stt", content=body, headers={"content-type": kind})
    assert response.status_code == 400
    assert r"encoding is \"\ud800+2AA-\"" in response.json()["message"].replace('"', r"\"")


async def test_a_place_is_asked_for_in_the_name_of_the_key(client: Any, served: Any) -> None:
    assert (await post(client, wav(0.1))).status_code == 200
    grant = await served.services.authorizer.authorize(served.key, "stt")
    assert served.bus.tenants == [grant.key_id]


async def test_keyterms_are_said_to_have_no_effect_on_a_model_that_takes_none(
    client: httpx.AsyncClient, served: Any
) -> None:
    answer = await post(client, wav(0.1), keyterm="Antiphon")
    assert answer.headers["antiphon-ignored"] == "keyterm"
    assert "antiphon-ignored" not in (await post(client, wav(0.1))).headers
    served.bus.keyterms = True
    answer = await post(client, wav(0.1), keyterm="Antiphon")
    assert "antiphon-ignored" not in answer.headers
    assert served.bus.streams[-1].job.keyterms == ("Antiphon",)


async def test_keyterms_are_held_against_the_model_that_hears_the_language(
    client: httpx.AsyncClient, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (english,) = served.bus.offerings("stt")
    english = msgspec.structs.replace(english, keyterms=True)
    swedish = msgspec.structs.replace(english, model="whisper-base", languages=("sv",), keyterms=False)
    monkeypatch.setattr(served.bus, "offerings", lambda _: [english, swedish])
    answer = await post(client, wav(0.1), keyterm="barnbarn", language="sv")
    assert answer.headers["antiphon-ignored"] == "keyterm"
    assert "antiphon-ignored" not in (await post(client, wav(0.1), keyterm="Antiphon")).headers
