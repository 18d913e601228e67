import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.catalog.voices import LOCAL_VOICES
from antiphon.cli.client import find_server
from antiphon.cli.voices import app


async def test_voices_are_listed(command: Any) -> None:
    result = await command(app)
    assert result.exit_code == 0, result.stderr
    for voice in LOCAL_VOICES:
        assert voice.name in result.stdout
        assert voice.id in result.stdout


async def test_voices_as_json(command: Any) -> None:
    result = await command(app, "--json")
    assert [voice["id"] for voice in json.loads(result.stdout)] == [voice.id for voice in LOCAL_VOICES]
    assert set(json.loads(result.stdout)[0]) == {"id", "name", "language", "description"}


async def test_without_a_server_the_way_to_one_is_told(run: Any) -> None:
    result = await run(app, "--url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: Nothing answers at http://127.0.0.1:9: start it with `antiphon up`, "
        "or name another with --url.\n"
    )


@pytest.mark.parametrize("url", ["localhost:5000", "ftp://localhost", "http://[::1", "5000"])
async def test_a_url_that_is_none_is_told(run: Any, url: str) -> None:
    result = await run(app, "--url", url)
    assert result.exit_code == 1
    assert f"--url {url} is no address" in result.stderr


async def test_a_wrong_key_and_a_missing_one_are_told(run: Any, served: Any) -> None:
    result = await run(app, "--url", served.url, "--api-key", "wrong")
    assert result.exit_code == 1
    assert "does not know this API key: give it with --api-key or ANTIPHON_API_KEY." in result.stderr
    result = await run(app, "--url", served.url)
    assert "wants an API key" in result.stderr


async def test_another_kind_of_server_is_told(run: Any, served: Any) -> None:
    result = await run(app, "--url", f"{served.url}/elsewhere", "--api-key", served.key)
    assert result.exit_code == 1
    assert "Not found: " in result.stderr


def test_the_key_comes_from_flag_environment_or_state_folder(
    no_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_server(None, None, None).key is None
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "api_key").write_text("kept\n")
    assert find_server(None, None, None).key == "kept"
    monkeypatch.setenv("ANTIPHON_API_KEY", "from-environment")
    assert find_server(None, None, None).key == "from-environment"
    assert find_server(None, "flag", None).key == "flag"


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("127.0.0.1", "5000", "http://127.0.0.1:5000"),
        ("0.0.0.0", "5001", "http://127.0.0.1:5001"),
        ("::1", "5000", "http://[::1]:5000"),
        ("speech.local", "80", "http://speech.local:80"),
    ],
)
def test_the_address_comes_from_the_settings(
    no_settings: None, monkeypatch: pytest.MonkeyPatch, host: str, port: str, url: str
) -> None:
    monkeypatch.setenv("ANTIPHON_API_HOST", host)
    monkeypatch.setenv("ANTIPHON_API_PORT", port)
    assert find_server(None, None, None).url == url
