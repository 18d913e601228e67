"""What the streams of a trial say: utterances of a voice model, and pauses."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from antiphon.audio.resample import resample
from antiphon.engine.listening import SPEECH_SHARE
from antiphon.loadtest.sentences import SENTENCES
from antiphon.models.protocols import Samples, TTSModel, Utterance

PIECE_S = 0.1
UTTERANCE_S = (3.0, 8.0)
FILE_BLOCK_S = 1.0

ONSET_POWER = 10**-2.5
"""Power of speech, 25 dB under the loudest: breath and room lie below."""


def spoken(model: TTSModel[Any], rate: int) -> Samples:
    """Something to hear, from a voice model, at ``rate`` Hz."""
    sentences: list[Samples] = []
    for text in SENTENCES:
        state = model.start(Utterance(text, model.voices[0], model.languages[0]))
        sentences += model.step([state], [state.total_frames])
    return resample(np.concatenate(sentences), model.sample_rate, rate)


def block(speech: Samples, rate: int, index: int) -> bytes:
    """A piece of a file that says the same over and over."""
    size = round(FILE_BLOCK_S * rate)
    return np.take(speech, range(index * size, (index + 1) * size), mode="wrap").tobytes()


def pieces(speech: Samples, rate: int, seed: int) -> Iterator[tuple[Samples, float | None, bool]]:
    """Endless pieces of a stream, at how many seconds of it speech begins, and whether it ends with it."""
    random = np.random.default_rng(seed)
    piece = round(PIECE_S * rate)

    def silence(count: int) -> Iterator[tuple[Samples, float | None, bool]]:
        for row in random.normal(0, 1e-4, (count, piece)).astype(np.float32):
            yield row, None, False

    yield from silence(round(random.uniform(0, 5) / PIECE_S))
    while True:
        count = round(random.uniform(*UTTERANCE_S) / PIECE_S)
        begin = int(random.integers(len(speech) - count * piece))
        said = speech[begin : begin + count * piece]
        row, onset = divmod(_onset(said, rate), piece)
        for i, samples in enumerate(said.reshape(count, piece)):
            yield samples, onset / rate if i == row else None, i == count - 1
        yield from silence(round(count * (1 / SPEECH_SHARE - 1)))


def _onset(said: Samples, rate: int) -> int:
    """Sample at which the first frame of 20 ms begins that is not far below the loudest."""
    size = rate // 50
    frames = said[: len(said) // size * size].reshape(-1, size)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    return size * int(np.argmax(power >= power.max() * ONSET_POWER))
