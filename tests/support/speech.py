"""Recordings of people."""

from pathlib import Path

import numpy as np

from antiphon.audio.files import decode_file

SPEECH = Path(__file__).parents[1] / "data" / "speech"
JFK = SPEECH / "011_jfk.wav"


def recording(path: Path, rate: int = 16_000) -> np.ndarray:
    """All samples of a file."""
    return np.concatenate(list(decode_file(path, target_rate=rate)))
