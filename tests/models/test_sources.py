import os
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.packages import Packages, SourceFailed
from antiphon.models.sources import (
    BucketFile,
    HubFile,
    InstalledFile,
    Joined,
    LocalFile,
    NpmMember,
    PypiMember,
    Source,
    Url,
    parse_source,
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., bytes]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    packages = Packages(scratch, lambda *_: None)

    def read(source: Source, start: int = 0) -> bytes:
        return b"".join(source.read(start, packages))

    return read


@pytest.mark.parametrize(
    ("address", "ways"),
    [
        (
            "pypi://a-b==1.0+c/d/e.onnx",
            (InstalledFile("a-b", "1.0+c", "d/e.onnx"), PypiMember("a-b", "1.0+c", "d/e.onnx")),
        ),
        (
            "pypi://a==1/b?platform=linux_x",
            (InstalledFile("a", "1", "b"), PypiMember("a", "1", "b", "linux_x")),
        ),
        ("npm://toy@1.0.0/build/a.onnx", (NpmMember("toy", "1.0.0", "build/a.onnx"),)),
        ("npm://@scope/toy@1.0.0/a", (NpmMember("@scope/toy", "1.0.0", "a"),)),
        ("hf://owner/model@main/onnx/a.onnx", (HubFile("owner/model", "main", "onnx/a.onnx"),)),
        ("https://example.org/a?b=c", (Url("https://example.org/a?b=c"),)),
        ("http://127.0.0.1:80/a", (Url("http://127.0.0.1:80/a"),)),
        ("s3://bucket/models/a", (BucketFile("s3://bucket/models/a"),)),
        ("az://container/a", (BucketFile("az://container/a"),)),
        ("file:///mnt/my%20models/a", (LocalFile(Path("/mnt/my models/a")),)),
    ],
)
def test_addresses_are_parsed(address: str, ways: tuple[Source, ...]) -> None:
    assert parse_source(address) == ways


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://bucket/a", "no scheme that models can come from; known are pypi://, npm://, hf://"),
        ("s3://bucket", "s3://bucket/key"),
        ("gs:///a", "gs://bucket/key"),
        ("/a/path", "no scheme"),
        ("pypi://toy/a", "pypi://package==version/path"),
        ("pypi://--index-url==1/a", "pypi://package==version/path"),
        ("pypi://toy==1/a?platforms=x", "the option platform alone, not platforms"),
        ("npm://toy/a", "npm://package@version/path"),
        ("npm://--registry@1/a", "npm://package@version/path"),
        ("hf://model@main/a", "hf://owner/repository@revision/path"),
        ("file://host/a", "file:///absolute/path"),
        ("https:///a", "names no host"),
    ],
)
def test_malformed_addresses_say_what_would_be_right(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_source(address)


@pytest.mark.parametrize("knows_ranges", [True, False])
@pytest.mark.parametrize("start", [0, 1, 65_537, 599_999])
def test_http_gives_the_rest(
    web: Any, page: Any, read: Callable[..., bytes], knows_ranges: bool, start: int
) -> None:
    data = os.urandom(600_000)
    web.pages["/a"] = page(data, knows_ranges=knows_ranges)
    assert read(Url(f"{web.url}/a"), start) == data[start:]
    assert web.ranges == [f"bytes={start}-" if start else None]


def test_http_that_breaks_off_is_a_failure(web: Any, page: Any, read: Callable[..., bytes]) -> None:
    web.pages["/a"] = page(b"x" * 1000, cut_at=400)
    with pytest.raises(SourceFailed, match="RemoteProtocolError"):
        read(Url(f"{web.url}/a"))


def test_http_refusals_are_told(web: Any, read: Callable[..., bytes]) -> None:
    with pytest.raises(SourceFailed, match="HTTP status 404 Not Found"):
        read(Url(f"{web.url}/nowhere"))
    with pytest.raises(SourceFailed, match="ConnectError"):
        read(Url("http://127.0.0.1:1/a"))


def test_the_hub_and_its_mirror(
    web: Any, page: Any, read: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{web.url}/")
    web.pages["/owner/model/resolve/refs%2Fpr%2F1/onnx/a%20b"] = page(b"abc")
    assert read(HubFile("owner/model", "refs/pr/1", "onnx/a b")) == b"abc"


def test_a_local_file_from_an_offset(tmp_path: Path, read: Callable[..., bytes]) -> None:
    (tmp_path / "a").write_bytes(b"abcdef")
    assert read(LocalFile(tmp_path / "a"), 2) == b"cdef"
    with pytest.raises(SourceFailed, match=r"nowhere: No such file"):
        read(LocalFile(tmp_path / "nowhere"))
    with pytest.raises(SourceFailed, match="Is a directory"):
        read(LocalFile(tmp_path))


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4), st.integers(0, 80))
def test_joined_parts_are_one_file(parts: list[bytes], start: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, part in enumerate(parts):
            (folder / str(number)).write_bytes(part)
        (source,) = parse_source(tuple((folder / str(number)).as_uri() for number in range(len(parts))))
        packages = Packages(folder / "scratch", lambda *_: None)
        assert b"".join(source.read(start, packages)) == b"".join(parts)[start:]


def test_a_part_comes_from_whichever_way_gives_it(
    web: Any, page: Any, tmp_path: Path, read: Callable[..., bytes]
) -> None:
    web.pages["/broken"] = page(b"abcdef", cut_at=3)
    (tmp_path / "whole").write_bytes(b"abcdef")
    parts = ((Url(f"{web.url}/broken"), LocalFile(tmp_path / "whole")), (LocalFile(tmp_path / "whole"),))
    assert read(Joined(parts)) == b"abcdefabcdef"
    assert str(Joined(parts)) == " + ".join([(tmp_path / "whole").as_uri()] * 2)


def test_joined_parts_tell_which_part_failed(tmp_path: Path, read: Callable[..., bytes]) -> None:
    (tmp_path / "one").write_bytes(b"abc")
    (source,) = parse_source(((tmp_path / "one").as_uri(), (tmp_path / "two").as_uri()))
    with pytest.raises(SourceFailed, match="/two: No such file"):
        read(source)


def test_a_file_of_an_installed_package(
    tmp_path: Path, read: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "antiphon_toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: antiphon-toy\nVersion: 1.0\n")
    (tmp_path / "a").write_bytes(b"abc")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read(InstalledFile("antiphon-toy", "1.0", "a")) == b"abc"
    with pytest.raises(SourceFailed, match=r"version 1\.0 is installed"):
        read(InstalledFile("antiphon-toy", "1.1", "a"))
    with pytest.raises(SourceFailed, match="not installed"):
        read(InstalledFile("antiphon-other", "1.0", "a"))
    with pytest.raises(SourceFailed, match="No such file"):
        read(InstalledFile("antiphon-toy", "1.0", "b"))


def test_a_file_of_a_package_that_pip_fetches(
    add_wheel: Callable[..., None], read: Callable[..., bytes]
) -> None:
    add_wheel("antiphon_toy", "1.0", {"antiphon_toy/a": b"abc"})
    assert read(PypiMember("antiphon-toy", "1.0", "antiphon_toy/a"), 1) == b"bc"
