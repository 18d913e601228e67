"""English text to hibari's phoneme ids, with every word of the text placed among them.

Normalising ("$5 a day" to "five dollars a day"), part-of-speech tags, lexicon and the net for unknown
words are `hibari.g2p`'s. Placing is ours: words are compared before and after normalising, and what lies
between words that stayed the same is dealt out in order, by how many words each becomes on its own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.resources import files
from itertools import accumulate
from typing import Any

from hibari.g2p import G2P, SUBTOKEN_RE  # pyright: ignore[reportMissingTypeStubs]
from hibari.g2p.normalize import (  # pyright: ignore[reportMissingTypeStubs]
    normalize as _hibari_normalize,  # pyright: ignore[reportUnknownVariableType]
)

PAUSES = frozenset(' ;:,.!?—…"“”()')
"""Symbols of the alphabet that are no phonemes."""

_CLAUSE_ENDS = frozenset(";:,.!?—…")
_MAX_TOKENS = 16
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What hibari's rules raise on input they were not made for, e.g. numbers of more than 36 digits."""


@dataclass(frozen=True, slots=True)
class Span:
    """A word of the text and its symbols ``start`` to ``end`` (exclusive; equal where it is silent)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is read.

    Attributes:
        symbols: one character of hibari's alphabet each, pauses included.
        words: the words of the text, all of them, in order.
    """

    symbols: str
    words: tuple[Span, ...]


class Phonemizer:
    """Reads English text. Loads lexicon, tagger and net at once: about half a second."""

    def __init__(self) -> None:
        self._g2p: Any = G2P()
        self._g2p.oov("antiphon")
        vocabulary = files("hibari").joinpath("assets/vocab.json").read_text(encoding="utf-8")
        self._ids: dict[str, int] = json.loads(vocabulary)

    def read(self, text: str) -> Reading:
        """The phonemes of a sentence or more; no symbols where there is nothing to speak."""
        originals = text.split()
        readings, owners = self._speak(originals)
        symbols: list[str] = []
        spans: list[tuple[int, int] | None] = [None] * len(originals)
        for reading, owner in zip(readings, owners, strict=True):
            if symbols and reading:
                symbols.append(" ")
            start = len(symbols)
            symbols.extend(reading)
            sounding = [start + i for i, symbol in enumerate(reading) if symbol not in PAUSES] or [
                *range(start, len(symbols))
            ]
            if sounding:
                known = spans[owner]
                spans[owner] = (known[0] if known else sounding[0], sounding[-1] + 1)
        if all(symbol in PAUSES for symbol in symbols):
            return Reading("", tuple(Span(word, 0, 0) for word in originals))
        words: list[Span] = []
        for word, span in zip(originals, spans, strict=True):
            here = words[-1].end if words else 0
            words.append(Span(word, *(span or (here, here))))
        return Reading("".join(symbols), tuple(words))

    def pieces(self, symbols: str, longest: int) -> list[tuple[int, int]]:
        """Cut symbols into runs of at most ``longest``: behind a clause, else a word, else anywhere."""
        cuts = [0]
        while len(symbols) - cuts[-1] > longest:
            window = range(cuts[-1] + longest, cuts[-1] + longest // 2, -1)
            clause = next((i for i in window if symbols[i - 1] == " " and symbols[i - 2] in _CLAUSE_ENDS), 0)
            word = next((i for i in window if symbols[i - 1] == " "), 0)
            cuts.append(clause or word or window[0])
        return list(zip(cuts, [*cuts[1:], len(symbols)], strict=True)) if symbols else []

    def ids(self, symbols: str) -> list[int]:
        """The model's ids, padded on both sides."""
        return [0, *(self._ids[symbol] for symbol in symbols), 0]

    def _speak(self, words: Sequence[str]) -> tuple[list[str], list[int]]:
        """Symbols of each spoken word, and which of ``words`` each belongs to."""
        try:
            spoken = _normalize(" ".join(words)).split()
            parts = [
                (part, owner)
                for word, owner in zip(spoken, _owners(words, spoken), strict=True)
                for part in _parts(word)
            ]
            readings = self._phonemize([part for part, _ in parts])
            if len(readings) == len(parts):
                return readings, [owner for _, owner in parts]
        except _UNREADABLE:
            pass
        each = [self._speak_alone(word) for word in words]
        return each, list(range(len(words)))

    def _speak_alone(self, word: str) -> str:
        for attempt in (word, " ".join(word)):
            try:
                parts = [part for spoken in _normalize(attempt).split() for part in _parts(spoken)]
                return " ".join(self._phonemize(parts))
            except _UNREADABLE:
                continue
        return ""

    def _phonemize(self, words: Sequence[str]) -> list[str]:
        """Symbols by word. Made past hibari's markup ``[text](/phonemes/)``: text is only text."""
        if not words:
            return []
        tokens = self._g2p.phonemize_tokens(self._g2p._tokens(" ".join(words)))  # noqa: SLF001
        readings = [""]
        for token in tokens:
            readings[-1] += "".join(c for c in token.phonemes or "" if c in self._ids)
            if token.whitespace:
                readings.append("")
        return [reading.strip() for reading in readings]


def _normalize(text: str) -> str:
    return str(_hibari_normalize(text))


def _parts(word: str) -> list[str]:
    """The word, or pieces of it: hibari's time grows with the cube of a word's tokens ("-a-a-a-")."""
    tokens: list[str] = SUBTOKEN_RE.findall(word)
    if len(tokens) <= _MAX_TOKENS:
        return [word]
    return ["".join(tokens[i : i + _MAX_TOKENS]) for i in range(0, len(tokens), _MAX_TOKENS)]


def _owners(words: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """Index in ``words`` of each of ``spoken``, never falling."""
    if list(words) == list(spoken):
        return list(range(len(words)))
    owners: list[int] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, words, spoken, autojunk=False).get_opcodes():
        if tag == "equal":
            owners.extend(range(i, i_end))
        elif i == i_end:
            owners.extend([max(i - 1, 0)] * (j_end - j))
        else:
            owners.extend(_deal(words, i, i_end, j_end - j))
    return owners


def _deal(words: Sequence[str], start: int, end: int, count: int) -> list[int]:
    """Owners of ``count`` spoken words among ``words[start:end]``, by how many each becomes on its own."""
    shares = list(accumulate(max(len(_normalize(word).split()), 1) for word in words[start:end]))
    bounds = [-(-count * share // shares[-1]) for share in shares]
    return [start + next(k for k, bound in enumerate(bounds) if n < bound) for n in range(count)]
