"""Signs that stand alone, emoji, HTML, and what no rule knew: a word said piece by piece."""

import re
import unicodedata

from antiphon.text.reading.letters import is_word, say_letters, spell
from antiphon.text.reading.numbers import digits, number, year
from antiphon.text.reading.quantities import FRACTION_SIGNS, SUPERSCRIPTS
from antiphon.text.reading.rule import EMOJI, LETTER

ALONE = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "≠": "is not equal to",
    "≈": "is about",
    "~": "about",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "<=": "is at most",
    ">=": "is at least",
    "==": "equals",
    "!=": "is not equal to",
    "→": "to",
    "->": "to",
    "=>": "to",
    "@": "at",
    "%": "percent",
    "/": "slash",
    "\\": "backslash",
    "°": "degrees",
    "§": "section",
    "¶": "paragraph",
    "©": "copyright",
    "∞": "infinity",
    "√": "the square root of",
    "π": "pi",
    "Δ": "delta",
    "∆": "delta",
    "µ": "micro",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "¢": "cents",
    "-": "—",
    "–": "—",
    "—": "—",
    "--": "—",
    "---": "—",
    "...": "…",
    "…": "…",
    "|": ",",
}
"""What is said for a sign between two blanks; of others nothing is."""

LIST_MARKS = frozenset({"-", "–", "—", "--", "+", ">", "|"})
"""What marks an item or a quotation at the start of a line."""

_INSIDE = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "≠": "is not equal to",
    "≈": "is about",
    "±": "plus or minus",
    "×": "times",
    "÷": "divided by",
    "≤": "is at most",
    "≥": "is at least",
    "→": "to",
    "@": "at",
    "%": "percent",
    "/": "slash",
    "\\": "backslash",
    "_": "underscore",
    "°": "degrees",
    "§": "section",
    "©": "copyright",
    "√": "root",
    "$": "dollar",
    "€": "euros",
    "£": "pounds",
    "^": "to the power of",
    "²": "squared",
    "³": "cubed",
    "<": "less than",
    ">": "greater than",
    "~": "about",
    "∞": "infinity",
    "—": "—",
    ",": ",",
    ";": ";",
    "…": "…",
    "?": "?",
    "!": "!",
} | FRACTION_SIGNS
_PIECE = re.compile(
    rf"{LETTER}+(?:'{LETTER}+)*|(?<![\w.])\d+(?:,\d{{3}})+(?!\d)|\d+(?:\.\d+)?|[⁰¹⁴-⁹⁺⁻]+|.", re.DOTALL
)
_EMOJI = re.compile(f"[{EMOJI}]")
_EMOJI_WORDS = re.compile(
    r"\b(?:sign|symbol|emoji|modifier|fitzpatrick|type-\d|variation selector-\d+|joiner)\b|-"
)


def name_emoji(word: str) -> str:
    """What emoji show, where they are all there is to say."""
    names = (unicodedata.name(c, "") for c in _EMOJI.findall(word))
    said = (_EMOJI_WORDS.sub(" ", name.lower()) for name in names)
    return " ".join(" ".join("".join(c if c.isalpha() else " " for c in name).split()) for name in said)


def piecewise(word: str) -> str:
    """A word no rule knows, by its runs of letters and figures and by the signs between them."""
    pieces = _PIECE.findall(word)
    said: list[str] = []
    for before, piece in zip(["", *pieces], pieces, strict=False):
        words = _piece(piece, before)
        if words in {",", ";", "…", "?", "!"} and said:
            said[-1] += words
        elif words:
            said.append(words)
    return " ".join(said)


def _piece(piece: str, before: str) -> str:
    if piece[0].isdecimal():
        return _figures(piece, attached=before[:1].isalpha())
    if piece[0].isalpha():
        return _letters(piece)
    if piece in _INSIDE:
        return _INSIDE[piece]
    raised = piece.translate(SUPERSCRIPTS)
    if raised != piece:
        return f"to the power of {number(raised.lstrip('+'))}" if raised.lstrip("+-").isdecimal() else ""
    value = unicodedata.numeric(piece, 0.5)
    return number(str(int(value))) if value.is_integer() else ""


def _figures(figures: str, *, attached: bool) -> str:
    if figures.isdecimal() and attached and len(figures) > 2:
        return digits(figures)
    if figures.isdecimal() and len(figures) == 4 and "1100" <= figures < "2100":
        return year(int(figures))
    return number(figures)


def _letters(letters: str) -> str:
    if len(letters) == 1 or letters.isupper():
        return spell(letters) if len(letters) == 1 else say_capitals(letters)
    return letters if is_word(letters) or "'" in letters or letters[0].isupper() else say_letters(letters)


def say_capitals(letters: str) -> str:
    """A run of capitals inside a longer word."""
    return letters if is_word(letters) and len(letters) > 3 else spell(letters)
