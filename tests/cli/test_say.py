import asyncio
import io
import os
import signal
import sys
import wave
from pathlib import Path
from typing import Any

import pytest

from antiphon.audio.files import decode_file
from antiphon.cli.say import app


def seconds(path: Path) -> float:
    return sum(map(len, decode_file(path))) / 16_000


def written(folder: Path) -> list[Path]:
    return list(folder.glob("a.*"))


async def test_speech_goes_into_a_wav_file(command: Any, served: Any, tmp_path: Path) -> None:
    result = await command(app, "one", "two three.", "-o", str(tmp_path / "a.wav"), "--speed", "1.2")
    assert result.exit_code == 0, result.stderr
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.getnframes() == pytest.approx(7200, abs=480)
    job = served.bus.jobs[0]
    assert (job.text.strip(), job.model, job.voice, job.speed) == ("one two three.", "hibari", "heart", 1.2)
    assert result.stdout == ""
    assert "first audio after" in result.stderr
    assert "real-time factor" in result.stderr


async def test_speech_goes_into_an_mp3_file(command: Any, tmp_path: Path) -> None:
    words = "word " * 30
    result = await command(app, words, "-o", str(tmp_path / "a.MP3"))
    assert result.exit_code == 0, result.stderr
    assert seconds(tmp_path / "a.MP3") == pytest.approx(3.0, abs=0.2)


async def test_speech_goes_into_a_raw_file(command: Any, tmp_path: Path) -> None:
    result = await command(app, "one two", "-o", str(tmp_path / "a.raw"))
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "a.raw").stat().st_size == pytest.approx(9600, abs=960)


async def test_text_comes_through_a_pipe(command: Any, served: Any, tmp_path: Path) -> None:
    text = "A sentence that is piped, naïve as it is. And one more.".encode()
    result = await command(app, "-", "-o", str(tmp_path / "a.wav"), stdin=text)
    assert result.exit_code == 0, result.stderr
    assert "".join(job.text for job in served.bus.jobs).split() == text.decode().split()


async def test_a_pipe_that_is_no_text_is_refused(command: Any, tmp_path: Path) -> None:
    result = await command(app, "-", "-o", str(tmp_path / "a.wav"), stdin=b"\xff\xfe\x00")
    assert result.exit_code == 1
    assert "Standard input is not text in UTF-8." in result.stderr


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only player there is: it keeps what it is given in ``heard``, or fails where ``broken`` exists."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "aplay"
    script.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "here = pathlib.Path(__file__).parent\n"
        "if (here / 'broken').exists():\n"
        "    sys.exit('aplay: main:831: audio open error: No such file or directory')\n"
        "(here / 'options').write_text(' '.join(sys.argv[1:]))\n"
        "(here / 'heard').write_bytes(sys.stdin.buffer.read())\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


async def test_without_a_file_it_is_played(command: Any, player: Path) -> None:
    result = await command(app, "one two three")
    assert result.exit_code == 0, result.stderr
    assert (player / "heard").stat().st_size == pytest.approx(14_400, abs=960)
    assert "-r 24000" in (player / "options").read_text()


async def test_a_player_that_fails_says_why(command: Any, player: Path) -> None:
    (player / "broken").touch()
    result = await command(app, "one two three")
    assert result.exit_code == 1
    assert "aplay can't play here: aplay: main:831: audio open error" in result.stderr
    assert "-o speech.wav" in result.stderr


async def test_without_a_player_the_way_out_is_told(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await command(app, "hello")
    assert result.exit_code == 1
    assert "Nothing here can play sound" in result.stderr
    assert "-o speech.wav" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["hi", "-o", "a.ogg"], "end it in .wav, .mp3 or .raw"),
        (["hi", "-o", "/nowhere/a.wav"], "Can't write /nowhere/a.wav: No such file or directory."),
        (["hi", "-o", "a.wav", "--voice", "nobody"], "Voice not found: "),
        (["hi", "-o", "a.mp3", "--voice", "nobody"], "Voice not found: "),
        (["hi", "-o", "a.wav", "--model", "nothing"], "Invalid model: "),
        ([" ", "-o", "a.wav"], "Bad request: "),
    ],
)
async def test_problems_are_told_in_a_line_and_leave_no_file(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = await command(app, *arguments)
    assert result.exit_code == 1
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1
    assert not written(tmp_path)


async def test_ctrl_c_cancels_here_and_on_the_server(served: Any, tmp_path: Path, no_settings: None) -> None:
    served.bus.gate.clear()
    output = tmp_path / "a.wav"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "antiphon", "say", "one two three", "-o", str(output)),
        *("--url", served.url, "--api-key", served.key),
        stderr=asyncio.subprocess.PIPE,
    )
    while not await asyncio.to_thread(output.exists):
        await asyncio.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    _, complaint = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in complaint
    await served.bus.streams[0].closed.wait()
    with wave.open(io.BytesIO(await asyncio.to_thread(output.read_bytes))) as file:
        assert file.getnframes() > 0
