"""What a period after a word says about the end of a sentence, by the word it follows (English)."""

import re
from enum import Enum


class Period(Enum):
    """Whether the sentence is over."""

    ENDS = "always"
    CONTINUES = "never: a name or a clause follows"
    BEFORE_STARTER = "only when the next word usually starts a sentence"
    BEFORE_CAPITAL = "unless the next word is in lower case"
    BEFORE_WORD = "unless a number follows"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words in lower case elsewhere ("one more rep.") are abbreviations only with a capital.
_TITLES = _words(
    """
    adm brig capt cdr cmdr col cpl dr fr ft gen gov hon lt maj messrs mlle mme mr mrs ms msgr mt mx
    pres prof rep rev sen sgt supt
    """
)
_CONTINUES = _words("approx aka cf dr e.g eg esp i.e ie mr mrs ms prof viz vs")
_BEFORE_STARTER = _words(
    "assn ave blvd bros co corp dept dist gmbh inc jr llc ltd m.sc ph.d pty rd sr st tel univ"
)
_BEFORE_CAPITAL = _words("al etc ft hr hrs kg km lb lbs min mins mph oz")
_BEFORE_WORD = _words(
    """
    apr art aug ch chap dec eq ex feb fig figs jan jul jun mar no nos nov oct op p par pg pp sec
    sect sep sept ver vol vols
    """
)
_STARTERS = _words(
    """
    a after all also although an and any are as at because before besides both but by can could did
    do does during each even every everyone finally for from had has have he hello her here hers hi
    his how however i if in instead is it its just later let like many maybe meanwhile moreover most
    my no nobody nor not nothing now of oh okay on once only or our over perhaps please she should
    since so some somebody someone sometimes soon still such sure thank thanks that the their then
    there therefore these they this those though thus to today tomorrow too unless until was we well
    were what when where which while who whose why will with would yes yesterday yet you your
    """
)

_DOTTED_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")
_LIST_MARKER = re.compile(r"\d{1,3}(?:\.\d{1,3})*|[^\W\d_]|[ivx]{1,5}|[IVX]{1,5}")


def period_after(word: str) -> Period:
    """What a lone period after ``word`` means (``word`` without that period, as in ``e.g`` or ``Mr``)."""
    lower = word.lower()
    if lower in _CONTINUES or (lower in _TITLES and word[0].isupper()):
        return Period.CONTINUES
    if lower in _BEFORE_WORD:
        return Period.BEFORE_WORD
    if lower in _BEFORE_CAPITAL:
        return Period.BEFORE_CAPITAL
    if lower in _BEFORE_STARTER or _DOTTED_LETTERS.fullmatch(word):
        return Period.BEFORE_STARTER
    return Period.ENDS


def is_starter(word: str) -> bool:
    """Whether ``word`` is capitalised and common at the start of a sentence, unlike a name."""
    return word[:1].isupper() and word.lower() in _STARTERS


def is_list_marker(word: str) -> bool:
    """Whether ``word`` with a period after it may number an item: ``1``, ``2.3``, ``a``, ``iv``."""
    return _LIST_MARKER.fullmatch(word) is not None
