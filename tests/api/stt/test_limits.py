import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from antiphon.settings import Settings

PARAMETERS = "model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, api_port=0, shutdown_grace_s=0.2, stt_streams_per_key=1)


@pytest.mark.parametrize("path", ["/stt/websocket", "/stt/turns/websocket"])
async def test_a_stream_too_many_is_refused_at_the_upgrade(served: Any, path: str) -> None:
    url = f"ws://127.0.0.1:{served.port}{path}?{PARAMETERS}&api_key={served.key}&cartesia_version=2026-03-01"
    async with connect(url):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        assert refused.value.response.status_code == 429
        assert b'"concurrency_limited"' in refused.value.response.body
        assert int(refused.value.response.headers["retry-after"]) >= 1
    key_id = hashlib.sha256(served.key.encode()).hexdigest()[:12]
    while served.services.limits.used("STT streams", key_id):
        await asyncio.sleep(0.005)
    async with connect(url):
        pass


@pytest.mark.parametrize("path", ["/stt", "/v1/audio/transcriptions"])
async def test_a_file_is_a_stream(served: Any, path: str) -> None:
    url = f"ws://127.0.0.1:{served.port}/stt/websocket?{PARAMETERS}&api_key={served.key}"
    async with connect(url), httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as http:
        response = await http.post(
            path,
            files={"file": ("a.wav", b"")},
            data={"model": "whisper-1"},
            headers={"X-API-Key": served.key},
        )
        assert response.status_code == 429, response.text
