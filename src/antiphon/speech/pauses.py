"""How likely a speaker is to go on after a pause, by its length and by how the text before it ends."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence within a turn, as long as it has lasted.

    Attributes:
        silence_s: seconds since somebody was heard.
        text: all that was said in the turn; empty when nothing was understood.
    """

    silence_s: float
    text: str


Likelihood = Callable[[Pause], float]
"""From 0 (the turn is over) to 1 (it goes on). It falls as a pause lasts."""

FINISHED_S = 0.37
"""Time constant of the fall after a whole sentence: to 0.4 in 0.34 s, to 0.2 in 0.6 s …"""

OPEN_S = 1.2
"""… and after anything else: to 0.4 in 1.1 s, to 0.2 in 1.9 s."""

_QUOTES = "\"'“”‘’)]"
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")

_OPENERS = frozenset(
    [
        "a",
        "although",
        "an",
        "and",
        "because",
        "but",
        "er",
        "erm",
        "hmm",
        "if",
        "its",
        "my",
        "nor",
        "or",
        "our",
        "than",
        "the",
        "their",
        "uh",
        "um",
        "whether",
        "while",
        "your",
    ]
)
"""Hardly an English sentence ends with these, whatever sign a recogniser puts after them."""


def fading(pause: Pause) -> float:
    """A likelihood that falls exponentially, and faster when the text is a whole sentence or none."""
    return math.exp(-pause.silence_s / (FINISHED_S if _finished(pause.text) else OPEN_S))


def _finished(text: str) -> bool:
    words = text.split()
    if not words:
        return True
    last = words[-1].rstrip(_QUOTES)
    return last.endswith(_SENTENCE_ENDS) and not last.endswith("...") and _bare(last) not in _OPENERS


def _bare(word: str) -> str:
    return word.strip(_QUOTES + ".,;:?!…-").casefold()
