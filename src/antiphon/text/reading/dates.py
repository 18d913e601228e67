"""Dates, decades and eras: "2026-11-22", "Nov 22nd", "22 November 2026", "the '90s", "44 BC"."""

import re

from antiphon.text.reading.letters import spell
from antiphon.text.reading.numbers import cardinal, ordinal, plural, year
from antiphon.text.reading.rule import DASH, Rule, alternatives, rule, word_after, word_before
from antiphon.text.reading.wordlist import word_list, word_set

MONTHS = word_list(
    """
    January February March April May June July August September October November December
    """
)
_BY_FORM = {form: i + 1 for i, name in enumerate(MONTHS) for form in (name, name[:3], f"{name[:3]}.")} | {
    "Sept": 9,
    "Sept.": 9,
}
_WEEKDAYS = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_SPANNED = _WEEKDAYS | {form: MONTHS[month - 1] for form, month in _BY_FORM.items()}
_ERAS = {"BC", "AD", "BCE", "CE", "B.C.", "A.D.", "B.C.E.", "C.E."}
_BEFORE_YEARS = word_set(
    """
    in since by until till during before after circa early late mid year from through spring summer
    autumn fall winter between
    """
)
_PLURALS = word_set(
    """
    people men women children feet teeth mice geese percent sheep deer cattle staff
    """
)
_NO_PLURALS = word_set(
    """
    is was has as this his its us does thus yes always perhaps plus less across ours
    """
)
BEFORE_DATES = frozenset({"on", "by", "until", "before", "after", "since", "due"})
_BEFORE_DECADES = word_set("the his her their my our your early mid late in")
_SHORT_MONTHS = [form for form in _BY_FORM if form not in {*MONTHS, "Jan", "Mar", "Jun"}]
_DAY_ENDING = "(?:st|nd|rd|th)"
_MONTH_FIGURES = frozenset(f"{month:02}" for month in range(1, 13))
_MONTH = rf"(?P<month>{alternatives(_BY_FORM)})"
_YEAR = r"(?P<year>(?:1\d|20)\d\d)"


