import asyncio
import io
import wave
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from cartesia import AsyncCartesia

from antiphon.audio.containers import wav_bytes
from antiphon.audio.loudness import loudness
from antiphon.errors import NoWorker, Overloaded
from antiphon.settings import Settings
from antiphon.telemetry.metrics import API_STREAMS
from support.editing import RATE, WORD_S, EditingBus, tone

FORM = {
    "model_id": "sonic-3",
    "language": "en",
    "transcript": "two words",
    "voice_id": "my-voice",
    "output_format[container]": "raw",
    "output_format[encoding]": "pcm_f32le",
    "output_format[sample_rate]": "24000",
}


@pytest.fixture
def settings() -> Settings:
    return Settings(api_port=0, shutdown_grace_s=0.2, max_clip_bytes=1_000_000, max_clip_s=20)


@pytest.fixture
def bus() -> EditingBus:
    return EditingBus()


@pytest.fixture
async def client(served: Any) -> AsyncIterator[httpx.AsyncClient]:
    headers = {**served.headers, "Cartesia-Version": "2026-03-01"}
    async with httpx.AsyncClient(base_url=served.http, headers=headers, timeout=30) as client:
        yield client


def clip(seconds: float = 1.0, amplitude: float = 0.1, rate: int = 16_000) -> bytes:
    return wav_bytes(tone(seconds, rate, amplitude=amplitude), rate)


async def post(client: httpx.AsyncClient, *sides: str, **changes: str | None) -> httpx.Response:
    form = {name: value for name, value in (FORM | changes).items() if value is not None}
    files = {side: (f"{side}.wav", clip()) for side in sides or ("left_audio", "right_audio")}
    return await client.post("/infill/bytes", data=form, files=files)


def samples(response: httpx.Response) -> np.ndarray:
    assert response.status_code == 200, response.text
    return np.frombuffer(response.content, np.float32)


async def test_the_official_client_gets_speech_as_loud_as_what_is_around(served: Any) -> None:
    sdk = AsyncCartesia(api_key=served.headers["X-API-Key"], base_url=served.http)
    answer = await sdk.tts.infill(
        left_audio=("left.wav", clip()),
        right_audio=("right.wav", clip()),
        model_id="sonic-3",
        language="en",
        transcript="one two three",
        voice_id="heart",
        output_format={"container": "wav", "encoding": "pcm_s16le", "sample_rate": 44_100},
    )
    with wave.open(io.BytesIO(await answer.read())) as file:
        assert (file.getframerate(), file.getnchannels()) == (44_100, 1)
        audio = np.frombuffer(file.readframes(2**20), np.int16) / np.float32(32768)
    await sdk.close()
    assert len(audio) / 44_100 == pytest.approx(3 * WORD_S + 2 * 0.06, abs=0.03)
    inner = audio[4_410:-4_410]
    assert loudness(inner, 44_100) == pytest.approx(
        loudness(tone(1.0, 44_100, amplitude=0.1), 44_100), abs=0.5
    )


async def test_the_job_says_what_was_asked_for(client: httpx.AsyncClient, bus: EditingBus) -> None:
    audio = samples(await post(client))
    [job] = bus.jobs
    assert (job.model, job.voice, job.language, job.text) == ("hibari", "heart", "en", "two words")
    assert len(audio) / RATE == pytest.approx(2 * WORD_S + 0.12, abs=0.03)
    assert all(speech.closed for speech in bus.speeches)


@pytest.mark.parametrize(("end", "pause_s"), [("", 0.06), (",", 0.2), (".", 0.4), ('?"', 0.4)])
async def test_the_pause_after_it_is_that_of_its_last_sign(
    client: httpx.AsyncClient, end: str, pause_s: float
) -> None:
    audio = samples(await post(client, transcript="two words" + end))
    assert len(audio) / RATE == pytest.approx(2 * WORD_S + 0.06 + pause_s, abs=0.03)


async def test_a_header_says_what_the_voice_cannot_do(client: httpx.AsyncClient) -> None:
    assert "antiphon-ignored" not in (await post(client)).headers
    response = await post(client, transcript='<emotion value="happy"/>two words')
    assert response.headers["antiphon-ignored"] == "<emotion>"


@pytest.mark.parametrize("side", ["left_audio", "right_audio"])
async def test_one_side_is_enough(client: httpx.AsyncClient, side: str) -> None:
    assert len(samples(await post(client, side)))


