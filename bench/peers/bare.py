"""What the model makes with nothing around it: one loop a core, sentence after sentence, each in one step.

python bench/peers/bare.py --seconds 10
"""

import argparse
import itertools
import json
import multiprocessing
import time
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from servers import CORES

from antiphon.loadtest.sentences import SENTENCES
from antiphon.models.protocols import Utterance
from speech import load_model


@dataclass(frozen=True, slots=True)
class Pace:
    """What was made in a second: characters spoken, seconds of audio, sentences."""

    chars_per_s: float
    audio_per_s: float
    sentences_per_s: float


def main() -> None:
    """Print the pace of all processes together, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=CORES)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(arguments.processes)
    paces: Any = context.Queue()
    processes = [
        context.Process(target=_loop, args=(together, arguments.seconds, paces), daemon=True)
        for _ in range(arguments.processes)
    ]
    for process in processes:
        process.start()
    each = [paces.get() for _ in processes]
    print(json.dumps({name: sum(pace[name] for pace in each) for name in each[0]}))


def _loop(together: Barrier, seconds: float, paces: Any) -> None:
    model = load_model()
    _speak(model, SENTENCES[0])
    together.wait()
    chars = sentences = 0
    audio_s, began = 0.0, time.perf_counter()
    for text in itertools.cycle(SENTENCES):
        audio_s += _speak(model, text)
        chars, sentences = chars + len(text), sentences + 1
        if (spent := time.perf_counter() - began) >= seconds:
            paces.put(asdict(Pace(chars / spent, audio_s / spent, sentences / spent)))
            return


def _speak(model: Any, text: str) -> float:
    state = model.start(Utterance(text, model.voices[0], "en"))
    (samples,) = model.step([state], [state.total_frames])
    return len(samples) / model.sample_rate


if __name__ == "__main__":
    main()
