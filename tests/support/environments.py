"""Environments in which other clients live, each with its own locked packages; made once, kept in .venvs/."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".venvs"
INSTALL_S = 600


def python_of(client: Path) -> Path:
    """The Python that has what the ``requirements.lock`` of this folder pins; skips where it can't be had."""

    def install(target: Path) -> None:
        _run(sys.executable, "-m", "venv", str(target))
        pip = [
            str(target / "bin" / "python"),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        _run(*pip, "--no-input", "--require-hashes", "-r", str(client / "requirements.lock"))

    return _kept(client, client / "requirements.lock", install) / "bin" / "python"


def node_modules_of(client: Path) -> Path:
    """A folder with the ``node_modules`` of ``package-lock.json``; skips the test where there is no Node."""
    if not shutil.which("npm"):
        pytest.skip("there is no npm here")

    def install(target: Path) -> None:
        target.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(client / name, target)
        _run("npm", "ci", "--prefix", str(target), "--ignore-scripts", "--no-audit", "--no-fund")

    return _kept(client, client / "package-lock.json", install)


def _kept(client: Path, lock: Path, install: Callable[[Path], None]) -> Path:
    """The environment of this lock file, made if need be; another lock file has another."""
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    target = KEPT / f"{client.name}-{digest}"
    complete = target / ".complete"
    with _alone(target):
        if not complete.exists():
            shutil.rmtree(target, ignore_errors=True)
            try:
                install(target)
            except subprocess.CalledProcessError as error:
                why = error.stderr.strip().splitlines() or ["no reason given"]
                pytest.skip(f"{client.name} can't be installed: {why[-1]}")
            except subprocess.TimeoutExpired:
                pytest.skip(f"{client.name} was not installed within {INSTALL_S} s")
            complete.touch()
    return target


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One test run at a time makes an environment; the others wait for it."""
    KEPT.mkdir(exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_S)
