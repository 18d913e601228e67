"""Titles and abbreviations: "Dr." is doctor or drive, "St." saint or street, "No. 5" number five."""

import re

from antiphon.text.abbreviations import is_starter
from antiphon.text.reading.rule import Rule, alternatives, rule, word_after, word_before
from antiphon.text.reading.wordlist import word_set

_TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Mx": "Mix",
    "Messrs": "Messieurs",
    "Dr": "Doctor",
    "Drs": "Doctors",
    "Prof": "Professor",
    "St": "Saint",
    "Mt": "Mount",
    "Ft": "Fort",
    "Gen": "General",
    "Gov": "Governor",
    "Sen": "Senator",
    "Rep": "Representative",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Sgt": "Sergeant",
    "Cpl": "Corporal",
    "Cmdr": "Commander",
    "Maj": "Major",
    "Adm": "Admiral",
    "Rev": "Reverend",
    "Hon": "Honorable",
    "Pres": "President",
    "Supt": "Superintendent",
    "Fr": "Father",
    "Msgr": "Monsignor",
    "Pvt": "Private",
    "Atty": "Attorney",
}
_NEVER_WORDS = word_set("Mr Mrs Ms Dr Drs Prof St Mt Lt Sgt Capt Messrs Msgr Cpl Cmdr Supt")
"""Titles that need no period."""

_ROADS = {"Dr": "Drive", "St": "Street"}

_ALWAYS = {
    "approx.": "approximately",
    "a.k.a.": "also known as",
    "aka": "also known as",
    "apt.": "apartment",
    "Apt.": "Apartment",
    "Assn.": "Association",
    "assoc.": "associate",
    "Ave.": "Avenue",
    "Ave": "Avenue",
    "Bldg.": "Building",
    "Blvd.": "Boulevard",
    "Blvd": "Boulevard",
    "Bros.": "Brothers",
    "c/o": "care of",
    "ca.": "circa",
    "cf.": "compare",
    "Co.": "Company",
    "Corp.": "Corporation",
    "Ct.": "Court",
    "Cir.": "Circle",
    "dept.": "department",
    "Dept.": "Department",
    "dist.": "district",
    "e.g.": "for example",
    "e.g": "for example",
    "eg.": "for example",
    "esp.": "especially",
    "Esq.": "Esquire",
    "est.": "established",
    "Est.": "Established",
    "et al.": "and others",
    "etc.": "et cetera",
    "etc": "et cetera",
    "excl.": "excluding",
    "govt.": "government",
    "Govt.": "Government",
    "hwy.": "highway",
    "Hwy.": "Highway",
    "Hwy": "Highway",
    "i.e.": "that is",
    "i.e": "that is",
    "ie.": "that is",
    "Inc.": "Incorporated",
    "Inc": "Incorporated",
    "incl.": "including",
    "Jr.": "Junior",
    "Jr": "Junior",
    "Sr.": "Senior",
    "Sr": "Senior",
    "Ln.": "Lane",
    "Ltd.": "Limited",
    "Ltd": "Limited",
    "max.": "maximum",
    "min.": "minimum",
    "misc.": "miscellaneous",
    "Mtn.": "Mountain",
    "n/a": "not applicable",
    "N/A": "not applicable",
    "orig.": "originally",
    "Pkwy.": "Parkway",
    "Pl.": "Place",
    "prev.": "previous",
    "Rd.": "Road",
    "Rd": "Road",
    "resp.": "respectively",
    "Sq.": "Square",
    "Ste.": "Suite",
    "tel.": "telephone",
    "Tel.": "Telephone",
    "temp.": "temperature",
    "Univ.": "University",
    "viz.": "namely",
    "vs.": "versus",
    "vs": "versus",
    "w/": "with",
    "w/o": "without",
    "and/or": "and or",
    "he/she": "he or she",
    "his/her": "his or her",
    "s/he": "she or he",
    "him/her": "him or her",
}
_BEFORE_NUMBERS = {
    "No.": "Number",
    "no.": "number",
    "Nos.": "Numbers",
    "nos.": "numbers",
    "Vol.": "Volume",
    "vol.": "volume",
    "vols.": "volumes",
    "Fig.": "Figure",
    "fig.": "figure",
    "Figs.": "Figures",
    "Ch.": "Chapter",
    "ch.": "chapter",
    "Sec.": "Section",
    "sec.": "section",
    "Eq.": "Equation",
    "eq.": "equation",
    "Art.": "Article",
    "art.": "article",
    "p.": "page",
    "P.": "Page",
    "pp.": "pages",
    "pg.": "page",
    "ext.": "extension",
    "Ext.": "Extension",
    "ed.": "edition",
    "v.": "version",
    "ver.": "version",
    "Ver.": "Version",
    "Ex.": "Example",
    "ex.": "example",
    "par.": "paragraph",
    "c.": "circa",
    "b.": "born",
    "d.": "died",
    "lvl.": "level",
    "§": "section",
    "§§": "sections",
}


def _say_title(match: re.Match[str]) -> str | None:
    title, period = match["title"], match["period"]
    before, after = word_before(match), word_after(match)
    named = after[:1].isupper()
    if title in _ROADS and _is_road(before, after):
        return _ROADS[title]
    if title in {"Mr", "Mrs", "Ms"} and period:
        return _TITLES[title]
    if not named or not (period or title in _NEVER_WORDS):
        return None
    return _TITLES[title]


def _is_road(before: str, after: str) -> bool:
    """Whether a road's name is before it: "Main St.", "5th St.", but not "in St. Louis", "The St. Regis"."""
    if before.lower() in {"the", "in", "to", "from", "of", "at", "mount", "port", ""}:
        return False
    goes_on = after[:1].isupper() and not is_starter(after) and after not in _TITLES
    return (before[:1].isupper() and not goes_on) or before[:1].isdigit()


def _say_always(match: re.Match[str]) -> str:
    return _ALWAYS[match[0]]


def _say_before_number(match: re.Match[str]) -> str | None:
    return _BEFORE_NUMBERS[match["short"]]


WORDS = frozenset(form for form in (*_TITLES, *_ALWAYS, *_BEFORE_NUMBERS) if form.rstrip(".").isalpha()) | {
    "et"
}
"""Forms that look like any other word."""

_WITH_PERIODS = [form for form in _ALWAYS if "." in form[:-1] and " " not in form]
DOTTED: tuple[Rule, ...] = (rule(alternatives(_WITH_PERIODS), _say_always),)
"""Abbreviations that look like initialisms."""

RULES: tuple[Rule, ...] = (
    rule(rf"(?P<title>{alternatives(_TITLES)})(?P<period>\.)?", _say_title),
    rule(alternatives([form for form in _ALWAYS if form not in _WITH_PERIODS]), _say_always),
    rule(rf"(?P<short>{alternatives(_BEFORE_NUMBERS)})(?= [#\dIVXLC])", _say_before_number),
)
