import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.shape import Floats
from antiphon.models.moonshine.tokens import END, START

HIDDEN = np.float32(-1e9)
"""What is added to the weight of what a token must not see."""

NOTHING = np.zeros(0, np.int64)
"""No tokens."""

_GUESS = 6
"""Most tokens guessed at a time once the draft was left."""

_LOOP_PERIOD = 12
_LOOP_REPEATS = 4
_LOOP_TOKENS = 12


@dataclass(slots=True)
class Decoded:
    """The greedy path of one row, as far as it has got.

    Attributes:
        tokens: without start and end.
        log_probabilities: of each token, and of the end if it came.
        looks: of each token, its weight on the encoder's frames, [frames].
        told: at the place of each token, the log-probabilities of the tokens asked for, [asked].
    """

    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    looks: list[Floats] = field(default_factory=list[Floats])
    told: list[Floats] = field(default_factory=list[Floats])

    def take(self, token: int, log_probability: float, look: Floats, told: Floats, limit: int) -> bool:
        """Take the next token; False when it is the last: the end, the limit, or the start of a circle."""
        self.log_probabilities.append(log_probability)
        if token == END:
            return False
        self.tokens.append(token)
        self.looks.append(look)
        self.told.append(told)
        kept = before_loop(self.tokens)
        if kept:
            del self.tokens[kept:], self.log_probabilities[kept:], self.looks[kept:], self.told[kept:]
        return not kept and len(self.tokens) < limit


class Decoder:
    """Writes the tokens for what the encoder heard, several rows at a time.

    Attributes:
        session: as given.

    Args:
        session: of the graph of this name, see `antiphon.models.moonshine.graphs`.
    """

    def __init__(self, session: Any) -> None:
        self.session = session

    def decode(
        self,
        memories: Sequence[Floats],
        limits: Sequence[int],
        drafts: Sequence[Sequence[int]],
        asked: NDArray[np.int64] = NOTHING,
    ) -> list[Decoded]:
        """Follow the most probable token of each row until it ends, loops, or reaches its limit.

        The first run goes over each row's whole draft at once; the row goes on from where its own choice
        first differs. So the tokens are those of the same way taken step by step, but for rounding.

        Args:
            memories: each row's encoder output, [2 · layers, heads, frames, head width].
            limits: most tokens of each row, at least one.
            drafts: what each row is likely to begin with.
            asked: tokens whose log-probabilities are to be told at every place.
        """
        frames = [memory.shape[2] for memory in memories]
        decoded = [Decoded() for _ in memories]
        guesses = [list(draft) for draft in drafts]
        batch = _Batch(memories)
        while batch.rows:
            chosen, log_probabilities, looks, told = batch.run(self.session, guesses, asked)
            going: list[int] = []
            taken: list[list[int]] = []
            for i, row in enumerate(batch.rows):
                tokens = _confirmed(chosen[i].tolist(), guesses[i])
                choices = zip(
                    tokens, log_probabilities[i].tolist(), looks[i, :, : frames[row]], told[i], strict=False
                )
                if all(decoded[row].take(*choice, limits[row]) for choice in choices):
                    going.append(i)
                    taken.append(tokens)
            guesses = [
                what_follows(drafts[batch.rows[i]], tokens) for i, tokens in zip(going, taken, strict=True)
            ]
            batch.go_on(going, taken)
        return decoded


def _confirmed(chosen: Sequence[int], guess: Sequence[int]) -> list[int]:
    """The tokens chosen as far as the guess they are based on was right."""
    wrong = (i for i, (choice, guessed) in enumerate(zip(chosen, guess, strict=False)) if choice != guessed)
    return list(chosen[: next(wrong, len(guess)) + 1])


def what_follows(draft: Sequence[int], tokens: Sequence[int]) -> list[int]:
    """A guess at what follows the tokens just chosen.

    A step takes the same time for one token as for a few. What was said before the text went another way is
    often found again after it; and most texts end with a full stop, as the draft does.
    """
    for size in (2, 1):
        tail = list(tokens[-size:])
        for start in range(len(draft) - size):
            if list(draft[start : start + size]) == tail:
                return list(draft[start + size : start + size + _GUESS])
    return list(draft[-1:])


