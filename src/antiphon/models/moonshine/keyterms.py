"""The key terms of a stream in a model's tokens, and where in a text they may stand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.decoder import NOTHING
from antiphon.models.moonshine.tokens import Vocabulary

_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class Term:
    """A key term as it is written in some places.

    Attributes:
        tokens: with the blank before it.
        letters: and digits in it.
    """

    tokens: tuple[int, ...]
    letters: int


class Terms:
    """The key terms of a stream.

    Attributes:
        firsts: tokens that a term begins with, sorted, [n].

    Args:
        keyterms: as the client wrote them; one without letters and digits is left out.
        vocabulary: of the model.
    """

    def __init__(self, keyterms: Sequence[str], vocabulary: Vocabulary) -> None:
        words = [" ".join(term.split()) for term in keyterms]
        self._vocabulary = vocabulary
        self._inside = _spelled(words, vocabulary)
        self._opening = _spelled([word[:1].upper() + word[1:] for word in words], vocabulary)
        firsts = {term.tokens[0] for term in (*self._inside, *self._opening)}
        self.firsts = np.array(sorted(firsts), np.int64)

    def places(self, tokens: Sequence[int]) -> Iterator[tuple[int, Sequence[Term]]]:
        """Where in a text a term may begin, and the terms as they are written there."""
        opens = True
        for at, token in enumerate(tokens):
            if self._vocabulary.begins_word(token):
                yield at, self._opening if opens else self._inside
            opens = self._vocabulary.text([token]).endswith(_SENTENCE_ENDS)

    def ends(self, tokens: Sequence[int]) -> Iterator[tuple[int, int]]:
        """After how many tokens of a text a word ends, and the letters and digits up to there."""
        letters = [self._vocabulary.letters([token]) for token in tokens]
        for at, count in enumerate(letters):
            ends = (
                at + 1 == len(tokens) or not letters[at + 1] or self._vocabulary.begins_word(tokens[at + 1])
            )
            if count and ends:
                yield at + 1, sum(letters[: at + 1])


def first_tokens(terms: Iterable[Terms | None]) -> NDArray[np.int64]:
    """The tokens that any term of several streams begins with, sorted."""
    return np.unique(np.concatenate([NOTHING, *(each.firsts for each in terms if each)]))


def _spelled(words: Sequence[str], vocabulary: Vocabulary) -> tuple[Term, ...]:
    spelled = (tuple(vocabulary.spell(word)) for word in dict.fromkeys(words))
    terms = (Term(tokens, vocabulary.letters(tokens)) for tokens in spelled)
    return tuple(term for term in terms if term.letters)
