import hashlib
import tempfile
from pathlib import Path

import pytest

from antiphon.errors import ModelCorrupt, ModelMissing, StorageError
from antiphon.models.prepared import prepared


class Kitchen:
    """Makes two files of a source, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, source: Path) -> dict[str, bytes]:
        self.made += 1
        return {"upper": source.read_bytes().upper(), "digest": hashlib.sha256(source.read_bytes()).digest()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "toy" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    return path


def test_it_is_made_once_and_stays(source: Path) -> None:
    make = Kitchen()
    for _ in range(3):
        with prepared(source, "1", make) as folder:
            assert (folder / "upper").read_bytes() == b"WEIGHTS"
    assert make.made == 1
    assert folder == source.parent / "prepared"
    assert sorted(path.name for path in folder.iterdir()) == ["digest", "stamp", "upper"]


@pytest.mark.parametrize("change", ["source", "recipe", "stamp"])
def test_it_is_made_anew_when_it_would_be_another(source: Path, change: str) -> None:
    make, recipe = Kitchen(), "1"
    with prepared(source, recipe, make) as folder:
        pass
    if change == "source":
        source.write_bytes(b"other weights")
    elif change == "recipe":
        recipe = "2"
    else:
        (folder / "stamp").unlink()  # as a process leaves it that dies in between
    with prepared(source, recipe, make) as folder:
        assert (folder / "upper").read_bytes() == source.read_bytes().upper()
    assert make.made == 2


def test_what_turns_out_corrupt_is_made_anew_at_the_next_start(source: Path) -> None:
    make = Kitchen()
    with pytest.raises(ModelCorrupt, match=r"Can't load upper\. Start again"), prepared(source, "1", make):
        raise ModelCorrupt("Can't load upper.")
    with prepared(source, "1", make):
        pass
    assert make.made == 2


def test_where_it_can_not_be_kept_it_lives_in_a_temporary_folder(source: Path) -> None:
    (source.parent / "prepared").write_text("in the way")
    with prepared(source, "1", Kitchen()) as folder:
        assert folder.parent == Path(tempfile.gettempdir())
        assert (folder / "upper").read_bytes() == b"WEIGHTS"
    assert not folder.exists()


def test_no_room_anywhere_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source.parent / "prepared").write_text("in the way")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with (
        pytest.raises(StorageError, match="temporary files: No such file or directory"),
        prepared(source, "1", Kitchen()),
    ):
        pass


def test_no_source_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ModelMissing, match=r"no .*model\.onnx; run: antiphon models pull"),
        prepared(tmp_path / "model.onnx", "1", Kitchen()),
    ):
        pass
