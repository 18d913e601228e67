"""Compare recognisers: word errors by group of recordings and by language, cost by batch, memory.

::

    antiphon models pull whisper-base whisper-tiny-en
    pip install py-nanotts                                     # voices for languages.toml
    python bench/stt_models.py --manifest pool.jsonl           # pool.jsonl: bench/speech_pool.py

Each model is measured in a process of its own, offline: every recording is one window (or is cut into windows
that the model can hear). Costs are CPU seconds of one thread for each second of audio, so that other work on
the machine hardly shows. The synthetic sentences of languages.toml are read by SVOX Pico.
"""

import argparse
import json
import resource
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.files import decode_file
from antiphon.loadtest.wordrate import WordErrors, word_errors
from antiphon.models.protocols import Hints, STTModel
from antiphon.models.registry import load_stt
from antiphon.models.store import ModelStore
from antiphon.settings import load_settings

MODELS = ("moonshine-tiny-en", "whisper-base", "whisper-tiny-en")
BATCHES = (1, 4, 8)
FIRST_S = 1.0
"""Audio of a first partial."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """Speech and what is said in it."""

    group: str
    language: str
    text: str
    samples: Samples


def recorded(manifest: Path, most: int) -> Iterator[Recording]:
    """The recordings of a manifest, at most so many of a group."""
    seen: dict[str, int] = defaultdict(int)
    for line in manifest.read_text().splitlines():
        entry = json.loads(line)
        seen[entry["group"]] += 1
        if seen[entry["group"]] <= most:
            with (manifest.parent / entry["file"]).open("rb") as file:
                samples = np.concatenate([*decode_file(file, target_rate=16_000)])
            yield Recording(entry["group"], entry.get("language", "en"), entry["text"], samples)


def spoken() -> Iterator[Recording]:
    """The sentences of languages.toml, read by SVOX Pico."""
    import py_nanotts

    voices = {"de": "de-DE", "en": "en-GB", "es": "es-ES", "fr": "fr-FR", "it": "it-IT"}
    sentences = tomllib.loads(Path(__file__).with_name("languages.toml").read_text())
    for language, texts in sentences.items():
        for text in texts:
            pcm = py_nanotts.NanoTTS().speak(text, voice=voices[language])
            samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32_768
            yield Recording(f"pico {language}", language, text, samples)


def measure(name: str, recordings: list[Recording]) -> dict[str, Any]:
    """Everything about one model."""
    model = load_stt(name, ModelStore(load_settings().models_dir))
    heard = [r for r in recordings if r.language in model.languages]
    errors: dict[str, WordErrors] = defaultdict(WordErrors)
    told = 0
    for each in heard:
        text, language = _hear(model, each)
        errors[each.group] += word_errors(each.text, text)
        told += language == each.language
    return {
        "errors": {group: f"{it.rate:.1%} of {it.words}" for group, it in errors.items()},
        "language found": f"{told}/{len(heard)}" if len(model.languages) > 1 else "-",
        **{f"cost at {batch}": f"{_cost(model, heard, batch):.3f}" for batch in BATCHES},
        f"text of the first {FIRST_S:g} s": f"{1000 * FIRST_S * _cost(model, _first(heard), 1):.0f} ms",
        "memory": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB",
    }


def _hear(model: STTModel[Any], recording: Recording) -> tuple[str, str]:
    longest = round(model.max_window_s * model.sample_rate)
    windows = [recording.samples[i : i + longest] for i in range(0, len(recording.samples), longest)]
    heard = [model.step([model.start()], [window], word_timestamps=[False])[0] for window in windows]
    return " ".join(each.text for each in heard), heard[0].language


def _cost(model: STTModel[Any], recordings: list[Recording], batch: int) -> float:
    """CPU seconds a second of audio in the language that is known, in batches."""
    some = [r for r in recordings if len(r.samples) < 10 * model.sample_rate][:16]
    began = time.process_time()
    for i in range(0, len(some), batch):
        rows = some[i : i + batch]
        states = [model.start(Hints(row.language)) for row in rows]
        model.step(states, [row.samples for row in rows], word_timestamps=[False] * len(rows))
    return (time.process_time() - began) / (sum(len(r.samples) for r in some) / model.sample_rate)


def _first(recordings: list[Recording]) -> list[Recording]:
    count = round(FIRST_S * 16_000)
    return [Recording(r.group, r.language, "", r.samples[:count]) for r in recordings]


def main() -> None:
    """Measure the models one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--most", type=int, default=1_000, help="recordings of a group")
    asked = parser.parse_args()
    recordings = [*spoken(), *(recorded(asked.manifest, asked.most) if asked.manifest else ())]
    for name in asked.models:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            figures = process.submit(measure, name, recordings).result()
        print(name, json.dumps(figures, indent=2, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
