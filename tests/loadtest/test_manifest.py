import json
from pathlib import Path

import numpy as np
import pytest

from antiphon.audio.containers import wav_bytes
from antiphon.errors import OperatorError
from antiphon.loadtest.manifest import read_manifest

TONE = np.sin(np.arange(8000) * 0.2).astype(np.float32) * 0.3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    padded = np.concatenate([np.zeros(1600, np.float32), TONE, np.zeros(3200, np.float32)])
    (tmp_path / "a.wav").write_bytes(wav_bytes(padded, 16_000))
    (tmp_path / "nothing.wav").write_bytes(wav_bytes(TONE[:0], 16_000))
    (tmp_path / "text.wav").write_text("hello")
    return tmp_path


def written(folder: Path, *entries: object, lines: bool = True) -> Path:
    path = folder / "pool.jsonl"
    path.write_text("\n".join(map(json.dumps, entries)) if lines else json.dumps(entries))
    return path


@pytest.mark.parametrize("lines", [True, False])
def test_every_entry_is_a_clip(folder: Path, lines: bool) -> None:
    first = {"file": "a.wav", "text": "One.", "group": "human", "source": "here", "language": "en", "sha": 1}
    second = {"audio_filepath": str(folder / "a.wav"), "text": "Two.", "duration": 1.0}
    one, two = read_manifest(written(folder, first, second, lines=lines))
    assert (one.text, one.group, one.source, one.language) == ("One.", "human", "here", "en")
    assert (two.text, two.group, two.source, two.language) == ("Two.", "all", "all", None)
    assert one.pcm == two.pcm
    assert one.seconds == pytest.approx(0.8)


def test_speech_begins_and_ends_where_it_is_loud(folder: Path) -> None:
    (clip,) = read_manifest(written(folder, {"file": "a.wav", "text": "One."}))
    assert clip.onset_s == pytest.approx(0.1, abs=0.011)
    assert clip.end_s == pytest.approx(0.6, abs=0.011)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"text": "One."}, "Entry 2 of .* names no file"),
        ({"file": "a.wav"}, "Entry 2 of .*, a.wav, has no text"),
        ({"file": "a.wav", "text": "- !"}, "Entry 2 of .*, a.wav, has no text"),
        ({"file": "b.wav", "text": "One."}, "Entry 2 of .*can't read .*b.wav: No such file"),
        ({"file": "text.wav", "text": "One."}, "Entry 2 of .*text.wav can't be read"),
        ({"file": "nothing.wav", "text": "One."}, "Entry 2 of .*nothing.wav can't be read: .* no audio"),
        ({"file": 1, "text": "One."}, "is no manifest"),
        ("a.wav", "is no manifest"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(folder: Path, entry: object, told: str) -> None:
    with pytest.raises(OperatorError, match=told):
        read_manifest(written(folder, {"file": "a.wav", "text": "One."}, entry))


@pytest.mark.parametrize(("content", "told"), [("", "lists no"), ("[]", "lists no"), ("a, b", "no manifest")])
def test_what_is_wrong_with_a_manifest_is_told(folder: Path, content: str, told: str) -> None:
    path = folder / "pool.jsonl"
    path.write_text(content)
    with pytest.raises(OperatorError, match=told):
        read_manifest(path)
    with pytest.raises(OperatorError, match="Can't read"):
        read_manifest(folder / "elsewhere.jsonl")
