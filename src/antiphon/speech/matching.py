"""Words of two texts of the same audio."""

from collections.abc import Sequence

_MARKS = ".,;:?!…\"'“”‘’-"


def bare(word: str) -> str:
    """A word without the signs around it and without capitals: hearings differ in them for no reason."""
    return word.strip(_MARKS).casefold()


def begins(words: Sequence[str], beginning: Sequence[str]) -> bool:
    """Whether the first of ``words`` are those of ``beginning``, but for signs and capitals."""
    return [*map(bare, words[: len(beginning)])] == [*map(bare, beginning)]


def place(said: Sequence[str], words: Sequence[str]) -> int:
    """How many of ``words`` tell what ``said`` tells: the beginning with the fewest edits between the two."""
    costs = list(range(len(words) + 1))
    for i, word in enumerate(said, start=1):
        before, costs = costs, [i]
        for j, other in enumerate(words, start=1):
            replaced = before[j - 1] + (bare(word) != bare(other))
            costs.append(min(replaced, before[j] + 1, costs[j - 1] + 1))
    # Of equals the longest: a word that is missing does less harm than one said twice.
    return max(range(len(costs)), key=lambda j: (-costs[j], j))
