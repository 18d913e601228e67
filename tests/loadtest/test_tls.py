import asyncio
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import serve

from antiphon.loadtest.loads import closed_loop
from antiphon.loadtest.speech import BytesClient, SpeechClient, WebSocketClient


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    subject = ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *subject, "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


async def errors(client: SpeechClient) -> set[str | None]:
    run = await closed_loop(client, concurrency=1, duration_s=0.1, texts=["tone"])
    await client.aclose()
    return {request.error for request in run.requests}


async def test_servers_with_a_trusted_certificate_are_reached(
    fake: Any, certificate: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    https = await asyncio.start_server(fake.answer, "127.0.0.1", 0, ssl=certificate)
    async with https, serve(fake.talk, "127.0.0.1", 0, ssl=certificate, compression=None) as wss:
        ports = https.sockets[0].getsockname()[1], next(iter(wss.sockets)).getsockname()[1]
        at_http, at_ws = (f"https://127.0.0.1:{port}" for port in ports)
        assert await errors(BytesClient(replace(fake.http, url=at_http))) == {"unreachable"}
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        assert await errors(BytesClient(replace(fake.http, url=at_http))) == {None}
        assert await errors(WebSocketClient(replace(fake.ws, url=at_ws))) == {None}
