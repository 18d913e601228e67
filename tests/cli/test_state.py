import asyncio
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from antiphon.bus.server import NatsServer, wait_until_healthy
from antiphon.cli.ports import free_ports
from antiphon.cli.state import api_key, claimed, end_leftover
from antiphon.errors import StateInUse, StorageError

CLAIM = """
import sys, time
from pathlib import Path
from antiphon.cli.state import claimed
with claimed(Path(sys.argv[1]), "http://127.0.0.1:5000"):
    print("claimed", flush=True)
    time.sleep(1000)
"""


def _other_process(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", CLAIM, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "claimed\n"
    return process


def test_a_second_start_is_told_who_runs_and_where_and_what_to_do(tmp_path: Path) -> None:
    with _other_process(tmp_path) as other:
        with pytest.raises(StateInUse) as caught, claimed(tmp_path, "http://x"):
            pass
        other.kill()
    assert str(caught.value) == (
        f"Antiphon already runs from {tmp_path} (pid {other.pid}, serving http://127.0.0.1:5000). "
        "Stop it, or choose another folder with --state-dir or ANTIPHON_STATE_DIR."
    )


def test_the_claim_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    with _other_process(tmp_path) as other:
        other.kill()
    with claimed(tmp_path, "http://me"):
        owner = json.loads((tmp_path / "up.json").read_text())
    assert owner == {"pid": os.getpid(), "url": "http://me"}


def test_a_folder_can_be_claimed_again_after_its_release(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "deep" / "state", "http://x"):
            pass


def test_an_owner_that_has_not_said_who_it_is_yet_is_no_riddle(tmp_path: Path) -> None:
    with claimed(tmp_path, "http://x"):
        (tmp_path / "up.json").write_text("")
        with pytest.raises(StateInUse, match="just starting or stopping"), claimed(tmp_path, "http://y"):
            pass


def test_a_path_that_is_no_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match=r"file/state: Not a directory\. .*--state-dir"),
        claimed(tmp_path / "file" / "state", "http://x"),
    ):
        pass


def test_a_full_disk_is_told_in_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with (
        pytest.raises(StorageError, match=r"is full: 1\.0 MB of 67\.1 MB needed are free"),
        claimed(tmp_path, "http://x"),
    ):
        pass


def test_a_disk_that_fills_up_meanwhile_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with (
        pytest.raises(StorageError, match=r"the disk is full\. .*--state-dir"),
        claimed(tmp_path, "http://x"),
    ):
        pass


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "api_key").mkdir()
    with pytest.raises(StorageError, match=r"api_key: Is a directory"):
        api_key(tmp_path)


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = api_key(tmp_path)
    assert key.startswith("ak_")
    assert len(bytes.fromhex(key.removeprefix("ak_"))) == 16
    assert stat.S_IMODE((tmp_path / "api_key").stat().st_mode) == 0o600
    assert api_key(tmp_path) == key


def test_keys_of_two_platforms_differ(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert api_key(tmp_path) != api_key(tmp_path / "other")


def test_an_empty_key_file_that_others_could_read_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "api_key").touch(mode=0o644)
    assert api_key(tmp_path).startswith("ak_")
    assert stat.S_IMODE((tmp_path / "api_key").stat().st_mode) == 0o600


def test_a_nats_server_that_was_left_behind_is_ended(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, *free_ports("127.0.0.1", 2))
    with subprocess.Popen(server.prepare(), stderr=subprocess.DEVNULL) as process:
        asyncio.run(wait_until_healthy(server))
        assert end_leftover(server) == process.pid
    assert end_leftover(server) is None


def test_a_process_that_got_the_old_number_is_left_alone(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, 1, 2)
    with subprocess.Popen(["sleep", "1000"]) as innocent:
        server.pid_file.write_text(str(innocent.pid))
        assert end_leftover(server) is None
        assert innocent.poll() is None
        innocent.kill()
