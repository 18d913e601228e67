import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect

from antiphon.api.app import create_app
from antiphon.api.models import ModelNames
from antiphon.api.server import listening, serve
from antiphon.api.services import Services
from antiphon.catalog.dictionaries import Dictionaries
from antiphon.catalog.voices import Voices
from antiphon.cli.certificates import SERVER_DAYS
from antiphon.cli.tlsfiles import TlsFiles, create
from antiphon.errors import PortInUse, SettingsError
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings
from support.nats import until

NOW = datetime.now(UTC)


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    made = TlsFiles(tmp_path / "tls")
    create(made, [], NOW)
    return made


def with_tls(files: TlsFiles) -> Settings:
    return Settings(api_port=0, api_tls_port=0, tls_cert=files.certificate, tls_key=files.key)


def trusting(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@asynccontextmanager
async def tls_socket(
    port: int, trust: ssl.SSLContext, host: str = "localhost"
) -> AsyncIterator[ssl.SSLObject]:
    """A connection to this host under a name, as an entry in a hosts file would make it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=host)
    yield writer.get_extra_info("ssl_object")
    writer.close()
    await writer.wait_closed()


def services(settings: Settings, bus: Any) -> Services:
    voices = Voices(aliases={}, default="heart", store=Mock())
    return Services(settings, bus, LocalKeys(["k"]), voices, ModelNames(settings), Dictionaries(Mock()))


async def test_a_certificate_opens_the_second_port(bus: Any, files: TlsFiles) -> None:
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [plain, secure]:
        async with httpx.AsyncClient(verify=trusting(files)) as client:
            for host in ("127.0.0.1", "localhost"):
                assert (await client.get(f"https://{host}:{secure}/")).json()["ok"]
            assert (await client.get(f"http://127.0.0.1:{plain}/")).json()["ok"]
        key = {"X-API-Key": "k"}
        uri = f"wss://localhost:{secure}/tts/websocket"
        async with connect(uri, ssl=trusting(files), additional_headers=key) as socket:
            await socket.send(json.dumps({"context_id": "c", "cancel": True}))
            await socket.send("{")
            assert json.loads(await socket.recv())["status_code"] == 400


async def test_clients_that_do_not_trust_the_authority_are_gone_at_once(bus: Any, files: TlsFiles) -> None:
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [_, secure]:
        async with httpx.AsyncClient(verify=ssl.create_default_context()) as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://localhost:{secure}/")
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(f"wss://localhost:{secure}/tts/websocket", ssl=ssl.create_default_context())


async def test_it_answers_under_the_hosted_name_and_under_no_other(bus: Any, files: TlsFiles) -> None:
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [_, secure]:
        async with tls_socket(secure, trusting(files), "api.cartesia.ai") as connection:
            assert connection.version() == "TLSv1.3"
        with pytest.raises(ssl.SSLCertVerificationError, match="ostname mismatch"):
            async with tls_socket(secure, trusting(files), "api.example.com"):
                pass


async def test_older_tls_is_as_safe_or_refused(bus: Any, files: TlsFiles) -> None:
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [_, secure]:
        older = trusting(files)
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        async with tls_socket(secure, older) as connection:
            name, *_ = connection.cipher() or ("",)
            assert name.startswith("ECDHE-ECDSA-")
            assert "GCM" in name or "POLY1305" in name
        older.set_ciphers("ECDHE-ECDSA-AES128-SHA")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with tls_socket(secure, older):
                pass


async def test_renewed_files_are_served_without_a_restart(
    bus: Any, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serial() -> str:
        async with tls_socket(secure, trust) as connection:
            certificate = connection.getpeercert()
            assert certificate
            return str(certificate["serialNumber"])

    monkeypatch.setattr("antiphon.api.certificate.CHECK_EVERY_S", 0.01)
    trust = trusting(files)  # as it was when the client was set up
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [_, secure]:
        uri = f"wss://localhost:{secure}/tts/websocket"
        async with connect(uri, ssl=trust, additional_headers={"X-API-Key": "k"}) as stays:
            first = await serial()
            with capture_logs() as logs:
                key = files.key.read_bytes()
                files.key.write_bytes(files.ca_key.read_bytes())  # as if one of two had been written
                await until(lambda: logs)
                assert logs[0]["event"] == "certificate_not_reloaded"
                assert await serial() == first
                files.key.write_bytes(key)
                create(files, [], NOW)
                await until(lambda: logs[-1]["event"] == "certificate_reloaded")
            assert await serial() != first
            await (await stays.ping())


async def test_an_expired_certificate_is_refused_by_clients(bus: Any, tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "old")
    create(files, [], NOW - timedelta(days=SERVER_DAYS, hours=1))
    settings = with_tls(files)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [_, secure]:
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
            async with tls_socket(secure, trusting(files)):
                pass


async def test_the_key_of_another_certificate_is_a_settings_error(bus: Any, files: TlsFiles) -> None:
    settings = with_tls(files).model_copy(update={"tls_key": files.ca_key})
    app = services(settings, bus)
    with pytest.raises(SettingsError, match="are not a certificate and its key in PEM: KEY_VALUES_MISMATCH"):
        async with listening(create_app(app), settings, app.lifetime):
            pass


@pytest.mark.parametrize(
    ("content", "wrong"),
    [("nonsense", "are not a certificate and its key in PEM"), (None, "can't be read: No such file")],
)
async def test_a_certificate_that_is_none_is_a_settings_error(
    bus: Any, tmp_path: Path, content: str | None, wrong: str
) -> None:
    path = tmp_path / "server.pem"
    if content:
        path.write_text(content)
    settings = Settings(api_port=0, api_tls_port=0, tls_cert=path, tls_key=path)
    app = services(settings, bus)
    with pytest.raises(SettingsError, match=rf"tls_cert \({path}\) and tls_key \({path}\) {wrong}"):
        async with listening(create_app(app), settings, app.lifetime):
            pass


async def test_a_taken_port_is_named(bus: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(api_port=port)
        app = services(settings, bus)
        with pytest.raises(PortInUse, match=f"{port}.*ANTIPHON_API_PORT"):
            async with listening(create_app(app), settings, app.lifetime):
                pass


async def test_without_a_key_it_does_not_start() -> None:
    with pytest.raises(SettingsError, match="ANTIPHON_API_KEY"):
        await serve(Settings(), asyncio.Event())