@pytest.mark.parametrize(
    ("container", "kind"), [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("raw", "audio/raw")]
)
async def test_every_container(client: httpx.AsyncClient, container: str, kind: str) -> None:
    response = await post(client, **{"output_format[container]": container})
    assert response.headers["content-type"] == kind
    assert len(response.content) > 1000


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"voice_id": None}, (400, None), "voice_id is missing"),
        ({"voice_id": "nobody"}, (404, "voice_not_found"), "nobody"),
        ({"model_id": None}, (400, None), "model_id is missing"),
        ({"model_id": "no-such-model"}, (400, "model_not_found"), "no-such-model"),
        ({"transcript": None}, (400, None), "transcript"),
        ({"transcript": "  "}, (400, None), "transcripts"),
        ({"transcript": "x" * 2001}, (413, "file_too_large"), "2000 characters"),
        ({"language": "fr"}, (400, "language_not_supported"), "fr"),
        ({"output_format[container]": None}, (400, None), "output_format.container"),
        ({"output_format[sample_rate]": "12345"}, (400, None), "output_format.sample_rate is 12345"),
        ({"output_format[encoding]": None}, (400, None), "output_format.encoding"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, bus: EditingBus, changes: Any, error: Any, named: str
) -> None:
    response = await post(client, **changes)
    assert (response.status_code, response.json()["error_code"]) == error
    assert named in response.json()["message"]
    assert not bus.jobs


async def test_recordings_that_are_missing_or_none_are_named(client: httpx.AsyncClient) -> None:
    response = await client.post("/infill/bytes", data=FORM, files={"other": ("a.wav", clip())})
    assert response.status_code == 400
    assert response.json()["message"].startswith("left_audio and right_audio are missing")
    files = {"left_audio": ("a.wav", clip()), "right_audio": ("b.wav", b"no audio at all" * 40)}
    response = await client.post("/infill/bytes", data=FORM, files=files)
    assert (response.status_code, response.json()["error_code"]) == (415, "unsupported_audio_format")
    assert response.json()["message"].startswith("right_audio: ")
    response = await client.post("/infill/bytes", data=FORM, files={"left_audio": (None, b"text")})
    assert response.status_code == 400
    response = await client.post("/infill/bytes", json=FORM)
    assert response.status_code == 400
    assert "left_audio or right_audio" in response.json()["message"]


async def test_a_recording_may_last_so_long_and_be_so_large(client: httpx.AsyncClient) -> None:
    for seconds, rate, status in ((20, 8_000, 200), (20.2, 8_000, 413), (15, 48_000, 413)):
        files = {"left_audio": ("a.wav", clip(seconds, rate=rate))}
        response = await client.post("/infill/bytes", data=FORM, files=files)
        assert response.status_code == status
    assert response.json()["error_code"] == "file_too_large"


async def test_of_the_right_recording_no_more_is_read_than_counts(client: httpx.AsyncClient) -> None:
    files = {"right_audio": ("a.wav", clip(25, rate=8_000))}
    assert (await client.post("/infill/bytes", data=FORM, files=files)).status_code == 200


@pytest.mark.parametrize(("refusal", "status"), [(Overloaded("full"), 429), (NoWorker("nobody"), 503)])
async def test_a_full_or_absent_worker_is_told(
    client: httpx.AsyncClient, bus: EditingBus, refusal: Exception, status: int
) -> None:
    bus.refusal = refusal
    assert (await post(client)).status_code == status


async def test_a_client_that_leaves_frees_the_worker(
    client: httpx.AsyncClient, bus: EditingBus, served: Any
) -> None:
    bus.gate.clear()
    request = asyncio.create_task(post(client))
    await served.until(lambda: bool(bus.speeches))
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    await served.until(lambda: bus.speeches[0].closed)
    await served.until(lambda: API_STREAMS._value.get() == 0)


async def test_a_key_is_needed(served: Any) -> None:
    async with httpx.AsyncClient(base_url=served.http) as client:
        assert (await post(client)).status_code == 401


async def test_access_tokens_are_not_taken(served: Any) -> None:
    headers = {**served.headers, "Cartesia-Version": "2026-03-01"}
    async with httpx.AsyncClient(base_url=served.http, headers=headers) as client:
        made = await client.post("/access-token", json={"grants": {"tts": True, "stt": True}})
    token = {"Authorization": f"Bearer {made.json()['token']}", "Cartesia-Version": "2026-03-01"}
    async with httpx.AsyncClient(base_url=served.http, headers=token) as client:
        response = await post(client)
    assert response.status_code == 403
    assert "API key" in response.json()["message"]
