import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon.cli.ports import Port, free_ports, holder_of, require_free
from antiphon.errors import PortInUse, SettingsError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _port(number: int, host: str = "127.0.0.1") -> Port:
    return Port(number, host, "the API", "--api-port")


def test_free_ports_are_different_and_pass() -> None:
    numbers = free_ports("127.0.0.1", 5)
    assert len(set(numbers)) == 5
    require_free(map(_port, numbers))


def test_a_taken_port_is_told_with_its_holder_its_wanter_and_the_option(taken: int) -> None:
    with pytest.raises(PortInUse) as caught:
        require_free([_port(taken)])
    name = Path("/proc/self/comm").read_text().strip()
    assert str(caught.value) == (
        f"Port {taken} is taken (by {name}, pid {os.getpid()}); the API wants it: "
        "choose another with --api-port or ANTIPHON_API_PORT."
    )


def test_a_port_taken_on_all_addresses_is_taken() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener, pytest.raises(PortInUse):
        require_free([_port(listener.getsockname()[1])])


def test_the_holder_is_found_on_ipv6_and_none_when_nobody_holds_it() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        number = listener.getsockname()[1]
        assert str(os.getpid()) in (holder_of(number) or "")
    assert holder_of(number) is None


def test_two_wanters_of_one_port_are_told_apart() -> None:
    (number,) = free_ports("127.0.0.1", 1)
    with pytest.raises(SettingsError, match=rf"NATS and the API both want port {number}: .* --api-port"):
        require_free([Port(number, "127.0.0.1", "NATS", "--nats-port"), _port(number)])


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match=rf"{host} is no address"):
        require_free([_port(1234, host)])
