"""Models in buckets, against a real S3 server on this machine."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from antiphon.errors import ModelMissing
from antiphon.models.adding import add
from antiphon.models.buckets import list_objects, read_object
from antiphon.models.packages import SourceFailed
from antiphon.models.places import Place
from antiphon.models.progress import Silence
from antiphon.models.store import ModelStore, Status

KEY, SECRET = "AKIATEST", "of-this-test-alone"
FILES = {"model.bin": os.urandom(700_000), "config.json": b"{}", "vocabulary.txt": b"a\nb\n"}


@dataclass(frozen=True)
class Bucket:
    """The bucket ``models``: what lies in the folder is in it."""

    endpoint: str
    folder: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if rclone is None:
        pytest.skip("needs rclone, which comes with the development dependencies")
    root = tmp_path_factory.mktemp("s3")
    folder = root / "models"
    folder.mkdir()
    flags = ["--config", os.devnull, "--dir-cache-time", "0s", "--addr", "127.0.0.1:0"]
    command = [rclone, "serve", "s3", *flags, "--auth-key", f"{KEY},{SECRET}", str(root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        started = (re.search(r"Starting s3 server on \[(http://[\d.:]+)/\]", line) for line in process.stderr)
        endpoint = next(match[1] for match in started if match)
        yield Bucket(endpoint, folder)
        process.terminate()
        process.stderr.read()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The machine the tests run on may have its own."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    mine = server.folder / "mine"
    mine.mkdir()
    for name, data in FILES.items():
        (mine / name).write_bytes(data)
    yield server
    shutil.rmtree(mine)


def read(url: str, start: int = 0) -> bytes:
    return b"".join(read_object(url, start))


def test_an_object_from_any_offset_of_a_store_without_ranges(bucket: Bucket) -> None:
    data = (bucket.folder / "mine" / "model.bin").read_bytes()
    for start in (0, 1, 300_000, len(data) - 1):
        assert read("s3://models/mine/model.bin", start) == data[start:]


@pytest.mark.parametrize("start", [0, 1, 65_537, 599_999])
def test_an_object_from_any_offset_of_a_store_with_ranges(
    web: Any, page: Any, monkeypatch: pytest.MonkeyPatch, start: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    data = os.urandom(600_000)
    web.pages["/models/a"] = page(data)
    assert read("s3://models/a", start) == data[start:]
    assert web.ranges == [f"bytes={start}-" if start else None]


@pytest.mark.usefixtures("bucket")
def test_only_what_lies_directly_under_a_prefix_is_listed(server: Bucket) -> None:
    (server.folder / "mine" / "deeper").mkdir()
    (server.folder / "mine" / "deeper" / "a").write_bytes(b"a")
    listed = list_objects("s3://models/mine")
    assert {name: size for name, (size, _) in listed.items()} == {k: len(v) for k, v in FILES.items()}
    assert all(etag for _, etag in listed.values())
    assert list_objects("s3://models/nothing") == {}


@pytest.mark.usefixtures("bucket")
def test_a_model_of_a_bucket_is_added_pinned_and_pulled_elsewhere(tmp_path: Path, server: Bucket) -> None:
    store = ModelStore(tmp_path / "one")
    model = add(store, Place.parse("s3://models/mine"))
    assert [file.name for file in model.files] == ["model.bin", "config.json", "vocabulary.txt"]
    elsewhere = tmp_path / "two"
    elsewhere.mkdir()
    shutil.copy(store.root / "catalog.toml", elsewhere)
    other = ModelStore(elsewhere)
    other.pull(["mine"])
    assert {name: (elsewhere / "mine" / name).read_bytes() for name in FILES} == FILES
    # Contents that nobody added are not taken, whatever they are called.
    (server.folder / "mine" / "model.bin").write_bytes(os.urandom(700_000))
    (elsewhere / "mine" / "model.bin").unlink()
    with pytest.raises(ModelMissing, match=r"s3://models/mine/model\.bin: gave bytes with sha256"):
        other.pull(["mine"])
    assert store.status("mine") is Status.PULLED


@pytest.mark.usefixtures("bucket")
def test_what_did_not_change_is_not_fetched_again(tmp_path: Path, server: Bucket) -> None:
    store = ModelStore(tmp_path / "models")
    add(store, Place.parse("s3://models/mine"))
    before = (store.root / "mine" / "model.bin").stat().st_ino
    (server.folder / "mine" / "config.json").write_bytes(b'{"new": 1}')
    add(store, Place.parse("s3://models/mine"))
    assert (store.root / "mine" / "model.bin").stat().st_ino == before
    assert (store.root / "mine" / "config.json").read_bytes() == b'{"new": 1}'


class Interrupted(Silence):
    """Progress that ends the program once half of the model is here."""

    def received(self, what: str, done: int, total: int | None) -> None:
        if what == "mine/model.bin" and done > 300_000:
            raise KeyboardInterrupt


class Watch(Silence):
    """Progress that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def received(self, what: str, done: int, total: int | None) -> None:
        self.heard.append((what, done))


@pytest.mark.usefixtures("bucket")
def test_an_interrupted_addition_leaves_nothing_half_done_and_is_gone_on_with(tmp_path: Path) -> None:
    store, place = ModelStore(tmp_path / "models"), Place.parse("s3://models/mine")
    with pytest.raises(KeyboardInterrupt):
        add(store, place, progress=Interrupted())
    assert not (store.root / "mine").exists()
    assert ModelStore(store.root).own.models == ()
    watch = Watch()
    add(store, place, progress=watch)
    assert min(done for what, done in watch.heard if what == "mine/model.bin") > 300_000
    assert (store.root / "mine" / "model.bin").read_bytes() == FILES["model.bin"]


@pytest.mark.usefixtures("bucket")
def test_without_the_bucket_what_is_here_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ModelStore(tmp_path / "models")
    add(store, Place.parse("s3://models/mine"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    store.pull(["mine"])
    assert ModelStore(store.root).folder("mine") == store.root / "mine"
    with pytest.raises(ModelMissing, match=r"can't be reached at http://127\.0\.0\.1:1"):
        add(store, Place.parse("s3://models/mine"))
    assert store.status("mine") is Status.PULLED


@pytest.mark.usefixtures("bucket")
def test_credentials_of_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text(f"[profile lab]\nregion = eu-north-1\nendpoint_url = {endpoint}\n")
    (aws / "credentials").write_text(f"[lab]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert read("s3://models/mine/config.json") == b"{}"


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(SourceFailed) as caught:
        call()
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("bucket")
def test_what_a_store_refuses_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(lambda: read("s3://models/no")) == "there is no no in the bucket models"
    assert refusal(lambda: read("s3://nowhere/no")) == "there is no bucket nowhere"
    assert refusal(lambda: list_objects("s3://nowhere/no")) == "there is no bucket nowhere"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    for call in (lambda: read("s3://models/mine/config.json"), lambda: list_objects("s3://models/mine")):
        assert "refuses these credentials (SignatureDoesNotMatch); check AWS_ACCESS_KEY_ID" in refusal(call)


def test_an_azure_account_that_nobody_named() -> None:
    assert "set AZURE_STORAGE_ACCOUNT_NAME" in refusal(lambda: list_objects("az://container/mine"))
