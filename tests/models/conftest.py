"""Real places that model files come from: a web server, a Python index, wheels, sdists."""

import functools
import hashlib
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from antiphon.models.catalog import Catalog, Model, ModelFile


@dataclass
class Page:
    """What the web server answers at one path.

    Attributes:
        knows_ranges: answer 206 to a request for a range.
        cut_at: close the connection after this many bytes of the whole.
        gate: hold the answer back until it is set.
    """

    body: bytes
    knows_ranges: bool = True
    cut_at: int | None = None
    gate: threading.Event | None = None


@dataclass
class Web:
    """A web server on this machine and the ranges it was asked for."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    ranges: list[str | None] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, web: Web, *args: object) -> None:
        self.web = web
        super().__init__(*args)

    def do_GET(self) -> None:
        page = self.web.pages.get(self.path)
        if page is None:
            self.send_error(404)
            return
        wanted = self.headers["range"]
        self.web.ranges.append(wanted)
        if page.gate:
            page.gate.wait(30)
        start = int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted and page.knows_ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("content-range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
        self.send_header(
            "content-type", "text/html" if self.path.endswith("/") else "application/octet-stream"
        )
        self.send_header("content-length", str(len(page.body) - start))
        self.end_headers()
        self.wfile.write(page.body[start : page.cut_at])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, web))
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield web
    server.shutdown()
    server.server_close()
    thread.join()


def _wheel_bytes(name: str, version: str, members: dict[str, bytes], tag: str = "py3-none-any") -> bytes:
    info = f"{name}-{version}.dist-info"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def _tarball_bytes(top: str, members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in members.items():
            info = tarfile.TarInfo(f"{top}/{member}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all the Python index there is."""
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def add_wheel(wheelhouse: Path) -> Callable[..., None]:
    def add(name: str, version: str, members: dict[str, bytes], tag: str = "py3-none-any") -> None:
        (wheelhouse / f"{name}-{version}-{tag}.whl").write_bytes(_wheel_bytes(name, version, members, tag))

    return add


@pytest.fixture
def add_sdist(wheelhouse: Path) -> Callable[..., None]:
    """Add an sdist that builds without any other package: its backend lies inside."""

    def add(name: str, version: str, members: dict[str, bytes]) -> None:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        backend = f"""
import pathlib
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = pathlib.Path(folder, "{name}-{version}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text({metadata!r})
    return info.name
"""
        build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        files = {"pyproject.toml": build, "backend.py": backend, "PKG-INFO": metadata}
        contents = {path: text.encode() for path, text in files.items()} | members
        (wheelhouse / f"{name}-{version}.tar.gz").write_bytes(_tarball_bytes(f"{name}-{version}", contents))

    return add


@pytest.fixture(scope="session")
def wheel_bytes() -> Callable[..., bytes]:
    return _wheel_bytes


@pytest.fixture(scope="session")
def tarball_bytes() -> Callable[..., bytes]:
    return _tarball_bytes


@pytest.fixture
def toy() -> Callable[..., Catalog]:
    """Make a catalog of one model, ``toy``, from its files' names, contents and sources."""

    def make(files: dict[str, tuple[bytes, list[str]]]) -> Catalog:
        entries = tuple(
            ModelFile(name, len(data), hashlib.sha256(data).hexdigest(), tuple(sources))
            for name, (data, sources) in files.items()
        )
        model = Model("toy", kind="tts", description="A toy.", license="MIT", default=True, files=entries)
        return Catalog((model,))

    return make


@pytest.fixture
def page() -> type[Page]:
    return Page
