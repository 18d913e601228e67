"""The state folder of a platform on one host: who owns it, its API key, what a killed run left in it."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.filesize import decimal

from antiphon.bus.server import NatsServer
from antiphon.errors import StateInUse, StorageError

_LOCK = "up.json"
_KEY = "api_key"
_NEEDED_BYTES = 64 * 1024 * 1024
_LEFTOVER_GRACE_S = 5.0


@contextmanager
def claimed(folder: Path, url: str) -> Generator[None]:
    """Own the state folder while the block runs. The kernel ends the claim of a process that was killed.

    Args:
        folder: the state folder; made when it is not there.
        url: where this platform will serve, told to whoever tries to start a second one.

    Raises:
        StateInUse: another process owns it.
        StorageError: it can't be written, or the disk is full.
    """
    with _telling_of_storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < _NEEDED_BYTES:
            raise StorageError(
                f"The disk of {folder} is full: {decimal(free)} of {decimal(_NEEDED_BYTES)} needed are free. "
                "Make room, or choose another folder with --state-dir or ANTIPHON_STATE_DIR."
            )
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateInUse(_owner(folder, lock)) from None
        with _telling_of_storage(folder):
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
        yield
        os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def api_key(folder: Path) -> str:
    """The key kept in the state folder, made at the first call; only its owner may read the file.

    Raises:
        StorageError: it can't be read or written.
    """
    path = folder / _KEY
    with _telling_of_storage(path):
        if path.exists():
            kept = path.read_text(encoding="ascii", errors="replace").strip()
            if kept:
                return kept
        key = f"ak_{secrets.token_hex(16)}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.fchmod(handle, 0o600)  # also where an empty file was there before
            os.write(handle, f"{key}\n".encode())
        finally:
            os.close(handle)
        return key


def end_leftover(server: NatsServer) -> int | None:
    """End a NATS server that an earlier run of the same state folder left behind; return its process id.

    To be called by the folder's owner, to whom any such process is a leftover.
    """
    try:
        pid = int(server.pid_file.read_text())
    except (OSError, ValueError):
        return None  # it stopped in an orderly way
    if not _runs(pid, server):
        return None
    deadline = time.monotonic() + _LEFTOVER_GRACE_S
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while _runs(pid, server) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _runs(pid, server):
            os.kill(pid, signal.SIGKILL)
    return pid


def _runs(pid: int, server: NatsServer) -> bool:
    """Whether that process is this server: the number may belong to another by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(server.config_file) in command


def _owner(folder: Path, lock: int) -> str:
    remedy = "Stop it, or choose another folder with --state-dir or ANTIPHON_STATE_DIR"
    try:
        owner = json.loads(os.pread(lock, 4096, 0))
        who = f"pid {owner['pid']}, serving {owner['url']}"
    except (ValueError, KeyError, TypeError):
        who = "just starting or stopping"
    return f"Antiphon already runs from {folder} ({who}). {remedy}."


@contextmanager
def _telling_of_storage(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StorageError(
            f"Can't use {path}: {reason}. Choose another folder with --state-dir or ANTIPHON_STATE_DIR."
        ) from None
