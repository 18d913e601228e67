import asyncio
import re
import shlex
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from antiphon.cli.certificates import Identity
from antiphon.cli.listen import app as listen
from antiphon.cli.tls import app
from antiphon.cli.tlsfiles import TlsFiles, create
from antiphon.cli.voices import app as voices


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Of a server that shows a certificate of our own, and then says nothing."""
    files = TlsFiles(tmp_path / "serving")
    create(files, [], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_commands_say_that_they_do_not_trust_the_server(
    no_settings: None, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def complaint(command: Any, *arguments: str, host: str = "localhost") -> str:
        given = [*arguments, "--url", f"https://{host}:{port}", "--api-key", "k"]
        result = await asyncio.to_thread(CliRunner().invoke, command, given, input=bytes(3200))
        assert result.exit_code == 1
        return result.stderr

    untrusted = f"The certificate of https://localhost:{port} is not trusted here (unable to get local issuer"
    assert untrusted in await complaint(voices)
    assert untrusted in await complaint(listen, "-", "--encoding", "pcm_s16le", "--sample-rate", "16000")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "serving" / "ca.pem"))
    assert "is not trusted here (IP address mismatch" in await complaint(voices, host="127.0.0.2")
    assert "not trusted" not in await complaint(voices)


FILES = {"ca.pem", "ca-key.pem", "server.pem", "server-key.pem"}


@pytest.fixture
def run(no_settings: None) -> Any:
    return lambda *arguments: CliRunner().invoke(app, ["create", *arguments])


def test_it_goes_into_the_state_folder_and_says_how_to_use_it(run: Any, tmp_path: Path) -> None:
    result = run("--host", "speech.example.com", "--host", "10.1.2.3")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "state" / "tls"
    assert {path.name for path in folder.iterdir()} == FILES
    server = Identity.from_pem((folder / "server.pem").read_bytes(), (folder / "server-key.pem").read_bytes())
    assert f"for {', '.join(server.names)}" in result.stdout
    assert "speech.example.com" in result.stdout
    assert "antiphon up --tls\n" in result.stdout
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"export {variable}={folder / 'ca.pem'}" in result.stdout
    assert "ADDRESS-OF-THIS-HOST api.cartesia.ai" in result.stdout


def test_another_folder_is_served_by_its_files(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "of mine"
    result = run("--folder", str(folder))
    assert {path.name for path in folder.iterdir()} == FILES
    command = re.search(
        r"^  (antiphon up --tls-cert=.*|antiphon up '--tls-cert=.*)$", result.stdout, re.MULTILINE
    )
    assert command
    assert shlex.split(command[1]) == [
        "antiphon",
        "up",
        f"--tls-cert={folder}/server.pem",
        f"--tls-key={folder}/server-key.pem",
    ]


def test_a_new_authority_only_by_force(run: Any, tmp_path: Path) -> None:
    ca = tmp_path / "state" / "tls" / "ca.pem"
    run()
    first = ca.read_bytes()
    run()
    assert ca.read_bytes() == first
    run("--force")
    assert ca.read_bytes() != first


def test_what_is_no_host_is_told(run: Any) -> None:
    result = run("--host", "https://speech.example.com")
    assert result.exit_code == 1
    assert "Error: A certificate can't be made out to 'https://speech.example.com'" in result.stderr
