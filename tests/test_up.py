"""The whole platform by its one command, with the real models."""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from antiphon.cli.ports import free_ports

pytestmark = [pytest.mark.models, pytest.mark.slow]


def _arguments(state_dir: Path, *more: str) -> list[str]:
    nats_port, monitoring_port = free_ports("127.0.0.1", 2)
    ports = {"api": 0, "metrics": 0, "nats": nats_port, "nats-monitoring": monitoring_port}
    flags = [f"--{name}-port={number}" for name, number in ports.items()]
    return [sys.executable, "-m", "antiphon", "up", f"--state-dir={state_dir}", *flags, *more]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}


@contextmanager
def _up(state_dir: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``antiphon up`` until it serves; gives the process and what it printed."""
    process = subprocess.Popen(
        _arguments(state_dir, *more),
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout
            printed = ""
            for line in process.stdout:
                printed += line
                if line.startswith("Serving until"):
                    break
            yield process, printed
        finally:
            process.kill()


def _key(printed: str) -> str:
    found = re.search(r"^API key: (ak_\w+)$", printed, re.MULTILINE)
    assert found
    return found[1]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_check_proves_itself_and_leaves_nothing_running(tmp_path: Path) -> None:
    done = subprocess.run(
        _arguments(tmp_path / "state", "--check"),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^Said   The train", done.stdout, re.MULTILINE)
    assert re.search(r"^Heard  The train", done.stdout, re.MULTILINE)
    assert re.search(r"First audio after \d+ ms, real-time factor \d\.\d+", done.stdout)
    assert "Traceback" not in done.stderr
    for log in (tmp_path / "state" / "logs").iterdir():
        assert "Traceback" not in log.read_text()


def test_it_serves_refuses_a_second_start_and_stops_everything_on_ctrl_c(tmp_path: Path) -> None:
    with _up(tmp_path / "state", "--tts-workers=2") as (process, printed):
        key = _key(printed)
        url = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert url
        children = _children(process.pid)
        assert len(children) == 5
        assert httpx.get(f"{url[0]}/voices", headers={"X-API-Key": key}).status_code == 200
        assert httpx.get(f"{url[0]}/voices", headers={"X-API-Key": "ak_wrong"}).status_code == 401

        second = subprocess.run(
            _arguments(tmp_path / "state"),
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert f"pid {process.pid}, serving {url[0]}" in second.stderr

        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
        assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_a_killed_platform_leaves_no_process_and_its_folder_can_be_used_again(tmp_path: Path) -> None:
    with _up(tmp_path / "state") as (process, first):
        children = _children(process.pid)
        process.kill()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with _up(tmp_path / "state") as (_, again):
        pass
    assert _key(again) == _key(first)


def test_tls_beside_plain_with_a_certificate_that_is_made_once(tmp_path: Path) -> None:
    ca = tmp_path / "state" / "tls" / "ca.pem"
    made: list[bytes] = []
    for _ in range(2):
        with _up(tmp_path / "state", "--tls", "--api-tls-port=0") as (_, printed):
            secure = re.search(r"https://127\.0\.0\.1:\d+", printed)
            plain = re.search(r"http://127\.0\.0\.1:\d+", printed)
            assert secure
            assert plain
            trust = ssl.create_default_context(cafile=ca)
            headers = {"X-API-Key": _key(printed)}
            assert httpx.get(f"{secure[0]}/voices", headers=headers, verify=trust).status_code == 200
            assert httpx.get(f"{plain[0]}/voices", headers=headers).status_code == 200
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                httpx.get(f"{secure[0]}/voices")
        made.append(ca.read_bytes())
    assert made[0] == made[1]


def test_tls_of_its_own_and_of_yours_exclude_each_other(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    done = subprocess.run(
        _arguments(tmp_path / "state", "--tls", f"--tls-cert={pem}", f"--tls-key={pem}"),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "--tls makes a certificate" in done.stderr
