import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from antiphon.api.app import create_app
from antiphon.api.server import listening
from antiphon.audio.containers import wav_bytes
from antiphon.cli.bench import app
from antiphon.cli.benchoptions import MOST, Loads, parse_loads, parse_seconds, parse_seeds
from antiphon.errors import OperatorError
from antiphon.telemetry.health import Readiness, serve_health
from support.everything import KEY as EVERY_KEY
from support.everything import services_for_everything

LOAD = ("--concurrency", "1,2", "--duration", "0.4s")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    tone = np.sin(np.arange(8000) * 0.2).astype(np.float32) * 0.3
    (tmp_path / "a.wav").write_bytes(wav_bytes(tone, 16_000))
    return tmp_path


@pytest.mark.parametrize("transport", ["websocket", "sse", "bytes"])
async def test_speech_is_measured_and_written(command: Any, tmp_path: Path, transport: str) -> None:
    files = [f"--{form}={tmp_path / form}" for form in ("json", "markdown", "html")]
    result = await command(app, "tts", *LOAD, "--seeds", "1,2", "--transport", transport, *files)
    assert result.exit_code == 0, result.stderr
    assert "chars/s" in result.stdout
    whole = orjson.loads((tmp_path / "json").read_bytes())
    assert [point["load"] for point in whole["points"]] == [1, 2]
    for point in whole["points"]:
        assert point["errors"] == {}
        assert point["figures"]["completed"] == point["figures"]["requests"] > 0
    assert "| concurrency |" in (tmp_path / "markdown").read_text()
    assert "<svg" in (tmp_path / "html").read_text()


async def test_an_open_loop_and_listeners(command: Any) -> None:
    result = await command(app, "tts", "--rps", "20", "--duration", "0.3")
    assert (result.exit_code, "rps" in result.stdout) == (0, True), result.stderr
    result = await command(app, "tts", "--listeners", "2", "--duration", "0.3")
    assert (result.exit_code, "listeners" in result.stdout) == (0, True), result.stderr


async def test_hearing_is_measured(command: Any, recordings: Path, tmp_path: Path) -> None:
    result = await command(
        app, "stt", *LOAD, "--audio", str(recordings), "--json", str(tmp_path / "json"), "--language", "en"
    )
    assert result.exit_code == 0, result.stderr
    assert "final" in result.stdout
    points = orjson.loads((tmp_path / "json").read_bytes())["points"]
    assert [point["errors"] for point in points] == [{}, {}]
    assert all(point["figures"]["wer"] is None for point in points)


@pytest.fixture
async def hearing(tmp_path: Path) -> AsyncIterator[str]:
    """A server that hears "word" in everything, and knows when nobody speaks."""
    with services_for_everything(tmp_path / "everything") as services:
        async with listening(create_app(services), services.settings, services.lifetime) as [port]:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def metrics() -> AsyncIterator[str]:
    async with serve_health(Readiness(), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}/metrics"


async def test_word_errors_are_counted_and_listed(
    run: Any, hearing: str, metrics: str, recordings: Path
) -> None:
    manifest = recordings / "pool.jsonl"
    manifest.write_text('{"file": "a.wav", "text": "Sea.", "group": "human"}')
    files = [f"--{form}={recordings / form}" for form in ("json", "markdown", "html")]
    options = "--manifest", str(manifest), "--metrics", metrics, "--check", *files
    result = await run(app, "stt", *options, "--url", hearing, "--api-key", EVERY_KEY)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "group human misses wer<=4%" in result.stdout
    whole = orjson.loads((recordings / "json").read_bytes())
    assert whole["points"][0]["figures"]["wer"] == 1.0
    assert "s of streams" in whole["facts"]["streams a core"]
    assert "[sea → word] |" in (recordings / "markdown").read_text()
    assert "[sea → word]" in (recordings / "html").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--rps", "1"), "one number of streams"),
        (("--concurrency", "1,2"), "one number of streams"),
        (("--slo", "final_p90<=1s"), "no figure 'final_p90'"),
        (("--metrics", "http://127.0.0.1:9"), "--metrics http://127.0.0.1:9 does not tell"),
    ],
)
async def test_what_is_wrong_with_a_manifest_run_is_told(
    command: Any, recordings: Path, options: tuple[str, ...], told: str
) -> None:
    manifest = recordings / "pool.jsonl"
    manifest.write_text('{"file": "a.wav", "text": "Sea."}')
    result = await command(app, "stt", "--manifest", str(manifest), *options)
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize(("slo", "status"), [("errors==0", 0), ("errors>0", 1)])
async def test_a_check_fails_with_the_objective(command: Any, slo: str, status: int) -> None:
    result = await command(app, "tts", *LOAD, "--slo", slo, "--check")
    assert result.exit_code == status
    assert "Every load keeps" in result.stdout if status == 0 else "misses errors>0" in result.stdout


