import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from antiphon.audio.containers import wav_bytes, wav_header
from antiphon.cli import listen
from antiphon.cli.listen import app


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two and a half seconds."""
    path = tmp_path / "speech.wav"
    path.write_bytes(wav_bytes(np.zeros(40_000, np.float32), 16_000))
    return path


async def test_a_file_becomes_text(command: Any, served: Any, recording: Path) -> None:
    result = await command(app, str(recording))
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "16000 [samples] 16000 [samples] 8000 [samples]\n"
    assert not served.bus.jobs[0].partials


async def test_words_come_with_their_times(command: Any, recording: Path) -> None:
    result = await command(app, str(recording), "--words")
    assert result.stdout.splitlines()[1:] == [
        "     0.00      1.00  samples",
        "     1.00      2.00  samples",
        "     2.00      2.50  samples",
    ]


async def test_the_servers_json_can_be_had(command: Any, recording: Path) -> None:
    result = await command(app, str(recording), "--json")
    answer = json.loads(result.stdout)
    assert answer["type"] == "transcript"
    assert answer["duration"] == 2.5


async def test_a_headerless_file_needs_its_format(command: Any, tmp_path: Path) -> None:
    path = tmp_path / "speech.raw"
    path.write_bytes(bytes(8_000))
    result = await command(app, str(path), "--encoding", "pcm_mulaw", "--sample-rate", "8000")
    assert result.stdout == "16000 [samples]\n"
    result = await command(app, str(path))
    assert result.exit_code == 1
    assert "Unsupported audio format: " in result.stderr


async def test_a_pipe_of_bare_samples_is_heard_as_it_comes(command: Any, served: Any) -> None:
    result = await command(app, "-", stdin=bytes(2 * 20_000))
    assert result.exit_code == 0, result.stderr
    assert sum(int(line.split()[0]) for line in result.stdout.splitlines()) == 20_000
    assert served.bus.jobs[0].partials


async def test_a_pipe_of_wav_says_its_own_format(command: Any) -> None:
    wav = wav_header("pcm_s16le", 48_000) + bytes(2 * 48_000)
    result = await command(app, "-", stdin=wav)
    assert sum(int(line.split()[0]) for line in result.stdout.splitlines()) == 16_000


async def test_a_pipe_in_json_tells_partials_too(command: Any) -> None:
    result = await command(app, "-", "--json", "--words", stdin=bytes(2 * 1_600))
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    assert messages[-1]["is_final"]
    assert not any(message["is_final"] for message in messages[:-1])
    assert messages[-1]["words"] == [{"word": "samples", "start": 0.0, "end": 0.1}]


async def test_an_empty_pipe_prints_nothing(command: Any) -> None:
    result = await command(app, "-")
    assert (result.exit_code, result.stdout) == (0, "")


async def test_on_a_terminal_what_may_change_is_shown_and_goes(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(listen, "out", Console(force_terminal=True))
    result = await command(app, "-", stdin=bytes(2 * 1_600))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("1600 [samples]") >= 2
    assert "\x1b[2K" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.wav"], "Can't read missing.wav: No such file or directory."),
        (["."], "Can't read .: Is a directory."),
        (["speech.wav", "--model", "nothing"], "Invalid model: "),
        (["speech.wav", "--language", "fr"], "Language not supported: "),
        (["speech.wav", "--sample-rate", "8000"], "encoding and sample_rate belong together"),
        (["-", "--encoding", "opus"], "Bad request: encoding is"),
        (["-", "--model", "nothing"], "Invalid model: "),
    ],
)
async def test_problems_are_told_in_a_line(
    command: Any, recording: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.chdir(recording.parent)
    result = await command(app, *arguments, stdin=bytes(3200))
    assert result.exit_code == 1
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


async def test_ctrl_c_still_tells_what_was_said(served: Any, no_settings: None) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "antiphon", "listen", "-", "--json"),
        *("--url", served.url, "--api-key", served.key),
        # It must not wait until a buffer is full.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    process.stdin.write(bytes(3_200))
    await process.stdin.drain()
    partial = json.loads(await process.stdout.readline())
    assert not partial["is_final"]
    os.kill(process.pid, signal.SIGINT)
    said = [json.loads(line) async for line in process.stdout]
    assert said[-1]["is_final"]
    assert await process.wait() == 0, await process.stderr.read()
    process.stdin.close()
