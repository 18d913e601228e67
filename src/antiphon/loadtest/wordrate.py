"""Word error rate: Levenshtein distance over words."""

import re
from dataclasses import dataclass

_NO_WORD = re.compile(r"[^a-z0-9' ]")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Errors (substitutions, deletions, insertions) in so many words that were said."""

    errors: int = 0
    words: int = 0

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(self.errors + other.errors, self.words + other.words)

    @property
    def rate(self) -> float | None:
        """Errors a word; None when nothing was said."""
        return self.errors / self.words if self.words else None


def word_errors(said: str, heard: str) -> WordErrors:
    """Compare two texts; case and punctuation don't count."""
    words = _words(said)
    row = list(range(len(words) + 1))
    for count, heard_word in enumerate(_words(heard), 1):
        diagonal, row[0] = row[0], count
        for index, word in enumerate(words, 1):
            best = min(row[index] + 1, row[index - 1] + 1, diagonal + (word != heard_word))
            diagonal, row[index] = row[index], best
    return WordErrors(row[-1], len(words))


def _words(text: str) -> list[str]:
    return _NO_WORD.sub(" ", text.lower().replace("-", " ")).split()
