"""What a window costs when several are heard in one batch, and what the times of its words add.

Processor time of this thread; run: python bench/stt_batches.py two_cities.wav --seconds 2,5,10 --rows 1,2,4
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.audio.files import decode_file
from antiphon.models.protocols import Samples, STTModel
from antiphon.models.registry import load_stt
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings


def cost_s(model: STTModel[Any], windows: list[Samples], rows: int, *, timed: bool) -> float:
    """Seconds of processor time that each window takes."""
    began = time.thread_time()
    for first in range(0, len(windows), rows):
        batch = windows[first : first + rows]
        model.step([model.start() for _ in batch], batch, word_timestamps=[timed] * len(batch))
    return (time.thread_time() - began) / len(windows)


def main() -> None:
    """Print the table; each figure is the best of three, taken in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--seconds", default="2,5,10")
    parser.add_argument("--rows", default="1,2,4")
    options = parser.parse_args()
    settings = load_settings()
    model = load_stt(settings.stt_model, ModelStore(settings.models_dir))
    samples = np.concatenate(list(decode_file(options.recording, target_rate=model.sample_rate)))
    print("window s   rows   ms a window   with words' times")
    for seconds in map(float, options.seconds.split(",")):
        size = round(seconds * model.sample_rate)
        windows = [samples[i * size : (i + 1) * size] for i in range(min(4, len(samples) // size))]
        ways = [(rows, timed) for rows in map(int, options.rows.split(",")) for timed in (False, True)]
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(3):
            for way in ways:
                best[way] = min(best[way], cost_s(model, windows, way[0], timed=way[1]))
        for rows in map(int, options.rows.split(",")):
            plain, timed = 1000 * best[rows, False], 1000 * best[rows, True]
            print(f"{seconds:8} {rows:6} {plain:13.1f} {timed:20.1f}", flush=True)


if __name__ == "__main__":
    main()
