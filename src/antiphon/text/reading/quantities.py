"""Plain numbers: signs, ranges, fractions, ordinals, "10k", "5M", arithmetic and powers."""

import re

from antiphon.text.reading.dates import BEFORE_DATES, MONTHS
from antiphon.text.reading.letters import spell
from antiphon.text.reading.numbers import cardinal, number, ordinal
from antiphon.text.reading.rule import DASH, LETTER, MINUS, NUMBER, Rule, rule, word_after, word_before

_PARTS = {
    2: ("half", "halves"),
    3: ("third", "thirds"),
    4: ("quarter", "quarters"),
    5: ("fifth", "fifths"),
    6: ("sixth", "sixths"),
    7: ("seventh", "sevenths"),
    8: ("eighth", "eighths"),
    9: ("ninth", "ninths"),
    12: ("twelfth", "twelfths"),
    16: ("sixteenth", "sixteenths"),
    32: ("thirty-second", "thirty-seconds"),
    64: ("sixty-fourth", "sixty-fourths"),
}
FRACTION_SIGNS = {
    "½": "one half",
    "⅓": "one third",
    "⅔": "two thirds",
    "¼": "one quarter",
    "¾": "three quarters",
    "⅕": "one fifth",
    "⅖": "two fifths",
    "⅗": "three fifths",
    "⅘": "four fifths",
    "⅙": "one sixth",
    "⅚": "five sixths",
    "⅛": "one eighth",
    "⅜": "three eighths",
    "⅝": "five eighths",
    "⅞": "seven eighths",
}
_SIGNS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "±": "plus or minus",
    "~": "about",
    "≈": "about",
    "<": "less than",
    ">": "more than",
    "≤": "at most",
    "≥": "at least",
    "<=": "at most",
    ">=": "at least",
    "#": "number",
    "№": "number",
}
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "bn": "billion", "T": "trillion"}
_SET_PHRASES = {
    "24/7": "twenty-four seven",
    "50/50": "fifty-fifty",
    "50-50": "fifty-fifty",
    "9/11": "nine eleven",
    "20/20": "twenty twenty",
    "7/11": "seven eleven",
    "7-11": "seven eleven",
}
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")


def say_sign(text: str | None) -> str:
    """What a sign before a number says of it, with a blank behind; nothing where there is none."""
    return f"{_SIGNS[text]} " if text else ""


def _say_number(match: re.Match[str]) -> str:
    if match["scale"] == "B" and "." not in match["number"] and word_after(match)[:1].isupper():
        return f"{number(match['number'])} B"  # a house: "221B Baker Street"
    said = say_sign(match["sign"]) + _scaled(match["number"], match["scale"])
    return f"{said} plus" if match["plus"] else said


def _say_range(match: re.Match[str]) -> str:
    low, high = _scaled(match["low"], match["low_scale"]), _scaled(match["high"], match["high_scale"])
    return f"{say_sign(match['sign'])}{low} to {high}"


def _scaled(figures: str, scale: str | None) -> str:
    return f"{number(figures)} {_SCALES[scale]}" if scale else number(figures)


def _say_fraction(match: re.Match[str]) -> str | None:
    """A part, a mark ("8/10": eight out of ten), or else two numbers."""
    whole, top, bottom = match["whole"], int(match["top"]), int(match["bottom"])
    if _is_day(match, top, bottom):
        return None
    if top < bottom and bottom in _PARTS and len(match["top"]) < 3:
        said = f"{cardinal(top)} {_PARTS[bottom][top > 1]}"
        return f"{number(whole)} and {said}" if whole else said
    if whole:
        return None
    if bottom in {10, 100, top} and top <= bottom:
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    return f"{cardinal(top)} over {cardinal(bottom)}"


def _is_day(match: re.Match[str], month: int, day: int) -> bool:
    """Whether two figures are a date: the second is too much for a part, or a word before says so."""
    if match["whole"] or not (1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]):
        return False
    return (day > 12 and day not in _PARTS) or word_before(match).lower() in BEFORE_DATES


def _say_mixed(match: re.Match[str]) -> str:
    part = FRACTION_SIGNS[match["part"]]
    said = f"{number(match['whole'])} and {part}" if match["whole"] else part
    return f"minus {said}" if match["sign"] else said


def _say_ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match["number"].replace(",", "")))


def _say_ordinals(match: re.Match[str]) -> str:
    return f"{ordinal(int(match['first']))} to {ordinal(int(match['last']))}"


def _say_mark(match: re.Match[str]) -> str:
    return f"{number(match['mark'])} out of {number(match['of'])}"


def _power(base: str, exponent: str) -> str:
    if exponent == "2":
        return f"{base} squared"
    if exponent == "3":
        return f"{base} cubed"
    return f"{base} to the power of {number(exponent.removeprefix('+'))}"


