"""What clients make outlives the API servers, which share it."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cartesia import AuthenticationError, Cartesia, NotFoundError, PermissionDeniedError

from support.platform import KEY, Platform, empty_platform


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Platform]:
    """Two API servers with one catalog, and no workers."""
    with empty_platform(tmp_path) as running:
        for name in ("api", "api-2"):
            running.start_api(name)
        for name in ("api", "api-2"):
            running.wait_ready(name)
        yield running


def sdk(running: Platform, api: str) -> Cartesia:
    return Cartesia(api_key=KEY, base_url=running.url_of(api), max_retries=0)


def clip() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16_000)
        wav.writeframes(b"\1\0" * 16_000)
    return file.getvalue()


@pytest.mark.slow
def test_what_was_made_is_there_on_every_server_and_after_a_kill(servers: Platform) -> None:
    with sdk(servers, "api") as one, sdk(servers, "api-2") as two:
        voice = one.voices.clone(clip=("a.wav", clip()), name="Ada", language="en")
        dictionary = one.pronunciation_dicts.create(name="d", items=[{"text": "nginx", "alias": "engine x"}])
        gone = two.voices.localize(voice_id=voice.id, name="gone", accent="british")
        assert [each.name for each in two.voices.list(is_owner=True)] == ["gone", "Ada"]
        two.voices.update(voice.id, name="Eva")
        one.voices.delete(gone.id)
        servers.kill("api")
        servers.kill("api-2")
        servers.start_api("api")
        servers.wait_ready("api")
        assert [each.name for each in one.voices.list(is_owner=True)] == ["Eva"]
        assert one.pronunciation_dicts.retrieve(dictionary.id) == dictionary
        with pytest.raises(NotFoundError):
            one.voices.get(gone.id)


@pytest.mark.slow
def test_a_token_of_one_server_is_taken_by_the_other_and_after_a_kill(servers: Platform) -> None:
    with sdk(servers, "api") as one:
        token = one.access_token.create(expires_in=600, grants={"stt": True}).token

    def ask(api: str) -> None:
        with Cartesia(token=token, base_url=servers.url_of(api), max_retries=0) as guest:
            with pytest.raises(PermissionDeniedError):
                guest.access_token.create(grants={"stt": True})
            with pytest.raises(PermissionDeniedError, match="'tts'"):
                guest.tts.generate(
                    model_id="sonic",
                    transcript="x",
                    voice="heart",
                    output_format={"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8000},
                )

    ask("api-2")
    servers.kill("api-2")
    servers.start_api("api-2")
    servers.wait_ready("api-2")
    ask("api-2")
    with (
        Cartesia(token=f"{token}x", base_url=servers.url, max_retries=0) as thief,
        pytest.raises(AuthenticationError),
    ):
        thief.access_token.create(grants={"stt": True})


@pytest.mark.slow
def test_a_catalog_that_can_not_be_used_keeps_the_server_from_starting(servers: Platform) -> None:
    (servers.folder / "broken").mkdir()
    (servers.folder / "broken" / "catalog.sqlite").write_bytes(b"no database" * 1000)
    process = servers.start_api("api-3", catalog_dir=str(servers.folder / "broken"))
    assert process.wait(30) == 1
    told = servers.log("api-3")
    assert "damaged" in told
    assert "--catalog-dir" in told
    assert "Traceback" not in told
    assert httpx.get(f"{servers.url}/status").is_success
