import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.models.digests import Digests
from antiphon.models.moonshine.alignment import align
from antiphon.models.moonshine.decoder import Decoded, Decoder, Floats
from antiphon.models.moonshine.tokens import Vocabulary
from antiphon.models.protocols import Samples, Timed, Transcript
from antiphon.models.sessions import open_session

_FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.json")

_TAIL_S = 0.3
"""Silence put after each window: without it, words at the end come twice or are made up."""

_QUIETEST = 1e-4
"""RMS (-80 dBFS) under which a window holds no speech."""

_TOKENS_PER_S = 6.5
_SPARE_TOKENS = 8

_LEAST_CONFIDENCE = -1.2
"""Mean log-probability of a token under which the text is invented. Speech at 5 dB SNR has about -0.8."""

_TEXT_OF_SILENCE = "You"
"""What the model writes for short noise and tones; the spoken word gets a full stop or question mark."""

_SHORTEST_WORD = 480
"""Samples (30 ms) under which the audio has no room for a word."""

_SENTENCE_ENDS = (".", "?", "!")

_LENGTH_RATIO = 2.0
"""Windows decoded together differ at most by this factor, so that padding stays bounded."""


class MoonshineModel:
    """Moonshine tiny for English. See `STTModel`.

    The encoder runs window by window: on a CPU a batch of windows costs as much as its windows do one by one,
    and padding would come on top. The decoder's steps are shared by the rows of a batch. Its activations
    are quantised over the whole batch, so a neighbour can tip a decision that was close.

    A window in which nothing was said gives an empty text: it is too quiet, or the text too improbable.
    """

    name = "moonshine-tiny-en"
    sample_rate = 16_000
    languages: tuple[str, ...] = ("en",)
    max_window_s = 20.0

    def __init__(self, encoder: Any, decoder: Decoder, vocabulary: Vocabulary, digest: str) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._vocabulary = vocabulary
        self.digest = digest

    @classmethod
    def load(cls, folder: Path) -> "MoonshineModel":
        """Read ``encoder_model.ort``, ``decoder_model_merged.ort`` and ``tokenizer.json`` from a folder.

        Raises:
            ModelMissing: a file is not there.
            ModelCorrupt: a file is not what its name says.
        """
        encoder, decoder, tokenizer = (folder / name for name in _FILES)
        return cls(
            open_session(encoder),
            Decoder(decoder),
            Vocabulary.load(tokenizer),
            _digest(folder),
        )

    def transcribe(self, windows: Sequence[Samples], *, word_timestamps: Sequence[bool]) -> list[Transcript]:
        """Hear several windows; see `STTModel.transcribe`."""
        transcripts = [Transcript("")] * len(windows)
        audible = [i for i, window in enumerate(windows) if _rms(window) >= _QUIETEST]
        padded = {i: np.pad(windows[i], (0, round(_TAIL_S * self.sample_rate))) for i in audible}
        for group in _of_like_length(padded):
            decoded = self._decoder.decode(
                [self._encode(padded[i]) for i in group],
                [math.ceil(len(padded[i]) / self.sample_rate * _TOKENS_PER_S) + _SPARE_TOKENS for i in group],
            )
            for i, path in zip(group, decoded, strict=True):
                transcripts[i] = self._transcript(path, windows[i], timed=word_timestamps[i])
        return transcripts

    def _encode(self, window: Samples) -> Floats:
        inputs = {"input_values": window[None], "attention_mask": np.ones((1, len(window)), np.int64)}
        return self._encoder.run(None, inputs)[0][0]

    def _transcript(self, path: Decoded, window: Samples, *, timed: bool) -> Transcript:
        text = self._vocabulary.text(path.tokens)
        invented = np.mean(path.log_probabilities) < _LEAST_CONFIDENCE or text == _TEXT_OF_SILENCE
        if invented or not any(c.isalnum() for c in text):
            return Transcript("")
        words = self._vocabulary.words(path.tokens)
        spans = align(path.attention, [word.tokens for word in words], window)
        heard = tuple(Timed(word.text, *span) for word, span in zip(words, spans, strict=True))
        kept = without_invented_end(heard)
        if len(kept) < len(heard):
            text = " ".join(word.text for word in kept)
        return Transcript(text, kept if timed else ())


def _digest(folder: Path) -> str:
    digests = Digests(folder)
    return hashlib.sha256(" ".join(map(digests.known, _FILES)).encode()).hexdigest()


def without_invented_end(words: tuple[Timed, ...]) -> tuple[Timed, ...]:
    """Leave out last sentences for which the audio has no room.

    After the end of what was said the model likes to go on with "Thank you." and the like; attention finds no
    frames for such words, so the alignment gives them next to no time.
    """
    ends = [i for i, word in enumerate(words[:-1]) if word.text.endswith(_SENTENCE_ENDS)]
    while ends and all(w.end - w.start < _SHORTEST_WORD for w in words[ends[-1] + 1 :]):
        words = words[: ends.pop() + 1]
    return words


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def _of_like_length(windows: dict[int, Samples]) -> Iterator[list[int]]:
    """The indices of the windows, shortest first, in groups of like length."""
    group: list[int] = []
    for i in sorted(windows, key=lambda i: len(windows[i])):
        if group and len(windows[i]) > _LENGTH_RATIO * len(windows[group[0]]):
            yield group
            group = []
        group.append(i)
    if group:
        yield group
