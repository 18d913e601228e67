import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from cartesia import AsyncCartesia

from antiphon.audio.containers import wav_bytes
from antiphon.audio.levels import levels
from antiphon.audio.loudness import loudness
from antiphon.contract.events import Word
from antiphon.errors import JobLost, NoWorker, Overloaded
from antiphon.settings import Settings
from antiphon.telemetry.metrics import API_STREAMS
from support.editing import RATE, EditingBus, tone

FORM = {
    "voice[id]": "my-voice",
    "output_format[container]": "raw",
    "output_format[encoding]": "pcm_f32le",
    "output_format[sample_rate]": "24000",
}
SAID = [
    [Word("One", 0.50, 0.75), Word("two.", 0.75, 1.00)],
    [Word("Three", 1.60, 1.90), Word("four", 1.90, 2.20), Word("five", 2.20, 2.50), Word("six.", 3.0, 3.4)],
]
CLIP_S = 4.0


@pytest.fixture
def settings() -> Settings:
    return Settings(api_port=0, shutdown_grace_s=0.2, max_clip_bytes=1_000_000, max_clip_s=20)


@pytest.fixture
def bus() -> EditingBus:
    return EditingBus(heard=SAID)


@pytest.fixture
async def client(served: Any) -> AsyncIterator[httpx.AsyncClient]:
    headers = {**served.headers, "Cartesia-Version": "2026-03-01"}
    async with httpx.AsyncClient(base_url=served.http, headers=headers, timeout=30) as client:
        yield client


def clip(seconds: float = CLIP_S, amplitude: float = 0.1, rate: int = 16_000) -> bytes:
    return wav_bytes(tone(seconds, rate, amplitude=amplitude), rate)


async def post(
    client: httpx.AsyncClient, content: bytes | None = None, path: str = "bytes", **changes: str | None
) -> httpx.Response:
    form = {name: value for name, value in (FORM | changes).items() if value is not None}
    files = {"clip": ("clip.wav", clip() if content is None else content)}
    return await client.post(f"/voice-changer/{path}", data=form, files=files)


def samples(response: httpx.Response) -> np.ndarray:
    assert response.status_code == 200, response.text
    return np.frombuffer(response.content, np.float32)


def sounds(audio: np.ndarray, rate: int = RATE) -> list[tuple[float, float]]:
    """Seconds at which sounds begin and end."""
    edges = np.flatnonzero(np.diff(np.pad(levels(audio, rate).sounding.astype(int), 1)))
    return [(a * 0.01, b * 0.01) for a, b in edges.reshape(-1, 2)]


async def test_phrases_are_spoken_when_they_were_said(client: httpx.AsyncClient, bus: EditingBus) -> None:
    audio = samples(await post(client))
    assert len(audio) == CLIP_S * RATE
    assert np.array(sounds(audio)) == pytest.approx(np.array([(0.5, 1.0), (1.6, 2.5), (3.0, 3.4)]), abs=0.04)
    assert {job.text for job in bus.jobs} == {"One two.", "Three four five,", "six."}
    assert {(job.model, job.voice, job.language) for job in bus.jobs} == {("hibari", "heart", "en")}
    assert all(speech.closed for speech in bus.speeches)
    [hearing] = bus.hearings
    assert hearing.job.word_timestamps
    assert hearing.samples == CLIP_S * 16_000


async def test_what_lasts_too_long_or_too_short_is_spoken_once_more(
    client: httpx.AsyncClient, bus: EditingBus
) -> None:
    bus.heard = [[Word("Slowly.", 0.5, 0.9)], [Word("Fast", 1.2, 1.3), Word("fast.", 1.3, 1.4)]]
    samples(await post(client))
    speeds = [job.speed for job in bus.jobs]
    assert speeds == pytest.approx([1.0, 0.625, 1.0, 2.0], abs=0.06)
    assert bus.jobs[0].text == bus.jobs[1].text


async def test_words_too_many_for_their_time_end_late_and_lose_nothing(
    client: httpx.AsyncClient, bus: EditingBus
) -> None:
    many = [Word("word", 0.5 + i * 0.01, 0.51 + i * 0.01) for i in range(20)]
    bus.heard = [many, [Word("Later.", 3.0, 3.25)]]
    audio = samples(await post(client))
    first, second = sounds(audio)
    assert first == pytest.approx((0.5, 0.5 + 20 * 0.25 / 2 / 1.6), abs=0.05)
    assert second == pytest.approx((3.0, 3.25), abs=0.04)
    assert len(audio) == CLIP_S * RATE


async def test_a_phrase_is_as_loud_as_it_was(client: httpx.AsyncClient) -> None:
    audio = samples(await post(client))
    said = loudness(tone(1.0, 16_000, amplitude=0.1), 16_000)
    assert loudness(audio[int(1.7 * RATE) : int(2.4 * RATE)], RATE) == pytest.approx(said, abs=0.5)


@pytest.mark.parametrize("rate", [8_000, 44_100])
async def test_the_length_is_the_clips_at_every_rate(client: httpx.AsyncClient, rate: int) -> None:
    audio = samples(await post(client, **{"output_format[sample_rate]": str(rate)}))
    assert len(audio) == CLIP_S * rate


@pytest.mark.parametrize(("container", "kind"), [("wav", "audio/wav"), ("mp3", "audio/mpeg")])
async def test_every_container(client: httpx.AsyncClient, container: str, kind: str) -> None:
    response = await post(client, **{"output_format[container]": container})
    assert response.headers["content-type"] == kind
    assert len(response.content) > 1000


