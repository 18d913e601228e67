"""Telephone numbers, digit by digit: "+1 (415) 555-0132 ext. 7", "0800 123 456", "1-800-FLOWERS"."""

import re

from antiphon.text.reading.letters import spell
from antiphon.text.reading.numbers import digits
from antiphon.text.reading.rule import Rule, rule, word_before
from antiphon.text.reading.wordlist import word_set

_EXTENSION = r"(?:,? ?(?:(?:ext|Ext|EXT|extn)\.? ?|[xX] ?|extension |Extension )(?P<extension>\d{1,6}))?"
_SEPARATOR = "[ .-]"
_AREA = rf"(?:\(\d{{1,5}}\) ?|\d{{1,5}}{_SEPARATOR})"
_GROUP = re.compile(r"\d+|[A-Z]+")
_BEFORE_NUMBERS = word_set(
    """
    call phone tel telephone fax mobile cell dial text at on number hotline whatsapp ring reach
    """
)


def _say_phone(match: re.Match[str]) -> str:
    extension = match["extension"]
    said = ", ".join(_group(group) for group in _GROUP.findall(match["number"]))
    if match[0].startswith(("+", "(+")):
        said = f"plus {said}"
    return f"{said}, extension {digits(extension)}" if extension else said


def _group(group: str) -> str:
    if group.isdecimal():
        return "eight hundred" if group == "800" else digits(group)
    return group.capitalize() if len(group) > 3 else spell(group)


def _say_grouped(match: re.Match[str]) -> str | None:
    near = word_before(match).lower().rstrip(":")
    return _say_phone(match) if match[0].startswith("0") or near in _BEFORE_NUMBERS else None


def _say_emergency(match: re.Match[str]) -> str | None:
    return (
        digits(match[0])
        if word_before(match).lower() in {"call", "called", "dial", "dialed", "calling"}
        else None
    )


_INTERNATIONAL = rf"\(?\+\d{{1,3}}\)?{_SEPARATOR}?{_AREA}?\d{{2,5}}(?:{_SEPARATOR}?\d{{2,5}}){{1,4}}"
_AMERICAN = rf"(?:1{_SEPARATOR})?(?:\(\d{{3}}\) ?|\d{{3}}{_SEPARATOR})\d{{3}}{_SEPARATOR}\d{{4}}"
_LETTERED = r"1-\d{3}-(?:[A-Z\d]{3}-[A-Z\d]{4}|[A-Z]{5,8})"
_WITH_AREA = rf"\(0\d{{1,4}}\) ?\d{{2,4}}(?:{_SEPARATOR}?\d{{2,4}}){{1,3}}|0\d{{1,4}}/\d{{3,8}}"
_LOCAL = r"\d{3}[-.]\d{4}"
_GROUPED = r"\d{3,5}(?:[ -]\d{2,4}){1,4}"

RULES: tuple[Rule, ...] = (
    *(
        rule(f"(?P<number>{form}){_EXTENSION}", _say_phone)
        for form in (_INTERNATIONAL, _AMERICAN, _LETTERED, _WITH_AREA, _LOCAL)
    ),
    rule(f"(?P<number>{_GROUPED}){_EXTENSION}", _say_grouped),
    rule(r"\d{3}", _say_emergency),
)
