"""The ports a platform wants on this host: free or not, and who holds them."""

import contextlib
import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import PortInUse, SettingsError

_TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that something is going to listen on.

    Attributes:
        number: the port.
        host: the address.
        wanter: what wants it, for a person: ``the API``.
        flag: the option that moves it.
    """

    number: int
    host: str
    wanter: str
    flag: str

    @property
    def remedy(self) -> str:
        """What to do to move it."""
        variable = self.flag.removeprefix("--").replace("-", "_").upper()
        return f"choose another with {self.flag} or ANTIPHON_{variable}"


def require_free(ports: Iterable[Port]) -> None:
    """Check that all these ports can be listened on.

    Raises:
        SettingsError: two of them are the same.
        PortInUse: naming the port, who holds it, what wanted it and the option that moves it.
    """
    wanted: dict[int, Port] = {}
    for port in ports:
        if port.number in wanted:
            other = wanted[port.number].wanter
            raise SettingsError(f"{other} and {port.wanter} both want port {port.number}: {port.remedy}.")
        wanted[port.number] = port
        _require_free(port)


def free_ports(host: str, count: int) -> list[int]:
    """Ports that nothing listens on now; all different."""
    with ExitStack() as listeners:
        return [listeners.enter_context(_listener(host, 0)).getsockname()[1] for _ in range(count)]


def holder_of(port: int) -> str | None:
    """Who listens on a port, such as ``nats-server, pid 123``; None when that can't be known."""
    inodes = {f"socket:[{inode}]" for table in _TCP_TABLES for inode in _listening(table, port)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone, or another user's
            if any(str(handle.readlink()) in inodes for handle in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
    return None


def _require_free(port: Port) -> None:
    try:
        _listener(port.host, port.number).close()
    except OSError as error:
        wish = f"{port.wanter} wants it: {port.remedy}."
        if error.errno != errno.EADDRINUSE:
            raise PortInUse(f"Port {port.number} can't be used ({_reason(error)}); {wish}") from None
        holder = holder_of(port.number)
        by = f" (by {holder})" if holder else ""
        raise PortInUse(f"Port {port.number} is taken{by}; {wish}") from None


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        # Failures of name resolution come with their own, negative numbers.
        if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:
            raise SettingsError(f"{host} is no address of this host ({_reason(error)}).") from None
        raise


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).partition(" (while")[0]


def _listening(table: Path, port: int) -> Iterable[str]:
    """Inodes of the sockets in a table of the kernel that listen on a port (man 5 proc)."""
    try:
        _, *rows = table.read_text().splitlines()
    except OSError:
        return
    for row in rows:
        _, local, _, state, *_rest = row.split()
        if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
            yield row.split()[9]