async def test_the_official_client_gets_the_same_as_bytes_and_as_events(
    served: Any, client: httpx.AsyncClient
) -> None:
    sdk = AsyncCartesia(api_key=served.headers["X-API-Key"], base_url=served.http)
    options: dict[str, Any] = {
        "clip": ("clip.wav", clip()),
        "voice_id": "heart",
        "output_format_container": "raw",
        "output_format_encoding": "pcm_f32le",
        "output_format_sample_rate": 24_000,
    }
    whole = await (await sdk.voice_changer.generate(**options)).read()
    stream = await sdk.voice_changer.generate_sse(**options)
    *chunks, last = [event async for event in stream]
    await sdk.close()
    assert b"".join(base64.b64decode(chunk.data) for chunk in chunks) == whole
    assert {(chunk.sample_rate, chunk.status_code, chunk.done) for chunk in chunks} == {(24_000, 206, False)}
    assert len(chunks) >= 4
    assert (last.done, last.status_code) == (True, 200)


async def events(client: httpx.AsyncClient) -> list[tuple[str, dict[str, Any]]]:
    response = await post(client, path="sse")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


async def test_events_have_no_type_but_for_errors(client: httpx.AsyncClient, bus: EditingBus) -> None:
    told = await events(client)
    assert {name for name, _ in told[:-1]} == {"chunk"}
    assert set(told[0][1]) == {"data", "done", "sample_rate", "status_code", "step_time"}
    assert told[-1] == ("done", {"done": True, "status_code": 200})
    bus.failure, bus.failure_after_jobs = JobLost("every worker failed"), len(bus.jobs) + 1
    *_, (name, error) = await events(client)
    assert name == error["type"] == "error"
    assert (error["status_code"], error["done"], error["title"]) == (503, True, "Service unavailable")


@pytest.mark.parametrize("path", ["bytes", "sse"])
async def test_a_failure_before_the_first_audio_is_an_http_error(
    client: httpx.AsyncClient, bus: EditingBus, path: str
) -> None:
    bus.failure = JobLost("every worker failed")
    assert (await post(client, path=path)).status_code == 503


async def test_a_later_failure_cuts_the_answer(client: httpx.AsyncClient, bus: EditingBus) -> None:
    bus.failure, bus.failure_after_jobs = JobLost("every worker failed"), 1
    with pytest.raises(httpx.RemoteProtocolError):
        await post(client)


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"voice[id]": None}, 400, "voice[id] is missing"),
        ({"voice[id]": "nobody"}, 404, "nobody"),
        ({"output_format[container]": None}, 400, "output_format.container"),
        ({"output_format[sample_rate]": "11025"}, 400, "output_format.sample_rate is 11025"),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, bus: EditingBus, changes: Any, status: int, named: str
) -> None:
    for path in ("bytes", "sse"):
        response = await post(client, path=path, **changes)
        assert response.status_code == status
        assert named in response.json()["message"]
        assert response.json()["error_code"] == (None if status == 400 else "voice_not_found")
    assert not bus.hearings


async def test_a_clip_that_is_missing_is_named(client: httpx.AsyncClient) -> None:
    response = await client.post("/voice-changer/bytes", data=FORM, files={"file": ("a.wav", clip())})
    assert response.status_code == 400
    assert response.json()["message"].startswith("clip is missing")


async def test_a_clip_in_which_nobody_speaks_is_refused(client: httpx.AsyncClient, bus: EditingBus) -> None:
    bus.heard = []
    response = await post(client)
    assert response.status_code == 400
    assert response.json()["message"].startswith("clip holds no speech")
    assert not bus.jobs


async def test_what_is_no_audio_takes_no_place_on_a_worker(
    client: httpx.AsyncClient, bus: EditingBus
) -> None:
    response = await post(client, b"no audio at all" * 40)
    assert (response.status_code, response.json()["error_code"]) == (415, "unsupported_audio_format")
    assert not bus.hearings


async def test_a_clip_may_last_so_long_and_be_so_large(client: httpx.AsyncClient) -> None:
    for seconds, rate, status in ((20, 8_000, 200), (20.2, 8_000, 413), (15, 48_000, 413)):
        response = await post(client, clip(seconds, rate=rate))
        assert response.status_code == status
    assert response.json()["error_code"] == "file_too_large"


@pytest.mark.parametrize(("refusal", "status"), [(Overloaded("full"), 429), (NoWorker("nobody"), 503)])
async def test_a_full_or_absent_worker_is_told(
    client: httpx.AsyncClient, bus: EditingBus, refusal: Exception, status: int
) -> None:
    bus.refusal = refusal
    assert (await post(client)).status_code == status


@pytest.mark.parametrize("when", ["heard", "spoken"])
async def test_a_client_that_leaves_frees_the_workers(
    client: httpx.AsyncClient, bus: EditingBus, served: Any, when: str
) -> None:
    (bus.room if when == "heard" else bus.gate).clear()
    request = asyncio.create_task(post(client))
    await served.until(lambda: bool(bus.hearings if when == "heard" else bus.speeches))
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    await served.until(bus.hearings[0].closed.is_set)
    await served.until(lambda: all(speech.closed for speech in bus.speeches))
    await served.until(lambda: API_STREAMS._value.get() == 0)


async def test_a_key_is_needed(served: Any) -> None:
    async with httpx.AsyncClient(base_url=served.http) as client:
        assert (await post(client)).status_code == 401


async def test_access_tokens_are_not_taken(served: Any) -> None:
    async with httpx.AsyncClient(base_url=served.http, headers=served.headers) as client:
        made = await client.post("/access-token", json={"grants": {"tts": True, "stt": True}})
    token = {"Authorization": f"Bearer {made.json()['token']}"}
    async with httpx.AsyncClient(base_url=served.http, headers=token) as client:
        for path in ("bytes", "sse"):
            assert (await post(client, path=path)).status_code == 403
