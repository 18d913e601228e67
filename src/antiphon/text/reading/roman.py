"""Roman numerals: "Henry VIII" is the eighth, "Chapter IV" four, "World War II" two."""

import re

from antiphon.text.reading.numbers import cardinal, ordinal, year
from antiphon.text.reading.rule import Rule, rule, word_after, word_before
from antiphon.text.reading.wordlist import word_set

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RULERS = word_set(
    """
    Henry Louis Edward George William Charles James Richard Elizabeth Mary John Paul Pius Benedict
    Leo Francis Gregory Clement Innocent Urban Alexander Nicholas Peter Catherine Ivan Frederick
    Philip Ramses Napoleon Xerxes Darius Cleopatra Ptolemy Emmanuel Umberto Gustav Christian
    Ferdinand Alfonso Carlos Juan Otto Wilhelm Friedrich Franz Joseph Leopold Albert Constantine
    Theodosius Mehmed Suleiman Selim Murad Harald Olaf Pedro Margaret Isabella Sixtus Julius
    Boniface Celestine Stephen Conrad Sigismund Haakon Baldwin Robert David Malcolm Kenneth Thutmose
    Amenhotep Seti Cosimo Adrian Hadrian Justin Tiberius Abdullah Mohammed Hussein Maximilian Rama
    Sancho Wenceslaus Casimir Bela Tutankhamun King Queen Pope Emperor Tsar
    """
)
_PARTS = word_set(
    """
    chapter part act scene section volume vol book phase article war mark type level stage class
    grade bowl apollo gemini fantasy episode round rocky title appendix figure table division
    category tier unit lesson season series group step day week page canto psalm corps factor
    quadrant case version exhibit annex schedule point item no number area zone world star wars
    sonata symphony movement opus quartet concerto
    """
)
_BOOKS = word_set(
    """
    Chapter Part Act Scene Section Volume Book Article Title Appendix Episode War Bowl Phase Stage Psalm
    """
)
"""Parts that even a single letter numbers."""

_BELOW_HUNDRED = r"(?:X[CL]|L?X{0,3})(?:IX|IV|V?I{0,3})"
_ROMAN = rf"(?:(?=[IVX]|L[IVX]){_BELOW_HUNDRED}|C{{1,3}}(?=[IVXL]){_BELOW_HUNDRED})"
_YEARS = rf"M{{1,2}}(?:C[MD]|D?C{{0,3}}){_BELOW_HUNDRED}"
_SMALL = 39
_CLEAR = frozenset({"II", "III", "VII", "VIII", "XII", "XIII"})
"""Numerals that are nothing else."""

_FEW_LETTERS = frozenset({"I", "V", "X", "L", "C", "CC", "CI", "CV", "CL", "XL", "LI", "CX", "LX", "MI"})
_AFTER_FIRST_PARTS = frozenset({"of", "was", "is", "and", "to", "in", "by", "ended", "began", "or"})


def _say_roman(match: re.Match[str]) -> str | None:
    numeral = match["numeral"]
    value = _value(numeral)
    name = _name_before(match)
    if name and not (numeral == "I" and _begins_clause(word_after(match))):
        if name in _RULERS and value <= _SMALL and numeral != "X":
            return f"the {ordinal(value)}"
        if name.lower() in _PARTS and (len(numeral) > 1 or name in _BOOKS or word_after(match) == "of"):
            return cardinal(value)
    titled = name[:1].isupper() and len(name) > 1 and value <= _SMALL and numeral not in _FEW_LETTERS
    return cardinal(value) if titled or numeral in _CLEAR else None


def _name_before(match: re.Match[str]) -> str:
    """The word before the numeral; empty where punctuation parts them."""
    before = match.string[max(match.start() - 2, 0) : match.start()]
    return word_before(match) if before[:1].isalpha() else ""


def _begins_clause(after: str) -> bool:
    """Whether an "I" before ``after`` is a person: "Part I saw", unlike "Part I of the book"."""
    return after.islower() and after not in _AFTER_FIRST_PARTS


def _value(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral]
    return sum(-v if any(v < later for later in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def _say_possessive(match: re.Match[str]) -> str | None:
    said = _say_roman(match)
    return said and f"{said}'s"


RULES: tuple[Rule, ...] = (
    rule(rf"(?P<numeral>{_ROMAN})", _say_roman),
    rule(rf"(?P<numeral>{_ROMAN})'s", _say_possessive),
    rule(rf"(?=[MDCLXVI]{{5}})(?P<numeral>{_YEARS})", lambda match: year(_value(match["numeral"]))),
)
