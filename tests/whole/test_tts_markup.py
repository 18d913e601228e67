"""Markup, pronunciations and the reading of text, from the request to the audio of the real model."""

import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
import websockets

from support.platform import KEY, Platform

pytestmark = pytest.mark.models

RATE = 24_000
REQUEST = {
    "model_id": "sonic-3",
    "voice": {"mode": "id", "id": "heart"},
    "output_format": {"container": "raw", "encoding": "pcm_f32le", "sample_rate": RATE},
}
HEADERS = {"X-API-Key": KEY, "Cartesia-Version": "2026-08-14"}


@pytest.fixture
async def http(running: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.url, headers=HEADERS, timeout=60) as client:
        yield client


async def spoken(http: httpx.AsyncClient, transcript: str, **fields: Any) -> np.ndarray:
    response = await http.post("/tts/bytes", json={**REQUEST, "transcript": transcript, **fields})
    assert response.status_code == 200, response.text
    return np.frombuffer(response.content, np.float32)


async def told(http: httpx.AsyncClient, transcript: str, **fields: Any) -> dict[str, list[Any]]:
    """Words and phonemes with their times, and the seconds of audio."""
    asked = {"add_timestamps": True, "add_phoneme_timestamps": True}
    body = (await http.post("/tts/sse", json={**REQUEST, "transcript": transcript, **asked, **fields})).text
    found: dict[str, list[Any]] = {"words": [], "start": [], "end": [], "phonemes": []}
    for line in body.splitlines():
        if not line.startswith("data: "):
            continue
        event = json.loads(line.removeprefix("data: "))
        if event["type"] == "timestamps":
            for key, values in event["word_timestamps"].items():
                found[key] += values
        if event["type"] == "phoneme_timestamps":
            found["phonemes"] += event["phoneme_timestamps"]["phonemes"]
    return found


def silences(audio: np.ndarray) -> list[int]:
    """Lengths of the stretches of exact zeros, in samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (audio == 0).astype(np.int8), [0]))))
    return [int(end - start) for start, end in edges.reshape(-1, 2) if end - start > RATE // 100]


async def test_a_break_is_silence_of_its_length(http: httpx.AsyncClient) -> None:
    apart = await spoken(http, 'Good morning. <break time="700ms"/>How are you?')
    plain = await spoken(http, "Good morning. How are you?")
    assert silences(apart) == [round(0.7 * RATE)]
    assert len(apart) - len(plain) == pytest.approx(0.7 * RATE, abs=2)


async def test_speed_and_volume_tags_change_what_follows(http: httpx.AsyncClient) -> None:
    plain = await spoken(http, "The train leaves at noon. The train leaves at noon.")
    tagged = await spoken(
        http,
        'The train leaves at noon. <speed ratio="1.5"/><volume ratio="0.5"/>The train leaves at noon.',
    )
    half = len(plain) // 2
    assert np.array_equal(tagged[: half // 2], plain[: half // 2])
    assert 0.75 < len(tagged) / len(plain) < 0.92
    assert np.abs(tagged[-half // 2 :]).max() < 0.7 * np.abs(plain[-half // 2 :]).max()


async def test_phonemes_come_from_the_markup_and_from_a_dictionary(http: httpx.AsyncClient) -> None:
    plain = await told(http, "My cat sat.")
    inline = await told(http, "My <<k|uː|t>> sat.")
    item = {"text": "cat", "alias": "<<k|uː|t>>", "case_sensitive": True}
    made = await http.post("/pronunciation-dicts/", json={"name": "cats", "items": [item]})
    looked_up = await told(http, "My cat sat.", pronunciation_dict_id=made.json()["id"])
    assert "".join(plain["phonemes"]) == "mˌIkˈætsˈæt"
    assert "".join(inline["phonemes"]) == "".join(looked_up["phonemes"]) == "mˌIkˈutsˈæt"
    assert inline["words"] == ["My", "<<k|uː|t>>", "sat."]
    assert looked_up["words"] == plain["words"] == ["My", "cat", "sat."]


async def test_times_are_told_in_both_forms_of_the_same_audio(http: httpx.AsyncClient) -> None:
    text = "It costs $5 at 5:30 pm, code <spell>B2</spell>."
    written = await told(http, text)
    as_spoken = await told(http, text, use_normalized_timestamps=True)
    assert written["words"] == ["It", "costs", "$5", "at", "5:30", "pm,", "code", "B2."]
    assert as_spoken["words"][:4] == ["It", "costs", "five", "dollars"]
    assert as_spoken["words"][-2:] == ["B", "two."]
    assert written["phonemes"] == as_spoken["phonemes"]
    for form in (written, as_spoken):
        assert all(a <= b for a, b in pairwise(form["start"]))
    assert written["start"][2] == as_spoken["start"][2]
    assert written["end"][2] == as_spoken["end"][3]


async def test_without_normalisation_nothing_fails(http: httpx.AsyncClient) -> None:
    text = "Mail bob@x.io 5 km at 3/4, ½ ☃ 你好 ~ and go."
    off = await told(http, text, normalization="off")
    assert off["words"] == text.split()
    assert len(await spoken(http, text, normalization="off")) > RATE


@pytest.mark.parametrize("duration_s", [3.0, 5.0])
async def test_speech_lasts_as_long_as_asked(http: httpx.AsyncClient, duration_s: float) -> None:
    text = "The train to the coast leaves at noon. It is never late, and it is never full."
    audio = await spoken(http, text, duration=duration_s)
    assert len(audio) / RATE == pytest.approx(duration_s, rel=0.15)


async def test_split_tags_keep_their_order_in_a_context(running: Platform, http: httpx.AsyncClient) -> None:
    text = 'Good morning. <break time="500ms"/>My <<k|æ|t>> is here, <spell>A1</spell>. Is 3 < 5? Bye.'
    whole = await told(http, text)
    url = f"{running.ws_url}/tts/websocket?cartesia_version=2026-03-01&api_key={KEY}"
    words: list[str] = []
    starts: list[float] = []
    kinds: list[str] = []
    async with websockets.connect(url, max_size=None) as socket:
        context = {**REQUEST, "context_id": "c", "add_timestamps": True}
        for at in range(0, len(text), 3):
            await socket.send(json.dumps({**context, "transcript": text[at : at + 3], "continue": True}))
        await socket.send(json.dumps({**context, "transcript": "", "continue": False}))
        async for data in socket:
            message = json.loads(data)
            kinds.append(message["type"])
            if message["type"] == "timestamps":
                words += message["word_timestamps"]["words"]
                starts += message["word_timestamps"]["start"]
            if message["done"]:
                break
    assert kinds[-1] == "done"
    assert words == whole["words"]
    assert starts == whole["start"]
    assert starts == sorted(starts)
