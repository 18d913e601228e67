from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.audio.containers import wav_bytes
from antiphon.errors import OperatorError
from antiphon.loadtest.recordings import RATE, read_recordings, speak_recordings

TONE = np.full(RATE, 0.25, np.float32)
SILENCE = np.zeros(RATE, np.float32)


def test_recordings_lose_the_silence_around_them_and_keep_their_text(tmp_path: Path) -> None:
    (tmp_path / "b.wav").write_bytes(wav_bytes(np.concatenate([SILENCE, TONE, SILENCE, TONE, SILENCE]), RATE))
    (tmp_path / "a.WAV").write_bytes(wav_bytes(TONE, RATE))
    (tmp_path / "b.txt").write_text(" said \n")
    (tmp_path / "notes.md").write_text("no recording")
    first, second = read_recordings(tmp_path)
    assert (first.seconds, first.text) == (pytest.approx(1.0, abs=0.01), None)
    assert (second.seconds, second.text) == (pytest.approx(3.0, abs=0.01), "said")


@pytest.mark.parametrize("content", [None, wav_bytes(SILENCE, RATE), b"no audio"])
def test_a_folder_without_speech_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(OperatorError, match=str(tmp_path)):
        read_recordings(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        read_recordings(tmp_path / "gone")


async def test_a_server_speaks_what_is_to_be_heard(fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.loadtest.recordings.SHORTEST_S", 0.1)
    recordings = await speak_recordings(fake.http, ["tone", "silence", "another tone"])
    assert [recording.text for recording in recordings] == ["tone", "another tone"]
    assert {asked["output_format"]["sample_rate"] for asked in fake.asked} == {RATE}


async def test_what_is_too_short_is_not_said(fake: Any) -> None:
    with pytest.raises(OperatorError, match="--audio"):
        await speak_recordings(fake.http, ["tone"])


async def test_a_server_that_does_not_speak_is_told(fake: Any, unused_port: int) -> None:
    with pytest.raises(OperatorError, match="429"):
        await speak_recordings(fake.http, ["refuse"])
    with pytest.raises(OperatorError, match="unreachable"):
        await speak_recordings(replace(fake.http, url=f"http://127.0.0.1:{unused_port}"), ["tone"])
