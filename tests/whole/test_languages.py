"""A fleet of two models hears several languages through one API."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from antiphon.errors import ModelMissing
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings
from support.clients import socket
from support.platform import Platform, empty_platform
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow]

RECORDINGS = Path(__file__).parents[1] / "data" / "languages"
SPOKEN = {entry["language"]: entry for entry in json.loads((RECORDINGS / "manifest.json").read_text())}
RATE_BYTES = 32_000


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    try:
        ModelStore(load_settings().models_dir).folder("whisper-base")
    except ModelMissing:
        pytest.skip("whisper-base is not pulled; run: antiphon models pull whisper-base")
    with empty_platform(tmp_path_factory.mktemp("languages")) as running:
        running.start_api()
        running.start_worker("stt", "stt-0")
        running.start_worker("stt", "stt-1", stt_model="whisper-base")
        running.wait(tts=0, stt=2, timeout_s=240)  # 146 MB are read and converted
        yield running


def transcribed(fleet: Platform, path: str, spoken: str, /, **fields: str) -> dict[str, Any]:
    recording = (RECORDINGS / SPOKEN[spoken]["file"]).read_bytes()
    answer = httpx.post(
        fleet.url + path, headers=fleet.headers, files={"file": recording}, data=fields, timeout=120
    )
    assert answer.is_success, answer.text
    return dict(answer.json())


def test_both_models_are_told_of(fleet: Platform) -> None:
    summary = httpx.get(f"{fleet.url}/status", timeout=5).json()["offerings"]["stt"]
    assert summary["models"] == ["moonshine-tiny-en", "whisper-base"]
    assert {"de", "es", "it", "ja"} <= set(summary["languages"])


@pytest.mark.parametrize("language", sorted(SPOKEN))
def test_a_file_in_the_language_it_is_said_to_be_in(fleet: Platform, language: str) -> None:
    heard = transcribed(
        fleet,
        "/stt",
        language,
        model="ink-whisper",
        language=language,
        **{"timestamp_granularities[]": "word"},
    )
    assert heard["language"] == language
    assert word_error_rate([SPOKEN[language]["text"]], [heard["text"]]) <= 0.3
    assert " ".join(word["word"] for word in heard["words"]) == heard["text"]


def test_the_language_is_found_out_where_nobody_says(fleet: Platform) -> None:
    heard = transcribed(
        fleet, "/v1/audio/transcriptions", "de", model="whisper-1", response_format="verbose_json"
    )
    assert heard["language"] == "de"
    assert transcribed(fleet, "/stt", "es", model="ink-whisper", language="auto")["language"] == "es"


def test_a_model_asked_for_by_name_says_that_another_hears_the_language(fleet: Platform) -> None:
    answer = httpx.post(
        f"{fleet.url}/stt",
        headers=fleet.headers | {"Cartesia-Version": "2026-03-01"},
        files={"file": (RECORDINGS / "de.wav").read_bytes()},
        data={"model": "moonshine-tiny-en", "language": "de"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "language_not_supported")
    assert "whisper-base" in answer.text


async def test_a_stream_in_german(fleet: Platform) -> None:
    pcm = (RECORDINGS / "de.wav").read_bytes()[44:]
    path = "/stt/websocket?model=ink-whisper&language=de&encoding=pcm_s16le&sample_rate=16000"
    finals: list[dict[str, Any]] = []
    async with socket(fleet.url, path) as connection, asyncio.timeout(120):
        for start in range(0, len(pcm), RATE_BYTES // 10):
            await connection.send(pcm[start : start + RATE_BYTES // 10])
        await connection.send("done")
        async for message in connection:
            told = json.loads(message)
            if told["type"] == "transcript" and told["is_final"]:
                finals.append(told)
    assert word_error_rate([SPOKEN["de"]["text"]], ["".join(final["text"] for final in finals)]) <= 0.3
    assert {final["language"] for final in finals} == {"de"}