async def test_the_most_listeners_are_searched_for(command: Any, tmp_path: Path) -> None:
    search = "--listeners", "most", "--duration", "0.2", "--slo", "requests<=9"
    result = await command(app, "tts", *search, "--json", str(tmp_path / "json"))
    assert result.exit_code == 0, result.stderr
    whole = orjson.loads((tmp_path / "json").read_bytes())
    kept = [point["load"] for point in whole["points"] if not point["missed"]]
    assert whole["most"] == max(kept, default=0)
    assert any(point["missed"] for point in whole["points"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--rps", "1", "--concurrency", "2"), "one of --rps, --concurrency"),
        (("--rps", "fast"), "--rps fast can't be read"),
        (("--concurrency", "0,2"), "above 0"),
        (("--duration", "soon"), "--duration soon"),
        (("--seeds", "a"), "--seeds a"),
        (("--transport", "pigeon"), "websocket, sse, bytes"),
        (("--encoding", "mp3"), "pcm_s16le"),
        (("--sample-rate", "1"), "24000"),
        (("--slo", "speed<=1"), "no figure 'speed'"),
        (("--text", "/nowhere"), "Can't read /nowhere"),
        (("--voice", "nobody"), "404 voice_not_found"),
        ((*LOAD, "--json", "/nowhere/a"), "Can't write /nowhere/a"),
    ],
)
async def test_what_is_wrong_is_told(command: Any, options: tuple[str, ...], told: str) -> None:
    result = await command(app, "tts", *options)
    assert result.exit_code == 1
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize("kind", ["tts", "stt"])
async def test_a_server_that_is_not_there_or_does_not_know_the_key(
    run: Any, served: Any, kind: str, recordings: Path
) -> None:
    audio = ("--audio", str(recordings)) if kind == "stt" else ()
    result = await run(app, kind, *audio, "--url", "http://127.0.0.1:9", "--api-key", "x")
    assert (result.exit_code, "Nothing answers at" in result.stderr) == (1, True)
    result = await run(app, kind, *audio, "--url", served.url, "--api-key", "wrong")
    assert (result.exit_code, "refuses the API key" in result.stderr) == (1, True)


async def test_ctrl_c_tells_what_was_measured_so_far(served: Any, no_settings: None) -> None:
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "antiphon", "bench", "tts", "--concurrency", "1,2", "--duration", "60"),
        *("--url", served.url, "--api-key", served.key),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200"},
    )
    while not served.bus.jobs:
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)  # the warm-up takes one
    warmed_up = len(served.bus.jobs)
    while len(served.bus.jobs) < warmed_up + 5:
        await asyncio.sleep(0.05)
    bench.send_signal(signal.SIGINT)
    output, _ = await bench.communicate()
    assert bench.returncode == 130
    rows = [line.split() for line in output.decode().splitlines() if line.split()[:1] == ["1"]]
    assert len(rows) == 3, output.decode()
    assert float(rows[0][5]) > 0


def test_loads_are_one_option_of_numbers_or_the_most() -> None:
    none = {"rps": None, "concurrency": None, "listeners": None}
    assert parse_loads(none, "1,2") == Loads("concurrency", (1, 2))
    assert parse_loads(none | {"rps": "10,0.5,10"}, "1") == Loads("rps", (0.5, 10))
    assert parse_loads(none | {"listeners": "most"}, "1") == Loads("listeners", MOST)
    with pytest.raises(OperatorError, match="can't be read"):
        parse_loads(none | {"rps": "most"}, "1")


def test_times_and_seeds() -> None:
    assert [parse_seconds(text) for text in ("30s", "2m", "0.5")] == [30, 120, 0.5]
    assert parse_seeds("1, 2") == (1, 2)
    with pytest.raises(OperatorError, match="--duration"):
        parse_seconds("0s")
