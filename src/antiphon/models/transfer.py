"""One file's way from a source to the disk: appended to a part, verified, and only then put in its place."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from antiphon.models.packages import Packages, SourceFailed
from antiphon.models.sources import Source


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must be.

    Attributes:
        size: in bytes.
        sha256: of its contents, or None when nobody knows yet.
    """

    size: int
    sha256: str | None


def receive(
    source: Source, file: Expected, part: Path, packages: Packages, report: Callable[[int], None]
) -> str:
    """Bring ``part`` to the whole, verified file; return its sha256.

    Raises:
        SourceFailed: the source gave up (``part`` keeps what it gave) or gave something else (it is gone).
    """
    while True:
        start = part.stat().st_size if part.exists() else 0
        if start >= file.size:
            part.unlink()
            start = 0
        size = _append(source.read(start, packages), part, start, file.size, report)
        sha256 = _sha256(part) if size == file.size else ""
        if sha256 and file.sha256 in {None, sha256}:
            return sha256
        part.unlink(missing_ok=True)
        # What an earlier source left may have been the wrong half: this one gets a chance to give it all.
        if not start:
            raise SourceFailed(f"gave {_difference(size, sha256, file)}")


def _append(chunks: Iterator[bytes], part: Path, done: int, limit: int, report: Callable[[int], None]) -> int:
    """Append to ``part``, which has ``done`` bytes, until it is over ``limit``; return its size."""
    for chunk in chunks:
        with part.open("ab") as out:
            out.write(chunk)
        done += len(chunk)
        report(done)
        if done > limit:
            break
    return done


def _difference(size: int, sha256: str, file: Expected) -> str:
    if size != file.size:
        return f"{size} bytes{' and more' if size > file.size else ''}, not the expected {file.size}"
    return f"bytes with sha256 {sha256}, not the expected {file.sha256}"


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def put_in_place(part: Path, target: Path) -> None:
    """Make the finished ``part`` the ``target``, at once and to stay, also if the machine loses power."""
    target.parent.mkdir(exist_ok=True)
    _sync(part)
    part.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
