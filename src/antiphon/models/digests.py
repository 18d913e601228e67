"""The sha256 of files, remembered: a start compares size and time of change, and hashes only what changed."""

import contextlib
import hashlib
import os
from pathlib import Path
from uuid import uuid4

import msgspec


class _Stamp(msgspec.Struct, frozen=True):
    """What a file hashed to when it had this size (bytes) and time of change (ns since the epoch)."""

    size: int
    mtime_ns: int
    sha256: str


class Digests:
    """The digests of the files in one folder, kept in it as ``.digests.json``.

    Args:
        folder: need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / ".digests.json"

    def known(self, name: str) -> str:
        """The file's sha256, from memory unless its size or time of change is another.

        Raises:
            OSError: the file can't be read.
        """
        stat = (self._folder / name).stat()
        stamp = self._load().get(name)
        if stamp and (stamp.size, stamp.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return stamp.sha256
        return self.fresh(name)

    def fresh(self, name: str) -> str:
        """The file's sha256, computed from its contents and remembered.

        Raises:
            OSError: the file can't be read.
        """
        path = self._folder / name
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._remember(name, _Stamp(stat.st_size, stat.st_mtime_ns, sha256))
        return sha256

    def _load(self) -> dict[str, _Stamp]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Stamp])
        except (OSError, msgspec.DecodeError):
            return {}

    def _remember(self, name: str, stamp: _Stamp) -> None:
        # A models folder may be mounted read-only: then each start hashes, which is slower and no less right.
        with contextlib.suppress(OSError):
            draft = self._path.with_name(f".digests-{uuid4().hex}")
            draft.write_bytes(msgspec.json.encode({**self._load(), name: stamp}))
            draft.replace(self._path)
