"""Word error rates on text as it is said."""

import re

import jiwer

_NUMBERS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def normalise(text: str) -> str:
    """Lower-case words; small figures as words."""
    words = re.sub(r"[^a-z0-9' ]", " ", text.lower().replace("-", " ")).split()
    return " ".join(_NUMBERS[int(w)] if w.isdecimal() and int(w) <= 12 else w for w in words)


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Errors a word, over all texts together."""
    return float(jiwer.wer([normalise(t) for t in said], [normalise(t) for t in heard]))
