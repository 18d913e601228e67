"""A text that was heard, with the client's key terms in it where they are as good as what was said.

What the decoder wrote is compared with what it would have been with a term in the place of some of its words,
by the decoder's own log-probabilities of both for this audio. The term is taken where it is less probable by
no more than a margin, which is wider for a term of more tokens. So nothing is taken that does not sound like
it, however many terms there are, and the text elsewhere stays as it was.

Most terms are out at their first token: its log-probability at every place comes with the text. The others
are looked at in two more runs of the decoder: their second tokens first, then the rest of those that are
left, and how the text goes on after them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.models.moonshine.branches import Branches
from antiphon.models.moonshine.decoder import Decoded
from antiphon.models.moonshine.keyterms import Term, Terms
from antiphon.models.moonshine.shape import Floats
from antiphon.models.moonshine.tokens import END

MARGIN, MARGIN_PER_TOKEN, MOST_MARGIN = 4.5, 1.0, 9.0
"""How much less probable (in natural logarithms) a term may be than what was written.

Found on half of the cases of ``bench/stt_keyterms.py``."""

MOST_BEGUN, MOST_WHOLE = 16, 6
"""Terms at places whose second token is looked at, and whose rest is: bounds of what a window costs."""

LEAST_LETTERS, MOST_LETTERS = 0.4, 2.0
"""Letters of the words that a term takes the place of, for each of its own."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Words that a term may take the place of.

    Attributes:
        end: index of the token after them.
        after: that token.
        log_probability: of theirs.
        log_probability_after: of the token after them.
    """

    end: int
    after: int
    log_probability: float
    log_probability_after: float


@dataclass(frozen=True, slots=True)
class _Chance:
    """A term that may be what was said.

    Attributes:
        start: index of the first token that it takes the place of.
        term: as it is written there.
        spans: what it may take the place of.
    """

    start: int
    term: Term
    spans: tuple[_Span, ...]

    def hope(self, log_probability: float) -> float:
        """How far it is within its margin at best, when its tokens so far have this log-probability."""
        return log_probability + _margin(self.term) - min(span.log_probability for span in self.spans)


@dataclass(frozen=True, slots=True)
class _Find:
    """A term that is probable enough in the place of words, and how far it is within its margin."""

    score: float
    start: int
    end: int
    term: Term


def with_terms(
    path: Decoded, terms: Terms, asked: NDArray[np.int64], session: Any, memory: Floats
) -> Decoded:
    """What was heard, with terms in it.

    A term's tokens count as sure as the words they took the place of: those tell whether somebody spoke.

    Args:
        path: what the decoder wrote.
        terms: of this stream.
        asked: the tokens that ``path.told`` is of, sorted; the terms' first ones are among them.
        session: of the decoder's graph.
        memory: what the encoder heard.
    """
    chances = _begun(path, terms, asked)
    if not chances:
        return path
    tokens = {token for chance in chances for token in chance.term.tokens}
    branches = Branches(session, memory, tokens | {span.after for chance in chances for span in chance.spans})
    branches.follow(0, path.tokens[: max(chance.start for chance in chances)])
    finds = _finds(_grown(chances, branches), branches)
    return _rewritten(path, finds, branches)


def _begun(path: Decoded, terms: Terms, asked: NDArray[np.int64]) -> list[_Chance]:
    """The terms whose first token is probable enough somewhere, the best first."""
    before = np.concatenate([[0.0], np.cumsum(path.log_probabilities)])
    hopes: list[tuple[float, _Chance]] = []
    for start, written in terms.places(path.tokens):
        ends = [
            (letters, _span(path, before, start, start + count))
            for count, letters in terms.ends(path.tokens[start:])
            if start + count < len(path.log_probabilities)  # the end of a text that was cut is not known
        ]
        firsts = path.told[start][np.searchsorted(asked, [term.tokens[0] for term in written])]
        least = min((span.log_probability for _, span in ends), default=0.0)
        for at in np.flatnonzero(firsts > least - MOST_MARGIN).tolist():
            term = written[at]
            spans = tuple(s for n, s in ends if LEAST_LETTERS <= n / term.letters <= MOST_LETTERS)
            chance = _Chance(start, term, spans)
            if spans and (hope := chance.hope(float(firsts[at]))) > 0:
                hopes.append((hope, chance))
    return _best(hopes, MOST_BEGUN)


def _span(path: Decoded, before: NDArray[np.float64], start: int, end: int) -> _Span:
    after = path.tokens[end] if end < len(path.tokens) else END
    return _Span(end, after, float(before[end] - before[start]), path.log_probabilities[end])


def _grown(chances: Sequence[_Chance], branches: Branches) -> list[_Chance]:
    """Those whose second token is probable enough as well."""
    for chance in chances:
        branches.follow(chance.start, chance.term.tokens[:1])
    branches.run()
    hopes = ((c.hope(branches.log_probability(c.start, c.term.tokens[:2])), c) for c in chances)
    return _best((each for each in hopes if each[0] > 0), MOST_WHOLE)


def _finds(chances: Sequence[_Chance], branches: Branches) -> list[_Find]:
    """Those that are probable enough as a whole, and with what comes after them."""
    for chance in chances:
        branches.follow(chance.start, chance.term.tokens)
    branches.run()
    scores = (
        _Find(
            branches.log_probability(chance.start, (*chance.term.tokens, span.after))
            + _margin(chance.term)
            - span.log_probability
            - span.log_probability_after,
            chance.start,
            span.end,
            chance.term,
        )
        for chance in chances
        for span in chance.spans
    )
    return [find for find in scores if find.score > 0]


def _rewritten(path: Decoded, finds: Sequence[_Find], branches: Branches) -> Decoded:
    """The text with the best of them that do not overlap."""
    chosen: list[_Find] = []
    for find in sorted(finds, key=lambda find: -find.score):
        if all(find.end <= other.start or other.end <= find.start for other in chosen):
            chosen.append(find)
    written = Decoded(list(path.tokens), list(path.log_probabilities), list(path.looks))
    for find in sorted(chosen, key=lambda find: -find.start):
        place, tokens = slice(find.start, find.end), find.term.tokens
        sureness = float(np.mean(path.log_probabilities[place]))
        written.tokens[place] = tokens
        written.log_probabilities[place] = [sureness] * len(tokens)
        written.looks[place] = branches.looks(find.start, tokens)
    return written


def _margin(term: Term) -> float:
    return min(MARGIN + MARGIN_PER_TOKEN * len(term.tokens), MOST_MARGIN)


def _best(hopes: Iterable[tuple[float, _Chance]], most: int) -> list[_Chance]:
    return [chance for _, chance in sorted(hopes, key=lambda each: -each[0])[:most]]
