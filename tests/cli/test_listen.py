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
from antiphon.cli import pipelistening
from antiphon.cli.listen import app
from antiphon.errors import NoWorker


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two and a half seconds."""
    path = tmp_path / "speech.wav"
    path.write_bytes(wav_bytes(np.zeros(40_000, np.float32), 16_000))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.wav").touch()
    return path


@pytest.fixture
def folder(recording: Path) -> Path:
    """Two recordings, one of them further down, what only looks like one, and what does not."""
    inside = recording.parent / "talks"
    (inside / "2026").mkdir(parents=True)
    for path in (inside / "one.wav", inside / "2026" / "two.WAV"):
        path.write_bytes(recording.read_bytes())
    (inside / "broken.mp3").write_bytes(b"no audio at all")
    (inside / "notes.txt").write_text("of the talks")
    return inside


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
    assert "the file is none of wav" in result.stderr
    assert "Samples without a header need --encoding and --sample-rate." in result.stderr


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
    monkeypatch.setattr(pipelistening, "out", Console(force_terminal=True))
    result = await command(app, "-", stdin=bytes(2 * 1_600))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("1600 [samples]") >= 2
    assert "\x1b[2K" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.wav"], "Can't read missing.wav: No such file or directory."),
        (["empty"], "empty holds no recordings (.aac .flac"),
        (["empty.wav"], "empty.wav is empty."),
        (["speech.wav", "missing.wav"], "Can't read missing.wav: No such file or directory."),
        (["speech.wav", "--turns"], "--turns tells of speech as it comes"),
        (["-", "--format", "srt"], "listen - prints text or JSON as it comes"),
        (["-", "--turns", "--words"], "--turns comes without the times of words"),
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


async def test_subtitles_go_where_they_belong(command: Any, recording: Path) -> None:
    path = recording.with_name("talk.srt")
    result = await command(app, str(recording), "-o", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text() == ("1\n00:00:00,000 --> 00:00:02,500\nsamples samples samples\n\n")
    assert f"{recording}: 2.5 s in " in result.stderr
    result = await command(app, str(recording), "--format", "vtt")
    assert result.stdout.startswith("WEBVTT\n\n00:00:00.000 --> ")


async def test_a_folder_is_heard_file_by_file(command: Any, served: Any, folder: Path) -> None:
    out = folder.parent / "texts"
    result = await command(app, str(folder), "-o", str(out))
    assert result.exit_code == 1
    assert f"Error: Can't hear {folder / 'broken.mp3'}: the file is none of" in result.stderr
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == {"one.txt", "2026/two.txt"}
    assert (out / "one.txt").read_text() == "16000 [samples] 16000 [samples] 8000 [samples]\n"
    assert len(served.bus.jobs) == 2


async def test_a_folder_is_gone_on_with(command: Any, served: Any, folder: Path) -> None:
    (folder / "broken.mp3").unlink()
    (folder / "one.txt").write_text("heard before")
    result = await command(app, str(folder), "-o", str(folder))
    assert result.exit_code == 0, result.stderr
    assert "one.txt is there already; --overwrite would write it anew." in result.stderr
    assert len(served.bus.jobs) == 1
    assert (folder / "one.txt").read_text() == "heard before"
    result = await command(app, str(folder), "-o", str(folder), "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert len(served.bus.jobs) == 3
    assert (folder / "one.txt").read_text() != "heard before"


async def test_several_texts_say_whose_they_are(command: Any, recording: Path) -> None:
    result = await command(app, str(recording), str(recording))
    assert result.stdout.count(f"==> {recording} <==\n16000 [samples]") == 2
    result = await command(app, str(recording), str(recording), "--json", "--words")
    first, _ = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["file"], first["is_final"]) == (str(recording), True)
    assert first["segments"][2] == {"start": 2.0, "end": 2.5, "text": "8000 [samples]"}
    assert first["words"][2] == {"word": "samples", "start": 2.0, "end": 2.5}


async def test_key_terms_go_to_the_recogniser(command: Any, served: Any, recording: Path) -> None:
    await command(app, str(recording), "--keyterm", "Antiphon", "--keyterm", "Moonshine")
    await command(app, "-", "--keyterm", "Antiphon", stdin=bytes(3_200))
    assert [job.keyterms for job in served.bus.jobs] == [("Antiphon", "Moonshine"), ("Antiphon",)]


async def test_a_pipe_is_told_turn_by_turn(command: Any, served: Any) -> None:
    result = await command(app, "-", "--turns", stdin=bytes(2 * 16_000))
    assert result.exit_code == 0, result.stderr
    assert served.bus.jobs[0].voice_activity


async def test_the_server_that_goes_away_ends_it_all(command: Any, served: Any, folder: Path) -> None:
    served.bus.refusal = NoWorker("Nobody is here to hear it.")
    result = await command(app, str(folder), "-o", str(folder))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "Error: Service unavailable: Nobody is here to hear it."
    assert not served.bus.jobs


async def test_ctrl_c_keeps_what_was_heard(served: Any, no_settings: None, folder: Path) -> None:
    served.bus.gate.clear()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "antiphon", "listen", str(folder / "one.wav"), "-o", str(folder / "one.vtt")),
        *("--url", served.url, "--api-key", served.key),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    while not served.bus.streams or not served.bus.streams[0].told:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    assert process.returncode == 130, stderr
    assert b"one.wav: stopped after 1.0 s" in stderr
    assert not (folder / "one.vtt").exists()
    assert (folder / "one.vtt.part").read_text().startswith("WEBVTT\n\n00:00:00.000 --> ")
    await served.bus.streams[0].closed.wait()