def _date(month: int, day: int, year_said: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{said}, {year_said}" if year_said else said


def _full_year(figures: str) -> str:
    if len(figures) == 2:
        figures = ("20" if int(figures) < 50 else "19") + figures
    return year(int(figures))


def _say_iso(match: re.Match[str]) -> str | None:
    return _date(int(match["month"]), int(match["day"]), year(int(match["year"])))


def _say_figures(match: re.Match[str]) -> str | None:
    """Month first, as in America, unless that can be no date; behind periods the day is first."""
    first, second = int(match["first"]), int(match["second"])
    month, day = (second, first) if first > 12 or match["sign"] == "." else (first, second)
    return _date(month, day, _full_year(match["year"]))


def _say_figures_day_first(match: re.Match[str]) -> str | None:
    """Day first, as nearly everywhere else, unless that can be no date."""
    first, second = int(match["first"]), int(match["second"])
    day, month = (second, first) if second > 12 else (first, second)
    return _day_of(day, month, match, _full_year(match["year"]))


def _say_day_and_month(match: re.Match[str]) -> str | None:
    if word_before(match).lower() not in BEFORE_DATES:
        return None
    return _day_of(int(match["day"]), int(match["month"]), match)


def _day_of(day: int, month: int, match: re.Match[str], year_said: str = "") -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    article = "" if word_before(match).lower() == "the" else "the "
    said = f"{article}{ordinal(day)} of {MONTHS[month - 1]}"
    return f"{said}, {year_said}" if year_said else said


def _say_month_day(match: re.Match[str]) -> str | None:
    last = match["last"]
    said = _date(_BY_FORM[match["month"]], int(match["day"]))
    if said is None or (last and not int(match["day"]) < int(last) <= 31):
        return None
    if last:
        said = f"{said} to {ordinal(int(last))}"
    return f"{said}, {year(int(match['year']))}" if match["year"] else said


def _say_day_month(match: re.Match[str]) -> str | None:
    day, last = int(match["day"]), match["last"]
    if not 1 <= day <= 31 or (last and not day < int(last) <= 31):
        return None
    article = "" if word_before(match).lower() == "the" else "the "
    days = f"{ordinal(day)} to {article}{ordinal(int(last))}" if last else ordinal(day)
    said = f"{article}{days} of {MONTHS[_BY_FORM[match['month']] - 1]}"
    return f"{said}, {year(int(match['year']))}" if match["year"] else said


def _say_month(match: re.Match[str]) -> str:
    name = MONTHS[_BY_FORM[match["month"]] - 1]
    return f"{name} {year(int(match['year']))}" if match["year"] else name


def _say_decade(match: re.Match[str]) -> str | None:
    figures = match["decade"]
    if len(figures) == 2:
        marked = match["mark"] or word_before(match).lower() in _BEFORE_DECADES
        return plural(cardinal(int(figures))) if marked and figures != "00" else None
    return plural(year(int(figures)))


def _say_decades(match: re.Match[str]) -> str:
    return f"{plural(year(int(match['first'])))} to {plural(year(int(match['last'])))}"


def _say_era(match: re.Match[str]) -> str:
    before, after = match["before"], match["after"]
    years = " to ".join(year(int(figures)) for figures in re.findall(r"\d+", match["years"]))
    return f"{spell(before)} {years}" if before else f"{years} {spell(after)}"


def _say_short_year(match: re.Match[str]) -> str:
    figures = match["figures"]
    return f"oh {cardinal(int(figures))}" if figures[0] == "0" else cardinal(int(figures))


def _say_years(match: re.Match[str]) -> str | None:
    """Years from one to another: "2019–2021", "2019–21", "2019/20"; or a month, "2026-11"."""
    first, last = match["first"], match["last"]
    if int(last) <= int(first[-len(last) :]):
        return f"{MONTHS[int(last) - 1]} {year(int(first))}" if last in _MONTH_FIGURES else None
    to = "to " if match["sign"] != "/" else ""
    return f"{year(int(first))} {to}{year(int(last)) if len(last) == 4 else cardinal(int(last))}"


def _say_year(match: re.Match[str]) -> str | None:
    """Four figures, unless they count what follows: "in 2010 people left", but "over 2010 people"."""
    after = word_after(match)
    counts = after in _PLURALS or (
        len(after) > 3 and after.islower() and after.endswith("s") and after not in _NO_PLURALS
    )
    if counts and word_before(match).lower() not in _BEFORE_YEARS:
        return None
    return year(int(match["year"])) + ("'s" if match["of"] else "")


def _say_span(match: re.Match[str]) -> str:
    return f"{_SPANNED[match['first']]} to {_SPANNED[match['last']]}"


def _say_weekday(match: re.Match[str]) -> str:
    return _WEEKDAYS[match["day"]]


WORDS = frozenset(form for form in (*_BY_FORM, *_WEEKDAYS) if form.isalpha())
"""Forms that look like any other word."""

RULES: tuple[Rule, ...] = (
    rule(r"(?P<year>[12]\d{3})(?P<sign>[-/.])(?P<month>\d\d)(?P=sign)(?P<day>\d\d)", _say_iso),
    rule(r"(?P<first>\d\d?)(?P<sign>[-/.])(?P<second>\d\d?)(?P=sign)(?P<year>(?:1\d|20)\d\d)", _say_figures),
    rule(r"(?P<first>\d\d?)(?P<sign>/)(?P<second>\d\d?)/(?P<year>\d\d)", _say_figures),
    rule(
        rf"{_MONTH} (?P<day>\d\d?){_DAY_ENDING}?(?:\s?{DASH}\s?(?P<last>\d\d?){_DAY_ENDING}?)?"
        rf"(?:,? {_YEAR})?",
        _say_month_day,
    ),
    rule(
        rf"(?P<day>\d\d?){_DAY_ENDING}?(?:\s?{DASH}\s?(?P<last>\d\d?){_DAY_ENDING}?)?(?: of)?[ -]{_MONTH}"
        rf"(?:(?:,? |-){_YEAR})?",
        _say_day_month,
    ),
    rule(rf"(?P<month>{alternatives(_SHORT_MONTHS)})(?: {_YEAR})?", _say_month),
    rule(
        rf"(?P<day>{alternatives(_WEEKDAYS)})(?:\.(?= [A-Z0-9])|(?=,? (?:\d|{alternatives(_BY_FORM)})))",
        _say_weekday,
    ),
    rule(rf"(?P<first>{alternatives(_SPANNED)})\.?\s?{DASH}\s?(?P<last>{alternatives(_SPANNED)})", _say_span),
    rule(r"'(?P<figures>\d\d)(?!')", _say_short_year),
    rule(rf"(?P<first>(?:1\d|20)\d0)s\s?{DASH}\s?(?P<last>(?:1\d|20)\d0)s", _say_decades),
    rule(r"(?P<mark>')?(?P<decade>(?:1\d|20)?\d0)'?s", _say_decade),
    rule(
        rf"(?:(?P<before>AD|A\.D\.) )?(?P<years>\d{{1,4}}(?:\s?{DASH}\s?\d{{1,4}})?)"
        rf"\s?(?P<after>{alternatives(list(_ERAS))})",
        _say_era,
    ),
    rule(rf"(?P<before>AD|A\.D\.) (?P<years>\d{{1,4}}(?:\s?{DASH}\s?\d{{1,4}})?)(?P<after>)", _say_era),
    rule(
        rf"(?P<first>(?:1[1-9]|20)\d\d)\s?(?P<sign>{DASH}|/)\s?(?P<last>(?:1[1-9]|20)\d\d|\d\d)", _say_years
    ),
)
"""Written dates."""

DAY_FIRST: tuple[Rule, ...] = (
    rule(
        r"(?P<first>\d\d?)(?P<sign>[-/.])(?P<second>\d\d?)(?P=sign)(?P<year>(?:1\d|20)\d\d)",
        _say_figures_day_first,
    ),
    rule(r"(?P<first>\d\d?)/(?P<second>\d\d?)/(?P<year>\d\d)", _say_figures_day_first),
    rule(r"(?P<day>\d\d?)/(?P<month>\d\d?)", _say_day_and_month),
)
"""Dates in figures where the day is written first."""

BARE_YEARS: tuple[Rule, ...] = (rule(r"(?P<year>(?:1[1-9]|20)\d\d)(?P<of>'s)?", _say_year),)
"""Four figures that nothing else claims."""
