import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from unittest.mock import Mock

from antiphon.api.app import create_app
from antiphon.api.models import ModelNames
from antiphon.api.server import listening, serve
from antiphon.api.services import Services
from antiphon.catalog.voices import Voices
from antiphon.errors import PortInUse, SettingsError
from antiphon.licensing.client import LocalKeys
from antiphon.settings import Settings
from antiphon.catalog.dictionaries import Dictionaries


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Path]:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(
        [*command, "-nodes", "-days", "1", *subject, "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return {"tls_cert": cert, "tls_key": key}


def services(settings: Settings, bus: Any) -> Services:
    voices = Voices(aliases={}, default="heart")
    return Services(settings, bus, LocalKeys(["k"]), voices, ModelNames(settings), Dictionaries(Mock()))


async def test_a_certificate_opens_the_second_port(bus: Any, certificate: dict[str, Path]) -> None:
    settings = Settings(api_port=0, api_tls_port=0, **certificate)
    app = services(settings, bus)
    async with listening(create_app(app), settings, app.lifetime) as [plain, secure]:
        trust = ssl.create_default_context(cafile=str(certificate["tls_cert"]))
        async with httpx.AsyncClient(verify=trust) as client:
            assert (await client.get(f"https://127.0.0.1:{secure}/")).json()["ok"]
            assert (await client.get(f"http://127.0.0.1:{plain}/")).json()["ok"]


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
