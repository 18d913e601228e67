"""Where speech without a pause is cut: between two of the words that were heard in it.

What comes before the cut is final; the audio after it is heard again at the beginning of the next window.
So no word lies on both sides, and none is heard without its end.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

CUT_RANGE = (0.67, 0.95)
"""Where a cut may lie, as shares of the window: late, but not at words whose end may lie beyond it."""


class HeardWord(Protocol):
    """A word as a recogniser gives it."""

    @property
    def text(self) -> str:
        """As written."""
        ...

    @property
    def start(self) -> int:
        """Its first sample in the window."""
        ...

    @property
    def end(self) -> int:
        """The sample after its last."""
        ...


class Cut(NamedTuple):
    """A place between two words.

    Attributes:
        word: index of the one after it.
        sample: where it lies.
    """

    word: int
    sample: int


def best_cut(words: Sequence[HeardWord], samples: int) -> Cut | None:
    """The middle of the longest gap between two words late in a window; None when no word begins there.

    Args:
        words: with their times, in order.
        samples: length of the window.
    """
    first, last = (share * samples for share in CUT_RANGE)
    late = [word for word in range(1, len(words)) if first <= words[word].start <= last]
    if not late:
        return None
    word = max(late, key=lambda i: (words[i].start - words[i - 1].end, i))
    return Cut(word, (words[word - 1].end + words[word].start) // 2)


def text_before(text: str, words: Sequence[HeardWord], word: int) -> str:
    """The part of a text that its first words make, as it is written."""
    at = 0
    for each in words[:word]:
        at = text.find(each.text, at) + len(each.text)
    return text[:at]
