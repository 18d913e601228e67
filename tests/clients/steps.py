"""What the programs in Python share: steps, and what each gave or raised, as JSON.

A program runs with the packages of its client alone, in a folder of its own. Audio is written there; a step
gives the name of the file.
"""

import asyncio
import inspect
import json
import os
import sys
import traceback
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

SERVER = os.environ["SERVER"]
"""Such as ``http://localhost:5000`` or ``https://127.0.0.1:5443``."""
SOCKETS = SERVER.replace("http", "ws", 1)
HOST = SERVER.partition("://")[2]
KEY = os.environ["KEY"]
SPEECH = Path(os.environ["SPEECH"])
"""A recording of speech, 16 kHz."""

TEXT = "The train to the coast leaves at half past seven."
PIECES = ["The train to the ", "coast leaves at ", "half past seven. ", "It is ", "never late."]
VOICE = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
RATE = 24_000
RAW = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE}
WAV = RAW | {"container": "wav"}

_steps: list[Callable[[], Any]] = []


def step(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run this function, or coroutine function, when its turn comes."""
    _steps.append(function)
    return function


def run() -> None:
    """Run all steps and print their results."""
    results = {function.__name__: _result(function) for function in _steps}
    sys.stdout.write(json.dumps(results))


def _result(function: Callable[[], Any]) -> dict[str, Any]:
    try:
        value = function()
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    except Exception as error:  # noqa: BLE001 - what a client raises is what is tested
        return {
            "raised": [kind.__name__ for kind in type(error).__mro__],
            "message": str(error),
            "status": getattr(error, "status_code", None),
            "traceback": traceback.format_exc(),
        }
    return {"value": value}


def kept(name: str, audio: bytes) -> str:
    """Write audio for the test to hear."""
    Path(name).write_bytes(audio)
    return name


def speech_pieces(seconds: float = 0.1) -> list[bytes]:
    """The recording's samples, pcm_s16le at 16 kHz, in pieces as a microphone brings them."""
    with wave.open(str(SPEECH)) as recording:
        samples = recording.readframes(recording.getnframes())
    size = round(16_000 * seconds) * 2
    return [samples[start : start + size] for start in range(0, len(samples), size)]
