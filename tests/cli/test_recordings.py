from pathlib import Path

import pytest

from antiphon.cli.recordings import find_recordings
from antiphon.errors import OperatorError


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    (folder / "later").mkdir(parents=True)
    for name in ("b.MP3", "a.wav", "later/a.mkv", "notes.txt", ".hidden.wav"):
        (folder / name).touch()
    return folder


def test_a_folder_stands_for_what_sounds_in_it(talks: Path) -> None:
    found = find_recordings([talks], None, ".txt")
    assert [recording.path.relative_to(talks).as_posix() for recording in found] == [
        "a.wav",
        "b.MP3",
        "later/a.mkv",
    ]
    assert not any(recording.done for recording in found)


def test_transcripts_lie_as_the_recordings_do(talks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = find_recordings([talks, talks / "notes.txt"], str(out), ".srt")
    targets = [recording.target for recording in found]
    assert targets == [out / name for name in ("a.srt", "b.srt", "later/a.srt", "notes.srt")]
    out.mkdir()
    (out / "b.srt").touch()
    assert [recording.done for recording in found] == [False, True, False, False]


def test_recordings_that_differ_in_their_suffix_keep_it(talks: Path, tmp_path: Path) -> None:
    (talks / "a.mp3").touch()
    found = find_recordings([talks], str(tmp_path), ".srt")
    names = [recording.target.name for recording in found if recording.target]
    assert names == ["a.mp3.srt", "a.wav.srt", "b.srt", "a.srt"]


def test_one_recording_goes_to_a_file_or_into_a_folder(talks: Path, tmp_path: Path) -> None:
    def target(output: str) -> Path | None:
        (found,) = find_recordings([talks / "a.wav"], output, ".txt")
        return found.target

    assert target(str(tmp_path / "new")) == tmp_path / "new"
    assert target(f"{tmp_path / 'new'}/") == tmp_path / "new" / "a.txt"
    assert target(str(tmp_path)) == tmp_path / "a.txt"


def test_what_can_not_be_is_told(talks: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="is a file, and there are several recordings"):
        find_recordings([talks], str(tmp_path / "file"), ".txt")
    with pytest.raises(OperatorError, match=r"would both be written to .*a\.wav\.txt"):
        find_recordings([talks / "a.wav", talks / "a.wav"], str(tmp_path), ".txt")
    with pytest.raises(OperatorError, match="No such file or directory"):
        find_recordings([talks / "c.wav"], None, ".txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OperatorError, match="holds no recordings"):
        find_recordings([tmp_path / "empty"], None, ".txt")
