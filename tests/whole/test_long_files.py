"""Long recordings, through the command and the real model: nothing is lost, whoever dies meanwhile."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from antiphon.audio.containers import wav_bytes
from antiphon.audio.files import decode_file
from antiphon.cli.client import Server
from antiphon.cli.filehearing import Done, Event, Piece, Progress, hear_file
from support.platform import KEY, Platform, empty_platform

pytestmark = [pytest.mark.models, pytest.mark.slow]

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "011_jfk.wav"
TIMES = 4
PACE = 0.1
"""Seconds that the workers take over a second of audio, so that there is time to kill one."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with empty_platform(tmp_path_factory.mktemp("pair")) as it:
        it.start_api()
        it.start_frail_worker("stt", "stt-0", pace=PACE)
        it.start_frail_worker("stt", "stt-1", pace=PACE)
        it.wait(tts=0, stt=2)
        yield it


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same words again and again, with a pause between."""
    speech = np.concatenate([*decode_file(SPEECH), np.zeros(40_000, np.float32)])
    path: Path = tmp_path_factory.mktemp("recording") / "long.wav"
    path.write_bytes(wav_bytes(np.tile(speech, TIMES), 16_000))
    return path


def hear(running: Platform, recording: Path) -> Iterator[Event]:
    fields = {"model": "ink-whisper", "timestamp_granularities[]": "word"}
    return hear_file(Server(running.url, KEY), recording, fields, lambda _: None)


def test_a_worker_killed_in_mid_file_loses_nothing(pair: Platform, recording: Path) -> None:
    undisturbed = [event for event in hear(pair, recording) if isinstance(event, Piece)]
    assert "".join(piece.text for piece in undisturbed).lower().count("ask not") == TIMES
    events: list[Event] = []
    for event in hear(pair, recording):
        events.append(event)
        if isinstance(event, Piece) and len(pair.names("stt")) == 2:
            (busy,) = (name for name in pair.names("stt") if pair.load(name))
            pair.kill(busy)
    assert len(pair.names("stt")) == 1
    pieces = [event for event in events if isinstance(event, Piece)]
    assert [piece.text for piece in pieces] == [piece.text for piece in undisturbed]
    assert [word.word for piece in pieces for word in piece.words] == [
        word.word for piece in undisturbed for word in piece.words
    ]
    progress = [event for event in events if isinstance(event, Progress)]
    assert all(event.total == pytest.approx(54.0, abs=0.5) for event in progress)
    assert isinstance(events[-1], Done)
    pair.wait_idle()


def test_ctrl_c_frees_the_worker_and_the_next_run_goes_on(pair: Platform, recording: Path) -> None:
    target = recording.with_name("long.srt")
    command = [sys.executable, "-m", "antiphon", "listen", str(recording), "--output", str(target)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}
    listening = subprocess.Popen(
        [*command, "--url", pair.url, "--api-key", KEY], stderr=subprocess.PIPE, env=environment
    )
    while not sum(pair.load(name) for name in pair.names("stt")):
        assert listening.poll() is None
    listening.send_signal(signal.SIGINT)
    listening.communicate(timeout=60)
    assert listening.returncode == 130
    assert not target.exists()
    pair.wait_idle()
    again = subprocess.run(
        [*command, "--url", pair.url, "--api-key", KEY], env=environment, check=True, timeout=120
    )
    assert again.returncode == 0
    assert not target.with_name("long.srt.part").exists()
    assert target.read_text().lower().replace("\n", " ").count("ask not") == TIMES
