"""The examples of the front page and of docs/api.md, run as they are written, but for address and port."""

import json
import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from cartesia import Cartesia

from support.platform import KEY, Platform
from support.words import word_error_rate

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
README, API = (ROOT / "README.md").read_text(), (ROOT / "docs" / "api.md").read_text()
SAID = "Good morning from my own machine."


def block(page: str, language: str, containing: str) -> str:
    """The one code block of a language with something in it."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (code,) = (code for code in found if containing in code)
    return code


def run(folder: Path, platform: Platform, code: str, *program: str) -> str:
    """Run an example in a folder against a platform; what it prints."""
    here = platform.url.removeprefix("http://")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANTIPHON_")}
    environment |= {
        "ANTIPHON_API_KEY": KEY,
        "ANTIPHON_API_PORT": here.partition(":")[2],
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
    }
    code = code.replace("127.0.0.1:5000", here)
    done = subprocess.run(
        [*program, code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(folder: Path, platform: Platform, code: str) -> str:
    return run(folder, platform, code, "bash", "-euc")


def python(folder: Path, platform: Platform, code: str) -> str:
    return run(folder, platform, code, sys.executable, "-c")


def heard(sdk: Cartesia, file: Path) -> str:
    return sdk.stt.transcribe(file=file, model="ink-whisper").text


def test_curl_of_the_front_page(tmp_path: Path, running: Platform) -> None:
    printed = shell(tmp_path, running, block(README, "sh", "curl"))
    with wave.open(str(tmp_path / "hello.wav")) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24_000, 2, 1)
    assert word_error_rate([SAID], [json.loads(printed)["text"]]) == 0


def test_python_of_the_front_page(tmp_path: Path, running: Platform, sdk: Cartesia) -> None:
    code = block(README, "python", "Cartesia(")
    keep = "from pathlib import Path\nPath('said.pcm').write_bytes(audio)\n"
    printed = python(tmp_path, running, code + keep)
    assert float(printed.split()[0]) > 1
    answer = sdk.stt.transcribe(
        file=tmp_path / "said.pcm", model="ink-whisper", encoding="pcm_s16le", sample_rate=24_000
    )
    assert word_error_rate(["Words go in as they come, and audio comes out at once."], [answer.text]) <= 0.1


def test_command_line_of_the_front_page(tmp_path: Path, running: Platform) -> None:
    code = block(README, "sh", "antiphon say").replace(". .venv/bin/activate", "")
    printed = shell(tmp_path, running, code)
    assert word_error_rate([SAID], [printed.splitlines()[0]]) == 0
    assert "Heart" in printed
    assert "hibari" in printed


def test_sentences_of_the_api_page(tmp_path: Path, running: Platform, sdk: Cartesia) -> None:
    shell(tmp_path, running, block(API, "sh", "/tts/bytes"))
    assert word_error_rate(["Good morning."], [heard(sdk, tmp_path / "hello.wav")]) == 0
    events = shell(tmp_path, running, block(API, "sh", "/tts/sse"))
    assert [line for line in events.splitlines() if line.startswith("event: ")][-1] == "event: done"
    transcript = json.loads(shell(tmp_path, running, block(API, "sh", "/stt ")))
    shown = json.loads(re.findall(r'^\{"type": "transcript".*?\]\}$', API, re.MULTILINE | re.DOTALL)[0])
    assert transcript.keys() == shown.keys()
    assert transcript["text"] == shown["text"]


def test_status_of_the_api_page(tmp_path: Path, running: Platform) -> None:
    status = json.loads(shell(tmp_path, running, block(API, "sh", "/status")))
    shown = json.loads(block(API, "json", '"offerings"'))
    assert status.keys() == shown.keys()
    assert status["offerings"]["stt"].keys() == shown["offerings"]["stt"].keys()
    voices = json.loads(shell(tmp_path, running, block(API, "sh", "/voices -H")))
    assert voices["data"][0]["access"] == "public"
    assert all(f"`{key}`" in API for voice in voices["data"] for key in voice)


def test_sockets_of_the_api_page(tmp_path: Path, running: Platform) -> None:
    spoken = python(tmp_path, running, block(API, "python", "/tts/websocket") + "\nprint(len(audio))\n")
    assert int(spoken) > 24_000
    shell(tmp_path, running, block(API, "sh", "/tts/bytes"))
    for path in ("/stt/websocket", "/stt/turns/websocket"):
        text = python(tmp_path, running, block(API, "python", path) + "\nprint(text)\n")
        assert word_error_rate(["Good morning."], [text]) == 0


@pytest.mark.slow
def test_javascript_of_the_front_page(tmp_path: Path, running: Platform) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("node and npm are not here")
    package = re.search(r"npm install (@cartesia/[\w-]+)", README)[1]
    install = [npm, "install", "--no-audit", "--no-fund", package]
    try:
        subprocess.run(install, cwd=tmp_path, capture_output=True, timeout=120, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm can't install {package}: {error}")
    shell(tmp_path, running, block(README, "sh", "curl"))
    code = block(README, "js", "new Cartesia")
    printed = run(tmp_path, running, code, node, "--input-type=module", "-e")
    assert word_error_rate([SAID], [printed]) == 0
