"""English text to hibari's phoneme ids, with every word of the text placed among them.

Normalising ("$5 a day" to "five dollars a day"), part-of-speech tags, lexicon and the net for unknown
words are `hibari.g2p`'s. Placing is ours: words are compared before and after normalising, and what lies
between words that stayed the same is dealt out in order, by how many words each becomes on its own. Words
whose pronunciation is given go past all of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from importlib.resources import files
from itertools import accumulate, groupby
from typing import Any

from hibari.g2p import G2P, SUBTOKEN_RE  # pyright: ignore[reportMissingTypeStubs]
from hibari.g2p.normalize import (  # pyright: ignore[reportMissingTypeStubs]
    normalize as _hibari_normalize,  # pyright: ignore[reportUnknownVariableType]
)
from hibari.g2p.token import Tok  # pyright: ignore[reportMissingTypeStubs]

from antiphon.models.hibari.ipa import to_symbols
from antiphon.models.protocols import Token

PAUSES = frozenset(' ;:,.!?—…"“”()')
"""Symbols of the alphabet that are no phonemes."""

_CLAUSE_ENDS = frozenset(";:,.!?—…")
_MAX_TOKENS = 16
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What hibari's rules raise on input they were not made for, e.g. numbers of more than 36 digits."""


@dataclass(frozen=True, slots=True)
class Span:
    """A token of the text and its symbols ``start`` to ``end`` (exclusive; equal where it is silent)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is read.

    Attributes:
        symbols: one character of hibari's alphabet each, pauses included.
        words: the tokens of the text, all of them, in order.
    """

    symbols: str
    words: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is looked up as one word.

    Attributes:
        text: the word as it is to be spoken.
        owner: index of the word of the text that it comes from.
        symbols: how it is pronounced, if that is given; then for ``words`` words together.
    """

    text: str
    owner: int
    symbols: str = ""
    words: int = 1


class Phonemizer:
    """Reads English text. Loads lexicon, tagger and net at once: about half a second."""

    def __init__(self) -> None:
        self._g2p: Any = G2P()
        self._g2p.oov("antiphon")
        vocabulary = files("hibari").joinpath("assets/vocab.json").read_text(encoding="utf-8")
        self._ids: dict[str, int] = json.loads(vocabulary)

    def read(self, text: str, tokens: Sequence[Token] = (), *, normalize: bool = True) -> Reading:
        """The phonemes of a sentence or more; no symbols where there is nothing to speak.

        Args:
            text: words parted by blanks.
            tokens: what the words are told as, and how they are pronounced where that is given.
            normalize: put figures and the like into words first. Without, what the lexicon can't read is
                spelt by the net for unknown words, or silent.
        """
        words = text.split()
        counts = _counts(tokens, len(words))
        given = self._pronounced(words, tokens, counts) if tokens else []
        parts, readings = self._speak(words, given, normalize=normalize)
        symbols: list[str] = []
        spans: list[tuple[int, int] | None] = [None] * len(words)
        for reading, part in zip(readings, parts, strict=True):
            if symbols and reading:
                symbols.append(" ")
            start = len(symbols)
            symbols.extend(reading)
            sounding = [start + i for i, symbol in enumerate(reading) if symbol not in PAUSES] or [
                *range(start, len(symbols))
            ]
            if sounding:
                known = spans[part.owner]
                spans[part.owner] = (known[0] if known else sounding[0], sounding[-1] + 1)
        names = [token.text for token in tokens] + words[sum(counts[: len(tokens)]) :]
        if all(symbol in PAUSES for symbol in symbols):
            return Reading("", tuple(Span(name, 0, 0) for name in names))
        return Reading("".join(symbols), _told(names, counts, spans))

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

    def _speak(
        self, words: Sequence[str], given: Sequence[_Part], *, normalize: bool
    ) -> tuple[list[_Part], list[str]]:
        """The parts to speak, and the symbols of each."""
        try:
            parts = _parts(words, given, partial(_read, normalize=normalize))
            readings = self._phonemize(parts)
            if len(readings) == len(parts):
                return parts, readings
        except _UNREADABLE:
            pass
        parts = _parts(words, given, _apart)
        return parts, [part.symbols or self._speak_alone(part.text, normalize=normalize) for part in parts]

    def _pronounced(
        self, words: Sequence[str], tokens: Sequence[Token], counts: Sequence[int]
    ) -> list[_Part]:
        """The parts whose pronunciation is given, and hibari knows sounds of it."""
        parts: list[_Part] = []
        at = 0
        for token, count in zip(tokens, counts, strict=False):
            if count and (symbols := to_symbols(token.phonemes)):
                before, behind = _marks_around(" ".join(words[at : at + count]))
                parts.append(_Part(words[at], at, before + symbols + behind, count))
            at += count
        return parts

    def _speak_alone(self, word: str, *, normalize: bool) -> str:
        for attempt in (word, " ".join(word)):
            try:
                return " ".join(self._phonemize(_read(attempt.split(), 0, normalize=normalize)))
            except _UNREADABLE:
                continue
        return ""

    def _phonemize(self, parts: Sequence[_Part]) -> list[str]:
        """Symbols by part. Made past hibari's markup ``[text](/phonemes/)``: text is only text."""
        if not parts:
            return []
        tokens: list[Any] = []
        for given, run in groupby(parts, key=lambda part: bool(part.symbols)):
            if given:
                tokens += [Tok(part.text, "NN", " ", phonemes=part.symbols) for part in run]
            else:
                tokens += self._g2p._tokens(" ".join(part.text for part in run))  # noqa: SLF001
                tokens[-1].whitespace = " "
        tokens[-1].whitespace = ""
        readings = [""]
        for token in self._g2p.phonemize_tokens(tokens):
            readings[-1] += "".join(c for c in token.phonemes or "" if c in self._ids)
            if token.whitespace:
                readings.append("")
        return [reading.strip() for reading in readings]


