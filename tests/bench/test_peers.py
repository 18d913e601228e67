"""The servers that Antiphon is compared with; they are no part of the product."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "bench" / "peers"
PYTHON = PEERS / ".venv" / "bin" / "python"

Load = Callable[[str], ModuleType]


@pytest.fixture
def load() -> Iterator[Load]:
    """Imports a module of bench/peers, which is a folder of scripts, for one test."""
    sys.path.insert(0, str(PEERS))
    before = set(sys.modules)
    yield import_module
    sys.path.remove(str(PEERS))
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(PEERS)):
            del sys.modules[name]


def pins(path: Path) -> dict[str, tuple[str, ...]]:
    """What a lock file says of each package: version and hashes. Who needs it decides on which platforms."""
    entries = (entry.split() for entry in re.split(r"\n(?=\S)", path.read_text()) if "==" in entry)
    return {
        words[0].partition("==")[0]: (words[0], *sorted(w for w in words if w.startswith("--hash=")))
        for words in entries
    }


def test_the_peers_have_what_antiphon_has() -> None:
    ours, theirs = pins(ROOT / "requirements.lock"), pins(PEERS / "requirements.lock")
    assert {name: theirs.get(name) for name in ours} == ours
    assert {"litserve", "mosec"} <= theirs.keys() - ours.keys()


def test_the_lock_names_no_index() -> None:
    assert "://" not in (PEERS / "requirements.lock").read_text()


@pytest.mark.models
def test_a_speech_sounds_the_same_whatever_its_chunks(load: Load) -> None:
    speech = load("speech")
    model = speech.load_model()
    body = {
        "transcript": "Is that so? I had no idea.",
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
    }

    def spoken(ramp: object) -> bytes:
        one, pcm = speech.Speech(body, ramp), b""
        while not one.done:
            (event,) = speech.step(model, [one])
            pcm += base64.b64decode(json.loads(event)["data"]) if event else b""
        return pcm

    small, large = spoken(speech.Ramp(4, 1.5, 20)), spoken(speech.Ramp(8, 3, 320))
    assert small == large
    lead = np.abs(np.frombuffer(small, "<i2")[:481].astype(int))
    assert lead[-1] > 2**15 * 10 ** (-50 / 20)  # 20 ms of silence are left before the first audible sample
    assert (lead[:-1] <= 2**15 * 10 ** (-50 / 20) + 1).all()


@pytest.mark.parametrize("body", [{}, {"transcript": "Hello."}, {"transcript": " ", "output_format": {}}])
def test_what_the_peers_do_not_speak_is_refused(load: Load, body: dict[str, object]) -> None:
    speech = load("speech")
    with pytest.raises(ValueError, match="output_format"):
        speech.Speech(body, speech.Ramp())


@pytest.mark.parametrize("bearable", [0, 1, 2, 7, 40, 41, 123, 1000])
def test_the_most_listeners_are_found(load: Load, bearable: int) -> None:
    listeners = load("listeners")

    class Trial:
        def __init__(self, count: int) -> None:
            self.kept = count <= bearable

    async def attempt(count: int) -> Trial:
        return Trial(count)

    most, trials = asyncio.run(listeners.most_listeners(attempt, first=12))
    assert bearable * 0.95 - 1 <= most <= bearable
    assert len(trials) < 20


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.skipif(not PYTHON.exists(), reason="bench/peers/setup was not run")
def test_every_server_speaks_and_leaves_nothing_behind(tmp_path: Path) -> None:
    names = ("antiphon", "litserve", "mosec", "lock", "lock-whole", "stepper", "stepper-processes")
    mark, figures = f"PEERS_TEST={uuid4()}", tmp_path / "figures.json"
    options = ("--rps", "2", "--duration", "3", "--rounds", "1", "--bare-seconds", "1")
    subprocess.run(
        [PYTHON, PEERS / "compare.py", *options, "--servers", ",".join(names), "--json", figures],
        env=os.environ | dict([mark.split("=")]),
        check=True,
        timeout=280,
        stdout=subprocess.DEVNULL,
    )
    loads = {load["server"]: load["runs"] for load in json.loads(figures.read_text())["loads"]}
    assert loads.keys() == set(names)
    for name, (run,) in loads.items():
        assert run["requests"], name
        assert [request["error"] for request in run["requests"]] == [None] * len(run["requests"]), name
    assert not [path for path in Path("/proc").glob("[0-9]*") if mark in environment(path)]


def environment(process: Path) -> list[str]:
    try:
        return (process / "environ").read_text(errors="replace").split("\0")
    except OSError:
        return []
