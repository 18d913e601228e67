"""Text to the words a person says when reading it out."""

import html
import re
import unicodedata
from dataclasses import dataclass

from antiphon.text.abbreviations import Period, is_starter, period_after
from antiphon.text.reading.rule import CLOSERS, EMOJI, LETTER, Rule
from antiphon.text.reading.rules import KNOWN_WORDS, rules_of
from antiphon.text.reading.symbols import ALONE, LIST_MARKS, name_emoji, piecewise
from antiphon.text.reading.wordlist import word_set

Rules = tuple[Rule, ...]

_LONGEST_RULED = 200
"""Longer words are said piece by piece."""

_OPENING = re.compile(rf"[\"'“‘«(\[{{<*_~`¿¡{EMOJI}]*")
_CLOSING = re.compile(rf"[{CLOSERS}]*")
_UNKEPT = re.compile(r"[^\"'“”‘’«»(),.;:!?…—]")
_ORDINARY = re.compile(r"([A-Z]?[a-z]+(?:[a-z]|'[a-z]+)|a)[,?!.]?")
_PLAIN = re.compile(rf"[\"'“‘«(¿¡]*{LETTER}+(?:['–—-]{LETTER}+)*[\"'”’»),.;:!?…—]*")
_CAPITALS = re.compile("[A-Z]{2}")
_PARTS = re.compile(r"[-–—/]|[^-–—/]+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_ANY_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_TAG = re.compile(rf"{_ANY_TAG.pattern}(?=\s|\Z)")
_LINK = re.compile(rf"!?\[(?P<text>[^\[\]]{{1,200}})\]\([^()\s]{{1,200}}\)(?=[{CLOSERS}]*(?:\s|\Z))")
_AFTER_PERIODS = frozenset(",;:?!")
_JOINTS = {"-": "", "–": "", "—": "—", "/": "slash"}
_BEFORE_FIGURES = word_set("~ ≈ ± < > ≤ ≥ <= >= № § §§ $ € £ ¥ ₹")
_FOLDED = str.maketrans({"’": "'", "\u2010": "-", "\u2011": "-", "\u2012": "-", "＃": "#", "％": "%"})


@dataclass(frozen=True, slots=True)
class Read:
    """A word, or several that are read together.

    Attributes:
        written: as it stands in the text, its words joined by single blanks.
        spoken: the words said, with blanks between and sentence punctuation kept; empty where a reader
            would say nothing, as for the mark of a list.
    """

    written: str
    spoken: str


def knows(language: str) -> bool:
    """Whether there are rules for a language, given by a code such as ``en`` or ``en-GB``."""
    return language.replace("_", "-").partition("-")[0].lower() == "en"


def read(text: str, language: str) -> tuple[Read, ...]:
    """How a person reads ``text`` out.

    Takes time in proportion to the text's length.

    Args:
        text: a sentence or more.
        language: a code such as ``en`` or ``en-GB``. Other languages pass unchanged, word by word.

    Returns:
        One entry a word or group of words: all words of the text, none twice, in order.
    """
    if not knows(language):
        return tuple(Read(word, word) for word in text.split())
    return _read(text, rules_of(language))


def _read(text: str, rules: Rules) -> tuple[Read, ...]:
    words = text.split()
    line = " ".join(words)
    if not any(c.isalnum() for c in line):
        return tuple(Read(word, name_emoji(word) or _say_sign(word, first=False)) for word in words)
    folded = _fold(line)
    reads: list[Read] = []
    at = 0
    while at < len(line):
        end, spoken = _read_at(folded, at, rules)
        written = line[at:end]
        reads.append(Read(written, written if spoken is None else spoken))
        at = end + 1
    return tuple(reads)


def _fold(line: str) -> str:
    """The line with one form of apostrophe, hyphen and digit, character by character."""
    if line.isascii():
        return line
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in line.translate(_FOLDED))


def _read_at(line: str, at: int, rules: Rules) -> tuple[int, str | None]:
    """Where what is read at ``at`` ends, and the words said; None where they are the words written."""
    blank = line.find(" ", at)
    end = len(line) if blank < 0 else blank
    word = line[at:end]
    ordinary = _ORDINARY.fullmatch(word)
    if ordinary and ordinary[1] not in KNOWN_WORDS and word.rstrip(",?!") not in KNOWN_WORDS:
        return end, None
    if not any(c.isalnum() for c in word) and not (
        word in _BEFORE_FIGURES and line[end + 1 : end + 2].isdecimal()
    ):
        return end, _say_sign(word, first=at == 0)
    if len(word) > _LONGEST_RULED:
        return end, piecewise(word)
    return (
        _unwrap(line, at, end, rules)
        or _apply_rules(line, at, rules)
        or (end, _say_unruled(line, at, end, rules))
    )


