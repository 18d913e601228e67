import socket

import httpx
import pytest

from antiphon.errors import PortInUse
from antiphon.telemetry.health import Readiness, serve_health


async def test_readyz_follows_readiness_and_says_why_not() -> None:
    readiness = Readiness("loading the model")
    async with serve_health(readiness, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}/readyz"
        before = await client.get(url)
        readiness.set_ready()
        ready = await client.get(url)
        readiness.set_unready("draining")
        after = await client.get(url)
    assert (before.status_code, before.text) == (503, "loading the model\n")
    assert ready.status_code == 200
    assert (after.status_code, after.text) == (503, "draining\n")


async def test_healthz_needs_no_readiness() -> None:
    async with serve_health(Readiness(), "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200


async def test_metrics_are_in_the_prometheus_text_format() -> None:
    async with serve_health(Readiness(), "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE antiphon_api_streams gauge" in answer.text


async def test_it_listens_on_ipv6() -> None:
    async with serve_health(Readiness(), "::1", 0) as port, httpx.AsyncClient() as client:
        assert (await client.get(f"http://[::1]:{port}/healthz")).status_code == 200


async def test_the_port_is_free_again_afterwards() -> None:
    async with serve_health(Readiness(), "127.0.0.1", 0) as port:
        pass
    async with serve_health(Readiness(), "127.0.0.1", port) as again:
        assert again == port


async def test_a_taken_port_names_the_setting_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"{port}.*--metrics-port or ANTIPHON_METRICS_PORT"):
            async with serve_health(Readiness(), "127.0.0.1", port):
                pass


async def test_sigterm_stays_the_process_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    before = signal.getsignal(signal.SIGTERM)
    async with serve_health(Readiness(), "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        await client.get(f"http://127.0.0.1:{port}/healthz")
        assert signal.getsignal(signal.SIGTERM) is before
