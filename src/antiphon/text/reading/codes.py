"""What is read digit by digit or letter by letter: ISBN, cards, accounts, rooms, postal codes, versions."""

import re

from antiphon.text.reading.letters import say_code, spell
from antiphon.text.reading.numbers import digits, number, year
from antiphon.text.reading.rule import Rule, rule, word_before, words_before
from antiphon.text.reading.wordlist import word_set

_BEFORE_DIGITS = word_set(
    """
    account acct code pin passcode password flight room suite zip zipcode postcode routing
    confirmation order tracking serial ref reference id case ticket invoice booking reservation gate
    extension ext box badge license licence plate http error status apt apartment unit channel
    policy member customer area ending train route highway interstate bus card cvv
    """
)
_STATES = word_set(
    """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY
    NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC
    """
)
_GROUP = re.compile(r"\d+|[A-Za-z]+")
_STAGE = r"(?:[-.]?(?P<stage>alpha|beta|rc|dev)[-.]?(?P<build>\d{1,3})?)?"
_STAGES = {"alpha": "alpha", "beta": "beta", "rc": "release candidate", "dev": "dev"}


def _groups(text: str) -> str:
    """Groups of digits and letters one after the other, with a short rest between."""
    return ", ".join(digits(group) if group.isdecimal() else spell(group) for group in _GROUP.findall(text))


def _say_isbn(match: re.Match[str]) -> str:
    kind = " thirteen" if match["kind"] == "13" else " ten" if match["kind"] else ""
    return f"{spell('ISBN')}{kind} {_groups(match['code'])}"


def _say_named(match: re.Match[str]) -> str | None:
    """Figures behind a word that announces a code: "room 412", "account number 1234"."""
    before = [word.lower().rstrip(":#") for word in words_before(match)]
    while before and before[-1] in {"number", "no", "is", "#", "in", "code", ""} and len(before) > 1:
        if before[-1] == "code":
            break
        before.pop()
    if not before or before[-1] not in _BEFORE_DIGITS:
        return None
    return f"number {_groups(match[0])}" if match[0].startswith("#") else _groups(match[0])


def _say_zip(match: re.Match[str]) -> str | None:
    return _groups(match[0]) if word_before(match).replace(".", "") in _STATES else None


def _say_dashed(match: re.Match[str]) -> str:
    return " ".join(
        digits(group) if group.isdecimal() else spell(group) for group in _GROUP.findall(match[0])
    )


def _say_flight(match: re.Match[str]) -> str | None:
    """A letter or two and figures behind "flight", "gate", "seat", "train"."""
    if word_before(match).lower() not in {
        "flight",
        "flights",
        "gate",
        "seat",
        "train",
        "room",
        "code",
        "locator",
        "runway",
        "terminal",
        "row",
        "apt",
        "apartment",
        "suite",
        "unit",
    }:
        return None
    letters, figures, rest = match["letters"], match["figures"], match["rest"]
    said = digits(figures) if len(figures) > 2 else number(figures)
    return " ".join(filter(None, (spell(letters or ""), said, spell(rest))))


def _say_version(match: re.Match[str]) -> str:
    said = " point ".join(
        number(part) if len(part) < 4 else digits(part) for part in match["numbers"].split(".")
    )
    if match["mark"]:
        said = f"version {said}" if word_before(match).lower() not in {"version", "release"} else said
    if match["stage"]:
        said += f" {_STAGES[match['stage'].lower()]}"
        said += f" {number(match['build'])}" if match["build"] else ""
    return said


def _say_model(match: re.Match[str]) -> str | None:
    """A product's number of four figures in pairs, as a year: "RTX 4090"."""
    figures = int(match["figures"])
    return f"{spell(match['letters'])} {year(figures)}" if figures > 2100 and figures % 100 > 9 else None


def _say_order(match: re.Match[str]) -> str | None:
    known = word_before(match).lower() in _BEFORE_DIGITS
    return (
        f"number {say_code(match['code'])}" if known and any(c.isdecimal() for c in match["code"]) else None
    )


MARKED: tuple[Rule, ...] = (
    rule(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d", lambda m: say_code(m[0])),
    rule(r"#(?P<code>[A-Z][A-Z\d]*(?:-[A-Z\d]+)*)", _say_order),
)
"""Before names and hashtags: "NW1 6XE", "order #A1234-56"."""

RULES: tuple[Rule, ...] = (
    rule(
        r"ISBN(?:-?(?P<kind>1[03]))?:? ?(?P<code>(?:97[89][- ]?)?\d{1,5}[- ]?\d{1,7}[- ]?\d{1,7}[- ]?[\dX])",
        _say_isbn,
    ),
    rule(r"\d{4}(?:[ -]\d{4}){2,4}|\d{4} \d{6} \d{5}|\d{3}-\d{2}-\d{4}|\d{5}-\d{4}", lambda m: _groups(m[0])),
    rule(r"\d(?:-\d){2,}|[A-Z](?:-[A-Z]){2,}", _say_dashed),
    rule(r"#?\d{3,}(?:-\d+)*", _say_named),
    rule(r"\d{5}", _say_zip),
    rule(r"0\d+|\d{10,}", lambda m: digits(m[0])),
    rule(r"(?P<letters>[A-Z]{1,2}|[A-Z]\d|\d[A-Z])? ?(?P<figures>\d{1,4})(?P<rest>[A-Z]?)", _say_flight),
    rule(rf"(?P<mark>[vV]\.? ?)(?P<numbers>\d+(?:\.\d+)*){_STAGE}", _say_version),
    rule(rf"(?P<mark>)(?P<numbers>\d+(?:\.\d+){{2,}}){_STAGE}", _say_version),
    rule(r"(?P<letters>[A-Z]{2,3}) (?P<figures>[2-9]\d{3})", _say_model),
)
