"""Text that only ever grows, made of texts that replace each other until one is final.

Words of an open utterance are taken over when two hearings of it in a row agree on them (local agreement:
Liu, Spanakis, Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial
Hypothesis Selection", 2020), but never the last: its end may not have been heard. What the final says
otherwise about words that are out already is lost; the rest of it follows them.
"""

from collections.abc import Sequence
from itertools import takewhile

_MARKS = ".,;:?!…\"'“”‘’-"


class GrowingText:
    """The text of one turn.

    Attributes:
        text: all of it so far; what it is given only appends to it.

    Args:
        lead: what stands before the first word.
    """

    def __init__(self, lead: str = "") -> None:
        self.text = ""
        self._lead = lead
        self._said: list[str] = []  # words of the open utterance that are out
        self._last: list[str] = []  # the hearing of it before this one

    def hear(self, text: str) -> bool:
        """Take what the open utterance sounds like now; whether the text has grown."""
        words = text.split()
        agreed = _common(self._last, words[:-1])
        self._last = words
        out = len(self._said)
        if list(map(_bare, agreed[:out])) != list(map(_bare, self._said)):
            return False
        return self._say(agreed[out:])

    def settle(self, text: str) -> bool:
        """Take the final text of the open utterance, and close it; whether the text has grown."""
        words = text.split()
        grown = self._say(words[_place(self._said, words) :])
        self._said, self._last = [], []
        return grown

    def _say(self, words: Sequence[str]) -> bool:
        if not words:
            return False
        self._said += words
        self.text += f"{' ' if self.text else self._lead}{' '.join(words)}"
        return True


def _common(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))]


def _place(said: Sequence[str], words: Sequence[str]) -> int:
    """How many of ``words`` tell what ``said`` tells: the beginning with the fewest edits between the two."""
    costs = list(range(len(words) + 1))
    for i, word in enumerate(said, start=1):
        before, costs = costs, [i]
        for j, other in enumerate(words, start=1):
            replaced = before[j - 1] + (_bare(word) != _bare(other))
            costs.append(min(replaced, before[j] + 1, costs[j - 1] + 1))
    # Of equals the longest: a word that is missing does less harm than one said twice.
    return max(range(len(costs)), key=lambda j: (-costs[j], j))


def _bare(word: str) -> str:
    return word.strip(_MARKS).casefold()
