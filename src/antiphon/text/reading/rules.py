"""The rules of reading in the order in which they are tried: the first with something to say wins."""

from antiphon.text.reading import (
    acronyms,
    addresses,
    codes,
    dates,
    money,
    names,
    phones,
    quantities,
    roman,
    shortforms,
    times,
    units,
)
from antiphon.text.reading.rule import Rule

RULES: tuple[Rule, ...] = (
    *codes.MARKED,  # "NW1 6XE"
    *names.RULES,  # "C++" is no sum, "4K" no temperature, "Node.js" no host
    *shortforms.DOTTED,  # "e.g." and "a.k.a." are no initialisms
    *acronyms.DOTTED,  # "D.C." is no file of C
    *addresses.RULES,  # their figures and signs are read inside them
    *money.RULES,  # "$5 million"
    *dates.RULES,  # before sums and ranges: "2026-11-22"
    *times.RULES,  # "3:05 pm"
    *phones.RULES,  # before ranges: "555-0100"
    *codes.RULES,  # "flight BA2490", "v2.0.1", before plain numbers
    *units.RULES,  # "5km"
    *dates.BARE_YEARS,  # what is measured is no year
    *quantities.RULES,  # any other number
    *shortforms.RULES,  # "Dr."
    *roman.RULES,  # before acronyms: "Henry VIII"
    *acronyms.RULES,  # "FBI"
)

DAY_FIRST_RULES: tuple[Rule, ...] = (*dates.DAY_FIRST, *RULES)

_MONTH_FIRST = frozenset(["", "AS", "BI", "GU", "MH", "MP", "PH", "PR", "UM", "US", "VI"])
"""Regions of English where the month is written before the day, by Unicode's CLDR; and none at all."""


def rules_of(language: str) -> tuple[Rule, ...]:
    """The rules for English as a region writes it, given by a code such as ``en-GB``."""
    region = language.replace("_", "-").partition("-")[2].upper()
    return RULES if region in _MONTH_FIRST else DAY_FIRST_RULES


KNOWN_WORDS: frozenset[str] = dates.WORDS | shortforms.WORDS | names.WORDS
"""Words of letters, with a period or without, that a rule may read otherwise."""
