import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.catalog.ids import is_new_id, new_id
from antiphon.catalog.store import LocalStore, local_store
from antiphon.errors import StorageError

WRITER = """
import asyncio, sys
from pathlib import Path
from antiphon.catalog.store import local_store

async def main():
    with local_store(Path(sys.argv[1])) as store:
        for number in range(100_000):
            await store.put_file(f"clip-{number}", b"x" * 50_000)
            await store.put("numbers", f"{number:06}", b"%d" % number)
            print(number, flush=True)

asyncio.run(main())
"""

ADDER = """
import asyncio, sys
from pathlib import Path
from antiphon.catalog.store import local_store

async def main():
    with local_store(Path(sys.argv[1])) as store:
        await store.claim("counters", "all", b"0")
        for _ in range(100):
            await store.update("counters", "all", lambda body: b"%d" % (int(body) + 1))

asyncio.run(main())
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    with local_store(tmp_path / "catalog") as store:
        yield store


async def test_documents_and_files_are_kept_until_they_are_deleted(store: LocalStore) -> None:
    await store.put("voices", "b", b"1")
    await store.put("voices", "a", b"2")
    await store.put("voices", "b", b"3")
    await store.put("other", "b", b"4")
    await store.put_file("clip", b"first")
    await store.put_file("clip", b"sound")
    assert store.get("voices", "b") == b"3"
    assert await store.list("voices") == (("a", b"2"), ("b", b"3"))
    assert await store.get_file("clip") == b"sound"
    assert await store.delete("voices", "b")
    assert not await store.delete("voices", "b")
    await store.delete_file("clip")
    await store.delete_file("clip")
    assert store.get("voices", "b") is None
    assert store.get("other", "b") == b"4"
    assert await store.get_file("clip") is None


async def test_the_first_claim_holds(store: LocalStore) -> None:
    assert await store.claim("secrets", "s", b"first") == b"first"
    assert await store.claim("secrets", "s", b"second") == b"first"


async def test_a_change_that_fails_changes_nothing(store: LocalStore) -> None:
    def fail(body: bytes) -> bytes:
        raise ValueError(body)

    await store.put("voices", "a", b"1")
    with pytest.raises(ValueError, match="1"):
        await store.update("voices", "a", fail)
    assert await store.update("voices", "a", lambda body: body + b"2") == b"12"
    assert await store.update("voices", "none", fail) is None


async def test_what_a_cancelled_request_asked_for_is_done(store: LocalStore) -> None:
    task = asyncio.create_task(store.put("voices", "a", b"1"))
    await asyncio.sleep(0)
    task.cancel()
    await store.put("voices", "b", b"2")
    assert store.get("voices", "a") == b"1"


def test_nothing_that_was_answered_is_lost_to_a_kill(tmp_path: Path) -> None:
    answered = -1
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
        ) as writer:
            for line in writer.stdout:
                answered = int(line)
                if answered >= 15:
                    break
            writer.send_signal(signal.SIGKILL)
        with local_store(tmp_path) as store:
            kept = dict(asyncio.run(store.list("numbers")))
            files = {number: asyncio.run(store.get_file(f"clip-{number}")) for number in range(answered + 1)}
        assert [kept[f"{number:06}"] for number in range(answered + 1)] == [
            b"%d" % number for number in range(answered + 1)
        ]
        assert all(content == b"x" * 50_000 for content in files.values())


def test_several_processes_change_the_same_document(tmp_path: Path) -> None:
    adders = [subprocess.Popen([sys.executable, "-c", ADDER, tmp_path]) for _ in range(3)]
    assert [adder.wait(60) for adder in adders] == [0, 0, 0]
    with local_store(tmp_path) as store:
        assert store.get("counters", "all") == b"300"


async def test_what_one_writes_the_other_reads(tmp_path: Path) -> None:
    with local_store(tmp_path) as one, local_store(tmp_path) as other:
        for number in range(5):
            await one.put("voices", "a", b"%d" % number)
            assert other.get("voices", "a") == b"%d" % number


async def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    with local_store(tmp_path / "catalog") as store:
        await store.put("secrets", "s", b"1")
        await store.put_file("clip", b"1")
        for path in (tmp_path / "catalog").rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("wrong", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_store_is_the_operators(tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "catalog.sqlite").write_bytes(wrong)
    with pytest.raises(StorageError, match=r"catalog.*--catalog-dir"), local_store(tmp_path):
        pass


async def test_damage_within_is_found_at_the_start(tmp_path: Path) -> None:
    with local_store(tmp_path) as store:
        for number in range(200):
            await store.put("voices", f"{number}", b"x" * 1000)
    path = tmp_path / "catalog.sqlite"
    content = bytearray(path.read_bytes())
    content[8192:-4096] = os.urandom(len(content) - 8192 - 4096)
    path.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"), local_store(tmp_path):
        pass


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    with local_store(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "catalog.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="newer version"), local_store(tmp_path):
        pass


def test_a_folder_that_can_not_be_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/catalog")):
        with pytest.raises(StorageError, match="--catalog-dir"), local_store(folder):
            pass


def test_ids_sort_by_the_time_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [10**18 + number * 10**3 for number in range(50)]
    made = []
    for moment in moments:
        monkeypatch.setattr("time.time_ns", lambda moment=moment: moment)
        made.append(new_id())
    assert made == sorted(made)
    assert all(map(is_new_id, made))
    assert not any(map(is_new_id, ("", "heart", "646b24ec-3931-5cd9-ba6a-73116ad79845", made[0].upper())))


async def test_a_write_that_finds_the_disk_full_harms_nothing(store: LocalStore) -> None:
    await store.put("voices", "a", b"1")
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    big = b"x" * 1_000_000
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await store.put("voices", "b", big)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await store.update("voices", "a", lambda _: big)
    assert await store.list("voices") == (("a", b"1"),)
    store._writer.execute("PRAGMA max_page_count = 100000")
    await store.put("voices", "b", big)
    assert await store.update("voices", "a", lambda _: big) == store.get("voices", "b") == big
