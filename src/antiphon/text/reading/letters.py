"""Letters said by their names, and the words that codes, names of files and addresses are made of."""

import re

from antiphon.text.reading.numbers import digits, number
from antiphon.text.reading.rule import LETTER
from antiphon.text.reading.wordlist import word_set

_PIECE = re.compile(rf"[A-Z]{{2,}}(?![a-z])|[A-Z]?(?:(?![A-Z]){LETTER})+|[A-Z]|\d+|.", re.DOTALL)
_VOWEL = re.compile(r"[aeiouyàáâäåæèéêëìíîïòóôöøùúûü]", re.IGNORECASE)
_SHORT_WORDS = word_set(
    """
    a ad am an as at be by co do ex go he hi if in is it me my no of oh ok on or ox so to up us we
    """
)
SIGNS = {
    ".": "dot",
    "/": "slash",
    "\\": "backslash",
    "-": "dash",
    "_": "underscore",
    "@": "at",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
    ",": "comma",
    ";": "semicolon",
    "!": "exclamation mark",
    "*": "star",
    "$": "dollar",
    "|": "pipe",
    "^": "caret",
}
"""The names of signs where they are dictated, as in an address."""


def spell(letters: str) -> str:
    """Letters one by one, as a model reads them by their names: joined by periods, "F.B.I.".

    A lone A has one, too: without, it is the article.
    """
    letters = "".join(c for c in letters if c.isalpha()).upper()
    return ".".join(letters) + "." if len(letters) > 1 or letters == "A" else letters


def is_word(letters: str) -> bool:
    """Whether letters can be said as a word: "example" but not "html" or "uk"."""
    if len(letters) < 3:
        return letters.lower() in _SHORT_WORDS
    return _VOWEL.search(letters) is not None


def say_letters(letters: str) -> str:
    """A run of letters as a word if it can be one, else spelled."""
    if letters == "usr":
        return "user"
    return letters if is_word(letters) else spell(letters)


def say_code(text: str) -> str:
    """A code of letters and digits: capitals spelled, three digits and more one by one; signs left out."""
    said: list[str] = []
    for piece in _PIECE.findall(text):
        if piece.isdecimal():
            said.append(digits(piece) if len(piece) > 2 else number(piece))
        elif piece.isalpha():
            said.append(spell(piece) if piece.isupper() else say_letters(piece))
    return " ".join(said)


def dictate(text: str) -> str:
    """An address or a name of a file, every sign by its name."""
    said: list[str] = []
    for piece in _PIECE.findall(text):
        if piece.isdecimal():
            said.append(digits(piece) if len(piece) > 2 else number(piece))
        elif piece.isalpha():
            said.append(say_letters(piece) if len(piece) > 1 else spell(piece))
        elif piece in SIGNS:
            said.append(SIGNS[piece])
    return " ".join(said)
