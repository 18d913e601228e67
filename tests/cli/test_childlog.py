from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli.childlog import ChildLog
from antiphon.errors import StorageError

LINES = [
    b"2026-11-22T10:46:24Z [info     ] serving  component=api",
    b"2026-11-22T10:46:36Z [warning  ] nats_disconnected",
    b'{"level": "error", "event": "failed"}',
    b'{"level": "info", "event": "fine"}',
    b"[7] 2026/11/22 10:28:23.48 [INF] Starting",
    b"[7] 2026/11/22 10:28:23.48 [FTL] no room",
    b"\xff\xfe not text",
]
ALARMING = [LINES[index].decode() for index in (1, 2, 5)]


@given(cuts=st.lists(st.integers(0, 400), max_size=8))
def test_warnings_and_errors_are_seen_however_the_output_is_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    output = b"".join(line + b"\n" for line in LINES)
    alarms: list[str] = []
    log = ChildLog(tmp_path_factory.mktemp("log") / "x.log", alarms.append)
    edges = [0, *sorted(min(cut, len(output)) for cut in cuts), len(output)]
    for start, end in pairwise(edges):
        log.write(output[start:end])
    log.close()
    assert alarms == ALARMING
    assert log.path.read_bytes() == output


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (b"", ""),
        (b"Error: No model.\nmore\n", "No model."),
        (b"[7] [FTL] no room\n[7] [INF] bye\n", "no room"),
        (b"Traceback:\n  File x\nValueError: 3", "ValueError: 3"),
    ],
)
def test_the_last_words_tell_why_it_ended(tmp_path: Path, output: bytes, words: str) -> None:
    log = ChildLog(tmp_path / "x.log", lambda _: None)
    log.write(output)
    assert log.last_words() == words
    log.forget()
    assert log.last_words() == ""
    log.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_once_and_the_child_goes_on(tmp_path: Path) -> None:
    alarms: list[str] = []
    log = ChildLog(tmp_path / "x.log", alarms.append)
    log._file.close()
    log._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    for _ in range(3):
        log.write(b"line\n")
    log.close()
    assert alarms == [f"Can't write the log {tmp_path / 'x.log'}: No space left on device."]


def test_a_log_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/x\.log"):
        ChildLog(tmp_path / "file" / "x.log", lambda _: None)


def test_an_endless_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "x.log", lambda _: None)
    for _ in range(100):
        log.write(b"x" * 10_000)
    assert len(log._rest) <= 64 * 1024
    log.close()