def _counts(tokens: Sequence[Token], words: int) -> list[int]:
    """How many words each token has, as far as there are words; those beyond the tokens have one each."""
    counts: list[int] = []
    left = words
    for token in tokens:
        counts.append(min(max(token.words, 0), left))
        left -= counts[-1]
    return counts + [1] * left


def _told(
    names: Sequence[str], counts: Sequence[int], spans: Sequence[tuple[int, int] | None]
) -> tuple[Span, ...]:
    """Spans by token, from those by word; a silent token stands where the one before ended."""
    told: list[Span] = []
    at = here = 0
    for name, count in zip(names, counts, strict=True):
        own = [span for span in spans[at : at + count] if span]
        at += count
        start, here = (own[0][0], own[-1][1]) if own else (here, here)
        told.append(Span(name, start, here))
    return tuple(told)


def _marks_around(text: str) -> tuple[str, str]:
    """The pauses of hibari's alphabet that stand before and behind the words of a text."""
    inner = [i for i, c in enumerate(text) if c.isalnum()] or [len(text)]
    before, behind = text[: inner[0]].replace('"', "“"), text[inner[-1] + 1 :].replace('"', "”")
    return "".join(c for c in before if c in PAUSES), "".join(c for c in behind if c in PAUSES)


def _parts(
    words: Sequence[str], given: Sequence[_Part], read: Callable[[Sequence[str], int], list[_Part]]
) -> list[_Part]:
    """All parts in order: those given, and what ``read`` makes of the stretches of words between them."""
    parts: list[_Part] = []
    at = 0
    for part in (*given, _Part("", len(words))):
        stretch = words[at : part.owner]
        parts += read(stretch, at) if stretch else []
        parts += [part] if part.symbols else []
        at = part.owner + part.words
    return parts


def _apart(words: Sequence[str], first: int) -> list[_Part]:
    """Each word as it is."""
    return [_Part(word, owner) for owner, word in enumerate(words, first)]


def _read(words: Sequence[str], first: int, *, normalize: bool) -> list[_Part]:
    """The parts that words are spoken as; ``first`` is the index of the first among all words."""
    spoken = _normalize(" ".join(words)).split() if normalize else words
    return [
        _Part(part, first + owner)
        for word, owner in zip(spoken, _owners(words, spoken), strict=True)
        for part in _pieces_of(word)
    ]


def _normalize(text: str) -> str:
    return str(_hibari_normalize(text))


def _pieces_of(word: str) -> list[str]:
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
