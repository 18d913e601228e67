"""Which words of an open utterance will most likely be in its final text.

A word is certain when the hearings in a row that agree on it, and on all before it, speak for it strongly
enough: their probabilities of it are added up. This is local agreement (Liu, Spanakis, Niehues, "Low-Latency
Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection", 2020) that weighs
hearings instead of counting them. The last word of a hearing never is: its end may not have been heard.
`bench/stt_partials.py` measures both.
"""

from collections.abc import Sequence
from itertools import takewhile

from antiphon.speech.matching import bare, begins, place

CERTAIN = 1.8
"""Sum of probabilities from which a word is certain: two hearings that hardly doubt it."""


class Certainty:
    """The words of one utterance, as it grows.

    Attributes:
        words: those that are certain, as they were first written; none is ever taken back.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._heard: list[tuple[str, float]] = []  # each word of the hearing before, and what speaks for it

    def hear(self, words: Sequence[str], probabilities: Sequence[float]) -> list[str]:
        """Take what the utterance sounds like now.

        Args:
            words: as written.
            probabilities: of each of them.

        Returns:
            The certain words, and after them what else is heard.
        """
        self._weigh(words, probabilities)
        if not begins(words, self.words):
            return [*self.words, *words[place(self.words, words) :]]
        fresh = range(len(self.words), len(words) - 1)
        self.words += [words[i] for i in takewhile(lambda i: self._heard[i][1] >= CERTAIN, fresh)]
        return [*self.words, *words[len(self.words) :]]

    def _weigh(self, words: Sequence[str], probabilities: Sequence[float]) -> None:
        before, self._heard = self._heard, []
        agree = True
        for i, (word, probability) in enumerate(zip(words, probabilities, strict=True)):
            agree = agree and i < len(before) and before[i][0] == bare(word)
            self._heard.append((bare(word), probability + (before[i][1] if agree else 0.0)))
