"""One platform with the real models, plain and with TLS, and programs that use it through others' clients."""

import json
import os
import subprocess
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.cli.tlsfiles import TlsFiles, create
from support.environments import node_modules_of, python_of
from support.nats import free_port
from support.platform import KEY, Platform, platform
from support.spoken import RECORDING

HERE = Path(__file__).parent
PROGRAM_S = 300
RATE = 24_000


@dataclass(frozen=True)
class Served:
    """Where it serves, and the CA that signed its certificate."""

    platform: Platform
    tls_port: int
    ca: Path

    def url(self, transport: str) -> str:
        """Old SDKs speak plainly to "localhost", and with TLS to everybody else."""
        if transport == "http":
            return self.platform.url.replace("127.0.0.1", "localhost")
        return f"https://127.0.0.1:{self.tls_port}"

    def hear(self, audio: Path) -> str:
        """What the platform hears in a file; ``.pcm`` is pcm_s16le at 24 kHz."""
        query = {"encoding": "pcm_s16le", "sample_rate": RATE} if audio.suffix == ".pcm" else {}
        answer = httpx.post(
            f"{self.platform.url}/stt",
            params=query,
            data={"model": "ink-whisper"},
            files={"file": (audio.name, audio.read_bytes())},
            headers=self.platform.headers,
            timeout=60,
        )
        return str(answer.raise_for_status().json()["text"])


@dataclass(frozen=True)
class Raised:
    """What a step raised: its class and those it comes from, its words, the HTTP status it tells."""

    kinds: list[str]
    message: str
    status: int | None


@dataclass(frozen=True)
class Ran:
    """A program that has run, and what its steps gave."""

    served: Served
    folder: Path
    results: dict[str, dict[str, Any]]

    def value(self, step: str) -> Any:
        """What the step gave; fails with its traceback if it raised."""
        result = self.results[step]
        assert "value" in result, result["traceback"]
        return result["value"]

    def raised(self, step: str) -> Raised:
        """What the step raised; fails if it did not."""
        result = self.results[step]
        assert "raised" in result, f"{step} gave {result['value']!r}"
        return Raised(result["raised"], result["message"], result["status"])

    def heard(self, file: str) -> str:
        """What the platform hears in a file of the program's."""
        return self.served.hear(self.folder / file)

    def samples(self, file: str) -> NDArray[np.int16]:
        """The samples of a file, ``.pcm`` or ``.wav``."""
        path = self.folder / file
        if path.suffix == ".pcm":
            return np.frombuffer(path.read_bytes(), np.int16)
        with wave.open(str(path)) as audio:
            assert (audio.getnchannels(), audio.getframerate(), audio.getsampwidth()) == (1, RATE, 2)
            return np.frombuffer(audio.readframes(audio.getnframes()), np.int16)


Run = Callable[[str], Ran]
Launch = Callable[..., Ran]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("platform")
    files = TlsFiles(folder / "tls")
    create(files, [], datetime.now(UTC))
    port = free_port()
    tls = {"tls_cert": str(files.certificate), "tls_key": str(files.key), "api_tls_port": str(port)}
    with platform(folder, max_streams="32", **tls) as running:
        yield Served(running, port, files.ca)


@pytest.fixture(scope="session")
def launch(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Run a program of a client (a folder here); with TLS it trusts the CA."""

    def launched(client: str, transport: str, program: str = "program", *, under: Sequence[str] = ()) -> Ran:
        # The two have the same form, and so one program.
        script = HERE / {"cartesia-3": "cartesia-4"}.get(client, client) / f"{program}.py"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "SERVER": served.url(transport),
            "KEY": KEY,
            "SPEECH": str(RECORDING),
        }
        if script.exists():
            command = [str(python_of(HERE / client)), str(script)]
            environment["PYTHONPATH"] = str(HERE)
        else:
            command = ["node", str(script.with_suffix(".cjs"))]
            environment["NODE_PATH"] = str(node_modules_of(HERE / client) / "node_modules")
        if transport == "tls":
            trusting = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
            environment |= dict.fromkeys(trusting, str(served.ca))
        folder = tmp_path_factory.mktemp(f"{client}-{transport}")
        done = subprocess.run(
            [*under, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROGRAM_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Ran(served, folder, json.loads(done.stdout.splitlines()[-1]))

    return launched


@pytest.fixture(scope="session", params=["http", "tls"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def run(launch: Launch, transport: str) -> Run:
    """Run the program of a client over this transport; once, whoever asks."""
    return cache(lambda client: launch(client, transport))
