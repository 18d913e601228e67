"""What a rule of reading is, and what it may ask about the words around it."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from antiphon.text.reading.wordlist import word_set

NUMBER = r"(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
"""A number as it is written, without its sign."""

MINUS = "[-−]"
DASH = "[-–—]"
"""What stands between the ends of a range."""

LETTER = r"[^\W\d_²³¹⁰⁴-⁹₀-₉¼-¾⅐-↉①-⓿❶-➓]"
"""Of the word characters those that are letters: a raised 2 is none."""

EMOJI = (
    "\u200d\u20e3\ufe0e\ufe0f\u231a-\u231b\u23e9-\u23f3\u2600-\u27bf\u2b50\u2b55"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
"""Emoji with their joiners and modifiers, for a class of characters."""

CLOSERS = rf",.;:!?…\"'”’»)\]}}>*_~`{EMOJI}"
"""What may follow a reading inside its word, for a class of characters."""

_END = rf"(?=[{CLOSERS}]*(?:\s|\Z))"
_NEAR = 48  # characters: how far words around a match are looked for
_NO_NOUNS = word_set(
    """
    a an and are as at away by each every for from he if in into is it less long more of off old on or out
    over per plus she so tall than that the they thick to tomorrow under until was we when where which
    while who wide with you
    """
)
_PUNCTUATION = "\"'“”‘’()[]{}<>*_~`.,;:!?…"


class Rule(NamedTuple):
    """How a form of writing is said.

    Attributes:
        pattern: matched where a word begins, behind its opening quotes and brackets. A match ends where its
            last word ends, before closing punctuation.
        say: the words said, or None where the form means something else here.
    """

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]


def rule(pattern: str, say: Callable[[re.Match[str]], str | None]) -> Rule:
    """A rule whose ``pattern`` ends with a word."""
    return Rule(re.compile(f"(?:{pattern}){_END}"), say)


def words_before(match: re.Match[str]) -> list[str]:
    """The words shortly before a match, the nearest last, without punctuation."""
    near = match.string[max(match.start() - _NEAR, 0) : match.start()]
    return [word.strip(_PUNCTUATION) for word in near.split()]


def word_before(match: re.Match[str]) -> str:
    """The word before a match, without punctuation; empty where there is none."""
    return next(iter(words_before(match)[-1:]), "")


def word_after(match: re.Match[str]) -> str:
    """The word after a match; empty where there is none or punctuation parts them."""
    near = match.string[match.end() : match.end() + _NEAR]
    if not near.startswith(" "):
        return ""
    return next(iter(near.split()), "").rstrip(_PUNCTUATION)


def describes(match: re.Match[str]) -> bool:
    """Whether a measure stands before the noun it describes, where it has no plural: "a five dollar bill"."""
    after = word_after(match)
    named = after.isalpha() and after.islower() and after not in _NO_NOUNS
    return named and word_before(match).lower() in {"a", "an"}


def alternatives(forms: Iterable[str]) -> str:
    """A group that matches any of ``forms``, the longest first."""
    return "(?:" + "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) + ")"
