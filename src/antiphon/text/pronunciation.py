"""Dictionaries of clients: what certain words are to be spoken as.

Source: https://docs.cartesia.ai/build-with-cartesia/capability-guides/custom-pronunciations. An entry applies
to whole words and phrases, the longest first, and to the possessive of what it names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

_PHONEMES = re.compile(r"<<([^<>]*)>>")
_NOT_PHONEMES = re.compile(r"[|\s]+")
_POSSESSIVE = re.compile(r"['’]s(?!\w)")
_VOICELESS, _HISSING = "ptkfθ", "szʃʒʧʤ"


class Entry(Protocol):
    """What a dictionary says of one text.

    Attributes:
        text: a word or phrase.
        alias: words to speak instead, or IPA as ``<<k|æ|t>>``.
        case_sensitive: whether capitals count; then ``text`` in lower case still applies where it begins a
            sentence with a capital.
    """

    @property
    def text(self) -> str:
        """What it applies to."""
        ...

    @property
    def alias(self) -> str:
        """What to speak."""
        ...

    @property
    def case_sensitive(self) -> bool:
        """Whether capitals count."""
        ...


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """A part of a text that a dictionary has an entry for.

    Attributes:
        text: as it is written.
        words: what to speak instead.
        phonemes: IPA to speak instead, blanks between words; if there is any, ``words`` is ``text``.
    """

    text: str
    words: str
    phonemes: str = ""


class Pronunciations:
    """Finds the entries of a dictionary in text.

    Args:
        entries: of several for the same text, the last one counts. One without text or alias never applies.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for entry in entries:
            text, alias = " ".join(entry.text.split()), entry.alias.strip()
            if text and alias and entry.case_sensitive:
                self._exact[text] = alias
            elif text and alias:
                self._folded[text.casefold()] = alias
        self._texts = sorted({*map(str.casefold, self._exact), *self._folded}, key=len, reverse=True)

    def find(self, text: str) -> list[str | Pronunciation]:
        """The text in parts: those with an entry, and what lies between them."""
        # Most entries are not there: a pattern of those that may be is quick to try at every place.
        folded = " ".join(text.casefold().split())
        pattern = "|".join(_whole(entry) for entry in self._texts if entry in folded)
        parts: list[str | Pronunciation] = []
        at = 0
        for match in re.finditer(pattern, text, re.IGNORECASE) if pattern else ():
            alias = self._alias(match)
            if alias is None:
                continue
            possessive = _POSSESSIVE.match(text, match.end())
            end = possessive.end() if possessive else match.end()
            parts += [text[at : match.start()]] if at < match.start() else []
            parts.append(_pronounced(text[match.start() : end], alias, possessive=possessive is not None))
            at = end
        return [*parts, text[at:]] if at < len(text) else parts

    def _alias(self, match: re.Match[str]) -> str | None:
        text = " ".join(match[0].split())
        if alias := self._exact.get(text):
            return alias
        if _begins_sentence(match) and (alias := self._exact.get(text[0].lower() + text[1:])):
            return alias
        return self._folded.get(text.casefold())


@lru_cache(maxsize=64)
def compiled(entries: tuple[Entry, ...]) -> Pronunciations:
    """`Pronunciations`, kept for the next context that uses the same entries."""
    return Pronunciations(entries)


def _whole(text: str) -> str:
    before = r"(?<!\w)" if _is_word(text[0]) else ""
    behind = r"(?!\w)" if _is_word(text[-1]) else ""
    return before + r"\s+".join(map(re.escape, text.split())) + behind


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _begins_sentence(match: re.Match[str]) -> bool:
    before = match.string[: match.start()].rstrip(" \t\n\r\"'“‘«([{*_¿¡—–-")
    return not before or before[-1] in ".!?…:"


def _pronounced(text: str, alias: str, *, possessive: bool) -> Pronunciation:
    sounds = _PHONEMES.findall(alias)
    if not sounds or _PHONEMES.sub("", alias).strip():
        words = _PHONEMES.sub(lambda sound: _NOT_PHONEMES.sub("", sound[1]), alias)
        return Pronunciation(text, f"{words}'s" if possessive else words)
    phonemes = " ".join(_NOT_PHONEMES.sub("", sound) for sound in sounds).strip()
    return Pronunciation(text, text, phonemes + _ending(phonemes) if possessive and phonemes else phonemes)


def _ending(phonemes: str) -> str:
    """How a possessive ends behind these sounds."""
    if phonemes[-1] in _HISSING:
        return "ɪz"
    return "s" if phonemes[-1] in _VOICELESS else "z"