def _unwrap(line: str, at: int, end: int, rules: Rules) -> tuple[int, str] | None:
    """What is left of HTML and of a link in Markdown."""
    if line[at] == "<" and (tag := _TAG.match(line, at)):
        return tag.end(), ""
    if line[at] in "![" and (link := _LINK.match(line, at)):
        closing = _closing(line, link.end())
        return closing.end(), _say(link["text"], rules) + _UNKEPT.sub("", closing[0])
    word = line[at:end]
    bare = _ENTITY.sub(" ", html.unescape(word)) if "&" in word else word
    bare = _ANY_TAG.sub(" ", bare) if "<" in bare else bare
    return (end, _say(bare, rules)) if bare != word else None


def _say(text: str, rules: Rules) -> str:
    return " ".join(filter(None, (part.spoken for part in _read(text, rules))))


def _apply_rules(line: str, at: int, rules: Rules) -> tuple[int, str] | None:
    opening = _OPENING.match(line, at)
    inside = opening.end() if opening else at
    for start in (at, inside) if inside > at else (at,):
        for rule in rules:
            match = rule.pattern.match(line, start)
            if match and (said := rule.say(match)) is not None:
                closing = _closing(line, match.end())
                closed = f".{closing[0]}" if _ends_sentence(line, match) else closing[0]
                return closing.end(), _enclosed(line[at:start], said, closed, opened="(" in match[0])
    return None


def _ends_sentence(line: str, match: re.Match[str]) -> bool:
    """Whether the period a reading took in also ends the sentence."""
    if not match[0].endswith(".") or match.end() == len(line):
        return match[0].endswith(".")
    word = match[0].rstrip(".").rpartition(" ")[2]
    following = line[match.end() + 1 : match.end() + 16].partition(" ")[0]
    match period_after(word) if word else Period.CONTINUES:
        case Period.ENDS | Period.BEFORE_CAPITAL:
            return following[:1].isupper()
        case Period.BEFORE_STARTER:
            return is_starter(following)
        case _:
            return False


def _enclosed(opening: str, said: str, closing: str, *, opened: bool) -> str:
    """Words with the punctuation around them that a voice hears; a bracket ``opened`` inside goes unsaid."""
    kept = _UNKEPT.sub("", closing.replace(")", "") if opened else closing)
    if said.endswith(".") or kept[1:2] in _AFTER_PERIODS:
        kept = kept.removeprefix(".")
    return _UNKEPT.sub("", opening) + said + kept


def _closing(line: str, at: int) -> re.Match[str]:
    closing = _CLOSING.match(line, at)
    assert closing is not None  # noqa: S101 - the pattern matches nothing, too
    return closing


def _say_unruled(line: str, at: int, end: int, rules: Rules) -> str | None:
    """A word that no rule reads as a whole: as it is, or part by part."""
    if _PLAIN.fullmatch(line, at, end) and not _CAPITALS.search(line, at, end):
        return None
    opening = _OPENING.match(line, at, end)
    start = opening.end() if opening else at
    stop = end
    while stop > start and _CLOSING.fullmatch(line, stop - 1, stop):
        stop -= 1
    parts = [_say_part(line, part.start(), part.end(), rules) for part in _PARTS.finditer(line, start, stop)]
    said = " ".join(filter(None, parts))
    return _enclosed(line[at:start], said, line[stop:end], opened="(" in line[start:stop])


def _say_part(line: str, start: int, end: int, rules: Rules) -> str:
    part = line[start:end]
    if part == "–" and line[start - 1 : start].isalnum() and line[end : end + 1].isdecimal():
        return "to"
    if part in _JOINTS:
        return _JOINTS[part]
    if _PLAIN.fullmatch(part) and not part.isupper():
        return part
    for rule in rules:
        match = rule.pattern.match(line, start, end)
        if match and match.end() == end and (said := rule.say(match)) is not None:
            return said
    return piecewise(part)


def _say_sign(word: str, *, first: bool) -> str:
    """A word without letters and figures; at the start of a text it marks an item of a list."""
    if word in ALONE:
        return "" if first and word in LIST_MARKS else ALONE[word]
    return _UNKEPT.sub("", word)
