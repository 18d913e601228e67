import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.models.digests import Digests


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@given(old=st.binary(), new=st.binary())
def test_a_digest_is_of_what_is_there_now(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes
) -> None:
    folder = tmp_path_factory.mktemp("digests")
    path = folder / "file"
    path.write_bytes(old)
    assert Digests(folder).known("file") == sha256(old)
    path.write_bytes(new)
    os.utime(path, ns=(0, 0))  # the clock of the file system may not have moved between two writes
    assert Digests(folder).known("file") == sha256(new)


def test_a_known_digest_is_not_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    stat = path.stat()
    digests = Digests(tmp_path)
    digests.known("file")
    path.write_bytes(b"xyz")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digests.known("file") == sha256(b"abc")  # same size and time: believed
    assert digests.fresh("file") == sha256(b"xyz")  # read again all the same
    assert digests.known("file") == sha256(b"xyz")  # and remembered


def test_damaged_memory_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / ".digests.json").write_text('{"file": 3')
    assert Digests(tmp_path).known("file") == sha256(b"abc")
    assert Digests(tmp_path)._load().keys() == {"file"}


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Digests(tmp_path / "nowhere").known("file")
