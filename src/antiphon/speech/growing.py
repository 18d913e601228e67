"""Text that only ever grows, made of texts that replace each other until one is final.

What is certain of an open utterance (`antiphon.speech.certainty`) is taken over as it comes. What the final
says otherwise about words that are out already is lost; the rest of it follows them.
"""

from collections.abc import Sequence

from antiphon.speech.matching import begins, place


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

    def hear(self, text: str) -> bool:
        """Take what is certain of the open utterance by now; whether the text has grown."""
        words = text.split()
        # A stream that moved to another worker is heard again, perhaps otherwise.
        return begins(words, self._said) and self._say(words[len(self._said) :])

    def settle(self, text: str) -> bool:
        """Take the final text of the open utterance, and close it; whether the text has grown."""
        grown = self.cut(text)
        self._said = []
        return grown

    def cut(self, text: str) -> bool:
        """Take the final text of the beginning of the open utterance, whose rest is heard again as the next.

        What is out of that rest is not said once more. Whether the text has grown.
        """
        words = text.split()
        grown = self._say(words[place(self._said, words) :])
        self._said = self._said[place(words, self._said) :]
        return grown

    def _say(self, words: Sequence[str]) -> bool:
        if not words:
            return False
        self._said += words
        self.text += f"{' ' if self.text else self._lead}{' '.join(words)}"
        return True