class _Batch:
    """The rows still being written, and what they remember.

    The rows' caches have one length; columns that hold nothing of a row are hidden from it.

    Attributes:
        rows: the index of each among the rows it began with.
    """

    def __init__(self, memories: Sequence[Floats]) -> None:
        count, frames = len(memories), max(memory.shape[2] for memory in memories)
        parts, heads, _, width = memories[0].shape
        self._cache = [f"{layer}.{kind}" for layer in range(parts // 2) for kind in ("key", "value")]
        self.rows = list(range(count))
        self._hears = np.zeros((count, 1, 1, frames), np.float32)
        self._memory = [np.zeros((count, heads, frames, width), np.float32) for _ in self._cache]
        for row, memory in enumerate(memories):
            self._hears[row, ..., memory.shape[2] :] = HIDDEN
            for whole, part in zip(self._memory, memory, strict=True):
                whole[row, :, : memory.shape[2]] = part
        self._past = [np.zeros((count, heads, 0, width), np.float32) for _ in self._cache]
        self._seen = np.zeros((count, 0), np.bool_)
        self._last = [START] * count

    def run(
        self, session: Any, guesses: Sequence[Sequence[int]], asked: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Floats, Floats, Floats]:
        """Choose a token after the last one, and after each of the row's guesses.

        Returns:
            Tokens [rows, guesses + 1], their log-probabilities, their weights [rows, guesses + 1, frames],
            the log-probabilities [rows, guesses + 1, asked] of those asked for.
        """
        longest = 1 + max(map(len, guesses))
        tokens = np.full((len(self.rows), longest), END, np.int64)
        for i, guess in enumerate(guesses):
            tokens[i, : len(guess) + 1] = [self._last[i], *guess]
        positions = self._seen.sum(axis=1, keepdims=True) + np.arange(longest)
        past = self._seen.shape[1]
        sees = np.full((len(self.rows), 1, longest, past + longest), HIDDEN)
        sees[..., :past][np.broadcast_to(self._seen[:, None, None], sees[..., :past].shape)] = 0
        sees[..., past:][..., np.tri(longest, dtype=np.bool_)] = 0
        chosen, log_probabilities, looks, told, *self._past = session.run(
            ["next", "log_probability", "attention", "told", *(f"present.{name}" for name in self._cache)],
            {
                "tokens": tokens,
                "positions": positions,
                "sees": sees,
                "hears": self._hears,
                "asked": asked,
                **{f"memory.{i}": memory for i, memory in enumerate(self._memory)},
                **{f"past.{name}": past for name, past in zip(self._cache, self._past, strict=True)},
            },
        )
        return chosen, log_probabilities, looks, told

    def go_on(self, going: Sequence[int], taken: Sequence[Sequence[int]]) -> None:
        """Keep some rows.

        Args:
            going: which; the others are dropped from all that the batch holds.
            taken: of each of them, the tokens it took of the last run.
        """
        self._last = [tokens[-1] for tokens in taken]
        if len(going) < len(self.rows):
            self.rows = [self.rows[i] for i in going]
            self._hears, self._seen = self._hears[going], self._seen[going]
            self._memory = [memory[going] for memory in self._memory]
            self._past = [past[going] for past in self._past]
        fresh = np.arange(self._past[0].shape[2] - self._seen.shape[1])
        used = np.array([len(tokens) for tokens in taken], np.int64)
        self._seen = np.concatenate([self._seen, fresh < used[:, None]], axis=1)


def before_loop(tokens: Sequence[int]) -> int | None:
    """How many tokens to keep when the last ones go round in a circle (one round stays)."""
    for period in range(1, _LOOP_PERIOD + 1):
        repeats = max(_LOOP_REPEATS, math.ceil(_LOOP_TOKENS / period))
        tail = tokens[-period * repeats :]
        if len(tail) == period * repeats and tail[period:] == tail[:-period]:
            return len(tokens) - period * (repeats - 1)
    return None
