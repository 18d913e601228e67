import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.tokens import END, START
from antiphon.models.prepared import prepared
from antiphon.models.sessions import onnxruntime, open_session

FRAME_SAMPLES = 384
"""Samples from one encoder frame to the next (24 ms): strides 64, 3 and 2 of its three convolutions."""

_FILE = "decoder.onnx"
_RECIPE = f"1 {onnxruntime.__version__}"
"""Changes whenever another decoder would be made of the same file."""

_LAYERS = 6
_HEADS = 8
_HEAD_WIDTH = 36
_CACHE = tuple(f"{layer}.{side}" for layer in range(_LAYERS) for side in ("decoder", "encoder"))
_CACHE_NAMES = tuple(f"{entry}.{kind}" for entry in _CACHE for kind in ("key", "value"))

ALIGNMENT_HEADS = {3: (5, 6, 7), 4: (1, 2, 3, 7)}
"""Layer → heads of its cross-attention that look at the word being written.

Found by the share of each head's weight inside the true span of the word, over synthetic speech whose
durations are known. The heads of the lower layers look everywhere.
"""

_LOOP_PERIOD = 12
_LOOP_REPEATS = 4
_LOOP_TOKENS = 12

Floats = NDArray[np.float32]


@dataclass(slots=True)
class Decoded:
    """The greedy path of one row, as far as it has got.

    Attributes:
        tokens: without start and end.
        log_probabilities: of each token, and of the end if it came.
        attention: [tokens, frames], each token's weight on the encoder's frames.
    """

    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    attention: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))


class Decoder:
    """Writes the tokens for what the encoder heard, several rows at a time.

    It runs what `antiphon.models.moonshine.graph` makes of the file, which is kept beside it.

    Args:
        path: ``decoder_model_merged.ort``: one step with a key-value cache, whose first step fills the
            encoder's part of it.

    Raises:
        ModelMissing: there is no such file.
        ModelCorrupt: the file is no such decoder.
    """

    def __init__(self, path: Path) -> None:
        with prepared(path, _RECIPE, _with_attention) as folder:
            self._session = open_session(folder / _FILE)

    def decode(self, hidden: Sequence[Floats], limits: Sequence[int]) -> list[Decoded]:
        """Follow the most probable token of each row until it ends, loops, or reaches its limit.

        Args:
            hidden: each row's encoder output, [frames, width].
            limits: most tokens of each row.
        """
        frames = [len(row) for row in hidden]
        decoded = [Decoded() for _ in hidden]
        looks: list[list[Floats]] = [[] for _ in hidden]
        batch = _Batch(hidden)
        while batch.rows:
            logits, weights = batch.step(self._session)
            tokens = logits.argmax(axis=-1)
            log_probabilities = _log_softmax_at(logits, tokens)
            going: list[int] = []
            for i, row in enumerate(batch.rows):
                path, token = decoded[row], int(tokens[i])
                path.log_probabilities.append(float(log_probabilities[i]))
                if token == END:
                    continue
                path.tokens.append(token)
                looks[row].append(weights[i, : frames[row]])
                if kept := before_loop(path.tokens):
                    del path.tokens[kept:], path.log_probabilities[kept:]
                elif len(path.tokens) < limits[row]:
                    going.append(i)
            batch.go_on(going, tokens)
        for path, look in zip(decoded, looks, strict=True):
            if path.tokens:
                path.attention = np.stack(look[: len(path.tokens)])
        return decoded


class _Batch:
    """The rows still being written, and their cache.

    Attributes:
        rows: the index of each among the rows it began with.
    """

    def __init__(self, hidden: Sequence[Floats]) -> None:
        frames = max(map(len, hidden))
        self.rows = list(range(len(hidden)))
        self._hidden = np.zeros((len(hidden), frames, hidden[0].shape[1]), np.float32)
        # The graph takes the mask in samples and looks at every 384th of them.
        self._mask = np.zeros((len(hidden), frames * FRAME_SAMPLES), np.int64)
        for row, output in enumerate(hidden):
            self._hidden[row, : len(output)] = output
            self._mask[row, : len(output) * FRAME_SAMPLES] = 1
        self._tokens = np.full((len(hidden), 1), START, np.int64)
        nothing = np.zeros((len(hidden), _HEADS, 0, _HEAD_WIDTH), np.float32)
        self._cache = dict.fromkeys(_CACHE_NAMES, nothing)
        self._begun = False

    def step(self, session: Any) -> tuple[Floats, Floats]:
        """The next logits [rows, vocabulary], and the weights [rows, frames]."""
        caches = [name for name in _CACHE_NAMES if "decoder" in name or not self._begun]
        looks = [f"attention.{layer}" for layer in ALIGNMENT_HEADS]
        outputs = session.run(
            ["logits", *(f"present.{name}" for name in caches), *looks],
            {
                "input_ids": self._tokens,
                "encoder_hidden_states": self._hidden,
                "encoder_attention_mask": self._mask,
                "use_cache_branch": np.array([self._begun]),
                **{f"past_key_values.{name}": value for name, value in self._cache.items()},
            },
        )
        self._begun = True
        self._cache.update(zip(caches, outputs[1:], strict=False))
        weights = [
            layer[:, heads, -1]
            for heads, layer in zip(ALIGNMENT_HEADS.values(), outputs[-len(looks) :], strict=True)
        ]
        return outputs[0][:, -1], np.concatenate(weights, axis=1).mean(axis=1)

    def go_on(self, going: Sequence[int], tokens: NDArray[np.int64]) -> None:
        """Give each row its next token; rows not ``going`` are dropped from all that the batch holds."""
        self._tokens = tokens[:, None].astype(np.int64)
        if len(going) == len(self.rows):
            return
        self.rows = [self.rows[i] for i in going]
        self._tokens, self._hidden, self._mask = (
            self._tokens[going],
            self._hidden[going],
            self._mask[going],
        )
        self._cache = {name: value[going] for name, value in self._cache.items()}


def before_loop(tokens: Sequence[int]) -> int | None:
    """How many tokens to keep when the last ones go round in a circle (one round stays)."""
    for period in range(1, _LOOP_PERIOD + 1):
        repeats = max(_LOOP_REPEATS, math.ceil(_LOOP_TOKENS / period))
        tail = tokens[-period * repeats :]
        if len(tail) == period * repeats and tail[period:] == tail[:-period]:
            return len(tokens) - period * (repeats - 1)
    return None


def _log_softmax_at(logits: Floats, tokens: NDArray[np.int64]) -> Floats:
    top = np.take_along_axis(logits, tokens[:, None], axis=-1)
    return -np.log(np.exp(logits - top).sum(axis=-1))


def _with_attention(path: Path) -> dict[str, bytes]:
    from antiphon.models.moonshine.graph import with_attention  # later starts need not import onnx

    return {_FILE: with_attention(path, ALIGNMENT_HEADS)}
