"""Word error rate: Levenshtein distance over words, and which words it counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from antiphon.loadtest.plainwords import plain_words

CONTEXT = 3
"""Words shown on either side of an edit."""

_KEEP, _REPLACE, _DROP, _INSERT = range(4)


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Errors in so many words that were said.

    Attributes:
        replaced: other words were heard in their place.
        dropped: they were not heard.
        inserted: words that were heard and not said.
        words: that were said.
    """

    replaced: int = 0
    dropped: int = 0
    inserted: int = 0
    words: int = 0

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.replaced + other.replaced,
            self.dropped + other.dropped,
            self.inserted + other.inserted,
            self.words + other.words,
        )

    @property
    def errors(self) -> int:
        """All of them."""
        return self.replaced + self.dropped + self.inserted

    @property
    def rate(self) -> float | None:
        """Errors a word; None when nothing was said."""
        return self.errors / self.words if self.words else None


@dataclass(frozen=True, slots=True)
class Edit:
    """One error and its neighbourhood.

    Attributes:
        kind: what happened to the word.
        said: the word; empty if it was not said.
        heard: the word; empty if it was not heard.
        before: the words said before, at most `CONTEXT`.
        after: the words said after.
    """

    kind: Literal["replaced", "dropped", "inserted"]
    said: str
    heard: str
    before: str
    after: str


def word_errors(said: str, heard: str) -> WordErrors:
    """Compare two texts as they sound; see `plain_words`."""
    words = plain_words(said)
    kinds = [kind for kind, _, _ in _path(words, plain_words(heard))]
    return WordErrors(kinds.count(_REPLACE), kinds.count(_DROP), kinds.count(_INSERT), len(words))


def word_edits(said: str, heard: str) -> tuple[Edit, ...]:
    """The errors that `word_errors` counts, in the order of the text."""
    words, others = plain_words(said), plain_words(heard)

    def edit(kind: int, at: int, other: int) -> Edit:
        after = at if kind == _INSERT else at + 1
        before, behind = words[max(0, at - CONTEXT) : at], words[after : after + CONTEXT]
        around = " ".join(before), " ".join(behind)
        if kind == _REPLACE:
            return Edit("replaced", words[at], others[other], *around)
        if kind == _DROP:
            return Edit("dropped", words[at], "", *around)
        return Edit("inserted", "", others[other], *around)

    return tuple(edit(kind, at, other) for kind, at, other in _path(words, others) if kind != _KEEP)


def _path(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """The steps of the cheapest way from ``one`` to ``other``, each with the places it is at in both."""
    distances = _distances(one, other)
    steps: list[tuple[int, int, int]] = []
    row, column = len(one), len(other)
    while row or column:
        here = distances[row][column]
        if row and column and here == distances[row - 1][column - 1] + (one[row - 1] != other[column - 1]):
            row, column = row - 1, column - 1
            steps.append((_REPLACE if one[row] != other[column] else _KEEP, row, column))
        elif row and here == distances[row - 1][column] + 1:
            row -= 1
            steps.append((_DROP, row, column))
        else:
            column -= 1
            steps.append((_INSERT, row, column))
    return reversed(steps)


def _distances(one: Sequence[str], other: Sequence[str]) -> list[list[int]]:
    """The edits between every two beginnings: ``[i][j]`` of the first i words and the first j."""
    rows = [list(range(len(other) + 1))]
    for count, word in enumerate(one, 1):
        above, row = rows[-1], [count]
        for column, candidate in enumerate(other, 1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != candidate)))
        rows.append(row)
    return rows
