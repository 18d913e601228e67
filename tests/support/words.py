"""Word error rates on text as it is said, as `antiphon bench stt --manifest` counts them."""

from antiphon.loadtest.plainwords import plain_words
from antiphon.loadtest.wordrate import WordErrors, word_errors


def normalise(text: str) -> str:
    """The words that are said, with blanks between."""
    return " ".join(plain_words(text))


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Errors a word, over all texts together."""
    pairs = zip(said, heard, strict=True)
    return sum((word_errors(*pair) for pair in pairs), WordErrors()).rate or 0.0