def _say_power(match: re.Match[str]) -> str:
    base = match["base"]
    exponent = match["exponent"] or match["raised"].translate(SUPERSCRIPTS)
    return _power(number(base) if base[0].isdecimal() else spell(base) if len(base) == 1 else base, exponent)


_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "–": "minus",
    "×": "times",
    "*": "times",
    "·": "times",
    "÷": "divided by",
    "/": "over",
    "=": "equals",
    "≠": "is not equal to",
    "≈": "is about",
    "<": "is less than",
    ">": "is greater than",
    "≤": "is at most",
    "≥": "is at least",
    "±": "plus or minus",
    "^": "to the power of",
    "²": "squared",
    "³": "cubed",
    "(": "",
    ")": "",
}
_TERM = rf"\(?(?:{NUMBER}|[a-zA-Z]{{1,2}}(?![^\W_²³]))[²³)]*"
_TOKEN = re.compile(rf"{NUMBER}|{LETTER}+|[^\s\w]|[²³]")


def _say_formula(match: re.Match[str]) -> str:
    tokens = _TOKEN.findall(match[0])
    said = (
        number(t) if t[-1].isdecimal() else _OPERATORS.get(t) if t in _OPERATORS else spell(t) for t in tokens
    )
    return " ".join(filter(None, said))


def _say_scientific(match: re.Match[str]) -> str:
    return (
        f"{number(match['number'])} times ten to the power of {number(match['exponent'].removeprefix('+'))}"
    )


def _say_phrase(match: re.Match[str]) -> str:
    return _SET_PHRASES[match[0]]


def _say_month_and_day(match: re.Match[str]) -> str | None:
    month, day = int(match["month"]), int(match["day"])
    return f"{MONTHS[month - 1]} {ordinal(day)}" if 1 <= month <= 12 and 1 <= day <= 31 else None


_SCALE = r"(?:k|K|M|B|bn|T)"

_PER = r"day|night|hour|week|month|year|person|minute|second|user|page|item"

RULES: tuple[Rule, ...] = (
    rule(
        rf"(?P<number>{NUMBER})/(?P<per>{_PER})",
        lambda match: f"{number(match['number'])} per {match['per']}",
    ),
    rule(r"(?P<first>\d{1,4})(?:st|nd|rd|th)\s?[-–]\s?(?P<last>\d{1,4})(?:st|nd|rd|th)", _say_ordinals),
    rule(r"(?P<mark>\d\d?\.\d+)/(?P<of>5|10|100)", _say_mark),
    rule(
        r"#(?P<number>\d{1,4})(?P<letter>[A-Z])",
        lambda m: f"number {number(m['number'])} {spell(m['letter'])}",
    ),
    rule(r"24/7|50[/-]50|9/11|7[-/]11|20/20", _say_phrase),
    rule(
        rf"{MINUS}?{_TERM}(?:\s?[+×*·÷±^=≠≈<>≤≥]\s?|\s?[-−–/]\s?(?=[\d\s.,()+*×÷^²³−–-]{{1,24}}=)){MINUS}?{_TERM}"
        rf"(?:\s?[-−–+×*·÷/±^=≠≈<>≤≥]\s?{MINUS}?{_TERM}){{0,12}}(?:\s?=)?",
        _say_formula,
    ),
    rule(rf"(?P<number>{MINUS}?{NUMBER})[eE](?P<exponent>[+-]?\d{{1,3}})", _say_scientific),
    rule(
        rf"(?P<base>{NUMBER}|[a-zA-Z]{{1,12}})(?:\^\(?(?P<exponent>[+-]?\d+)\)?|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))",
        _say_power,
    ),
    rule(r"(?:(?P<whole>\d+)[ -])?(?P<top>\d{1,4})[/⁄](?P<bottom>\d{1,4})", _say_fraction),
    rule(r"(?P<month>\d\d?)/(?P<day>\d\d?)", _say_month_and_day),
    rule(rf"(?P<sign>{MINUS})?(?P<whole>\d+)?\s?(?P<part>[{''.join(FRACTION_SIGNS)}])", _say_mixed),
    rule(r"(?P<number>\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th|ST|ND|RD|TH|º|ª)", _say_ordinal),
    rule(
        rf"(?P<sign>[~≈±])?(?P<low>{MINUS}?{NUMBER})(?P<low_scale>{_SCALE})?\s?{DASH}\s?"
        rf"(?P<high>{MINUS}?{NUMBER})(?P<high_scale>{_SCALE})?",
        _say_range,
    ),
    rule(
        rf"(?:(?P<sign>[-−+](?=[\d.])|<=|>=|[±~≈<>≤≥#№]) ?)?(?P<number>{NUMBER})(?P<scale>{_SCALE})?"
        r"(?P<plus>\+)?",
        _say_number,
    ),
)
