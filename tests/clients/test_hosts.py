"""A client that is told no address is led here by the hosts file of its machine, and trusts the CA."""

import socket
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.cli.tlsfiles import HOSTED
from support.proxy import Proxy
from support.spoken import TEXT
from support.words import word_error_rate

pytestmark = [pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(900)]

HTTPS = 443


def with_hosts(hosts: Path) -> list[str]:
    """Runs what follows with a hosts file of its own; nobody else on this machine sees that one."""
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh"]


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(f"127.0.0.1 localhost {HOSTED}\n")
    if subprocess.run([*with_hosts(path), "true"], capture_output=True, check=False).returncode:
        pytest.skip("a hosts file of one's own takes privileges that are not here")
    try:
        socket.create_server(("127.0.0.1", HTTPS)).close()
    except OSError as error:
        pytest.skip(f"port {HTTPS} can't be had: {error.strerror}")
    return path


def test_a_client_without_an_address(launch: Any, served: Any, hosts: Path) -> None:
    with Proxy(served.tls_port, HTTPS):
        ran = launch("cartesia-4", "tls", "unaddressed", under=with_hosts(hosts))
    assert ran.value("address") == f"https://{HOSTED}"
    assert word_error_rate([TEXT], [ran.heard(ran.value("wav"))]) == 0
    assert np.array_equal(ran.samples(ran.value("wav")), ran.samples(ran.value("socket")))
