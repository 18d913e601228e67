"""The one place that calls CTranslate2, which comes without types."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2 as untyped_ctranslate2
import numpy as np

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.logmel import Floats

ctranslate2: Any = untyped_ctranslate2

FRAMES = 3_000
"""Frames of a spectrogram (30 s) that the network sees at most, and was trained to see always."""

STRIDE = 2
"""Frames that make one position of the encoder's memory."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the decoder wrote.

    Attributes:
        tokens: of the text.
        log_probability: mean over the tokens and the end.
        no_speech: probability that nobody spoke.
    """

    tokens: tuple[int, ...]
    log_probability: float
    no_speech: float


class Network:
    """A Whisper that CTranslate2 runs: int8 in the engine's thread, or float16 on a GPU where there is one.

    Args:
        folder: of the model in CTranslate2's form.

    Attributes:
        on_gpu: where it runs.
        bands: of the spectrograms it takes.
        multilingual: it hears more than English, and has to be told or to find out what.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "model.bin").is_file():
            raise ModelMissing(f"There is no {folder / 'model.bin'}; run: antiphon models pull {folder.name}")
        self.on_gpu = ctranslate2.get_cuda_device_count() > 0
        device, numbers = ("cuda", "float16") if self.on_gpu else ("cpu", "int8")
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device, compute_type=numbers, inter_threads=1, intra_threads=1
            )
        # CTranslate2 tells of files it can't read by RuntimeError and ValueError alike.
        except (RuntimeError, ValueError) as error:
            raise ModelCorrupt(f"CTranslate2 can't load {folder}: {error}") from None
        self.bands: int = self._model.n_mels
        self.multilingual: bool = self._model.is_multilingual

    def encode(self, spectrograms: Floats) -> Floats:
        """The memory of windows of one length: [windows, bands, frames] to [windows, frames / 2, width]."""
        return np.array(self._model.encode(_view(spectrograms), to_cpu=True))

    def detect(self, memory: Floats, among: Sequence[str]) -> list[str]:
        """The likeliest of some languages in each window."""
        wanted = {f"<|{language}|>": language for language in among}
        ranked = self._model.detect_language(_view(memory))
        return [next(wanted[mark] for mark, _ in guesses if mark in wanted) for guesses in ranked]

    def write(self, memory: Floats, prompts: Sequence[Sequence[int]], most: int) -> list[Written]:
        """The likeliest text of each window, token by token, of at most ``most`` tokens."""
        results = self._model.generate(
            _view(memory),
            [list(prompt) for prompt in prompts],
            beam_size=1,
            max_length=2 * most,  # CTranslate2 takes half of it for the text
            return_scores=True,
            return_no_speech_prob=True,
        )
        return [
            Written(tuple(each.sequences_ids[0]), each.scores[0], each.no_speech_prob) for each in results
        ]

    def align(self, memory: Floats, prompt: Sequence[int], tokens: Sequence[int], frames: int) -> list[int]:
        """Where the attention reaches each token of one window, and after them the end of the text.

        Args:
            memory: [1, positions, width]
            prompt: the tokens before the text.
            tokens: of the text.
            frames: of the window itself, without the silence after it.

        Returns:
            [tokens + 1] positions, in order.
        """
        [result] = self._model.align(_view(memory), list(prompt), [list(tokens)], frames)
        starts = [frames // STRIDE] * (len(tokens) + 1)
        for token, position in reversed(result.alignments):
            starts[token] = position
        return starts


def _view(array: Floats) -> Any:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))
