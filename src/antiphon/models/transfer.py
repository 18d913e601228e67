"""One file's way from a source to the disk: appended to a part, verified, and only then put in its place."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from antiphon.models.catalog import ModelFile
from antiphon.models.packages import Packages, SourceFailed
from antiphon.models.sources import Source


def receive(
    source: Source, file: ModelFile, part: Path, packages: Packages, report: Callable[[int], None]
) -> None:
    """Bring ``part`` to the whole, verified file.

    Raises:
        SourceFailed: the source gave up (``part`` keeps what it gave) or gave something else (it is gone).
    """
    while True:
        start = part.stat().st_size if part.exists() else 0
        if start >= file.size:
            part.unlink()
            start = 0
        size = _append(source.read(start, packages), part, start, file.size, report)
        difference = _difference(part, size, file)
        if difference is None:
            return
        part.unlink(missing_ok=True)
        # What an earlier source left may have been the wrong half: this one gets a chance to give it all.
        if not start:
            raise SourceFailed(f"gave {difference}")


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


def _difference(part: Path, size: int, file: ModelFile) -> str | None:
    if size != file.size:
        return f"{size} bytes{' and more' if size > file.size else ''}, not the expected {file.size}"
    with part.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return None if sha256 == file.sha256 else f"bytes with sha256 {sha256}, not the expected {file.sha256}"


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
