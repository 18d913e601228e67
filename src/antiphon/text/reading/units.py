r"""Measures: "5km", "20 °C", "60 mph", "10MB/s", "5'11", "120/80 mmHg", "1920x1080", "10–20 kg"."""

import re

from antiphon.text.reading.numbers import is_one, number
from antiphon.text.reading.quantities import say_sign
from antiphon.text.reading.rule import DASH, MINUS, NUMBER, Rule, alternatives, describes, rule

_PREFIXES = {
    "k": "kilo",
    "K": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
    "P": "peta",
    "m": "milli",
    "c": "centi",
    "d": "deci",
    "h": "hecto",
    "n": "nano",
    "µ": "micro",
    "μ": "micro",
    "u": "micro",
}
_PREFIXED = {
    "m": ("meter", "kcdmnµμu"),
    "g": ("gram", "kmnµμu"),
    "L": ("liter", "mcdµμ"),
    "l": ("liter", "mcdµμ"),
    "s": ("second", "mnµμu"),
    "Hz": ("hertz", "kMGT"),
    "B": ("byte", "kKMGTP"),
    "b": ("bit", "kKMG"),
    "bit": ("bit", "kKMG"),
    "W": ("watt", "kMGTm"),
    "Wh": ("watt hour", "kMGT"),
    "V": ("volt", "kMm"),
    "A": ("amp", "mk"),
    "Ah": ("amp hour", "m"),
    "J": ("joule", "kM"),
    "Pa": ("pascal", "hkM"),
    "N": ("newton", "k"),
    "Ω": ("ohm", "kM"),
    "F": ("farad", "µμnu"),
    "cal": ("calorie", "k"),
    "t": ("ton", "k"),
    "pc": ("parsec", "kM"),
    "eV": ("electron volt", "kMG"),
    "mol": ("mole", "m"),
}
_ALONE = {
    "m": "meter",
    "g": "gram",
    "L": "liter",
    "l": "liter",
    "s": "second",
    "Hz": "hertz",
    "bit": "bit",
    "W": "watt",
    "Wh": "watt hour",
    "V": "volt",
    "J": "joule",
    "Pa": "pascal",
    "Ω": "ohm",
    "cal": "calorie",
    "eV": "electron volt",
    "mol": "mole",
    "A": "amp",
    "N": "newton",
    "t": "ton",
    "in": "inch",
    "in.": "inch",
    "ft": "foot",
    "ft.": "foot",
    "yd": "yard",
    "yds": "yard",
    "mi": "mile",
    "mi.": "mile",
    "nmi": "nautical mile",
    "lb": "pound",
    "lbs": "pound",
    "lb.": "pound",
    "lbs.": "pound",
    "oz": "ounce",
    "oz.": "ounce",
    "fl oz": "fluid ounce",
    "fl. oz.": "fluid ounce",
    "gal": "gallon",
    "qt": "quart",
    "pt": "point",
    "tsp": "teaspoon",
    "tbsp": "tablespoon",
    "ha": "hectare",
    "ac": "acre",
    "cc": "cubic centimeter",
    "min": "minute",
    "min.": "minute",
    "mins": "minute",
    "hr": "hour",
    "hr.": "hour",
    "hrs": "hour",
    "h": "hour",
    "sec": "second",
    "sec.": "second",
    "secs": "second",
    "yr": "year",
    "yrs": "year",
    "mo": "month",
    "wk": "week",
    "wks": "week",
    "mcg": "microgram",
    "bar": "bar",
    "atm": "atmosphere",
    "px": "pixel",
    "dpi": "dot per inch",
    "MP": "megapixel",
    "deg": "degree",
    "sq ft": "square foot",
    "sq. ft.": "square foot",
    "sqft": "square foot",
    "sq mi": "square mile",
    "sq m": "square meter",
    "sq km": "square kilometer",
    "°": "degree",
}
_INVARIABLE = {
    "%": "percent",
    "‰": "per mille",
    "dB": "decibels",
    "°C": "degrees Celsius",
    "°F": "degrees Fahrenheit",
    "° C": "degrees Celsius",
    "° F": "degrees Fahrenheit",
    "℃": "degrees Celsius",
    "℉": "degrees Fahrenheit",
    "mph": "miles per hour",
    "kph": "kilometers per hour",
    "kmh": "kilometers per hour",
    "mpg": "miles per gallon",
    "rpm": "revolutions per minute",
    "bpm": "beats per minute",
    "fps": "frames per second",
    "psi": "pounds per square inch",
    "ppm": "parts per million",
    "kbps": "kilobits per second",
    "Kbps": "kilobits per second",
    "Mbps": "megabits per second",
    "Gbps": "gigabits per second",
    "mmHg": "millimeters of mercury",
    "m/s²": "meters per second squared",
    "m/s2": "meters per second squared",
    "hp": "horsepower",
    "pct": "percent",
    "kn": "knots",
    "ppi": "pixels per inch",
}
_PER = {"s": "second", "h": "hour", "hr": "hour", "min": "minute", "sec": "second", "day": "day", "d": "day"}
_IRREGULAR = {
    "foot": "feet",
    "inch": "inches",
    "square foot": "square feet",
    "cubic foot": "cubic feet",
    "dot per inch": "dots per inch",
}


def _all_units() -> dict[str, tuple[str, str]]:
    """Every unit's singular and plural by its sign."""
    names = dict(_ALONE)
    for sign, (name, prefixes) in _PREFIXED.items():
        names |= {prefix + sign: _PREFIXES[prefix] + name for prefix in prefixes}
    for sign, name in [*names.items()]:
        if name.endswith(("meter", "foot", "inch", "mile", "yard")) and sign.isalpha():
            names |= {f"{sign}²": f"square {name}", f"{sign}³": f"cubic {name}"}
            names |= {f"{sign}2": f"square {name}", f"{sign}3": f"cubic {name}"}
    units = {sign: (name, _plural(name)) for sign, name in names.items()}
    units |= {sign: (name.replace("degrees", "degree"), name) for sign, name in _INVARIABLE.items()}
    for sign, name in names.items():
        units |= {
            f"{sign}/{per}": (f"{name} per {time}", f"{_plural(name)} per {time}")
            for per, time in _PER.items()
        }
    return units


def _plural(name: str) -> str:
    head, square, last = name.rpartition("square ")
    if name.endswith("hertz"):
        return name
    return head + square + _IRREGULAR[last] if last in _IRREGULAR else _IRREGULAR.get(name, f"{name}s")


_UNITS = _all_units()
_TIGHT = frozenset({"in", "A", "N", "t", "s", "h", "bar", "deg", "mo"})
"""Units that are words or names where a blank stands before them."""

_SPACED = alternatives([sign for sign in _UNITS if sign not in _TIGHT])
_ANY = alternatives(list(_UNITS))
_BEFORE = r"(?:(?P<sign><=|>=|[~≈±<>≤≥])\s?)?"


def _say_measure(match: re.Match[str]) -> str | None:
    low, high = match["low"], match["high"]
    if match["low_unit"] not in {None, match["unit"]}:
        return None
    said = number(low)
    if match["fraction"]:
        said = f"{said} and {_FRACTIONS[match['fraction']]}"
    if high:
        said += f" to {number(high)}"
    single = is_one(low) and not high and not match["fraction"]
    plural = not (single or match["hyphen"] or describes(match))
    return f"{say_sign(match['sign'])}{said} {_unit(match, plural=plural)}"


def _unit(match: re.Match[str], *, plural: bool) -> str:
    sign = match["unit"]
    if sign not in _UNITS:
        sign = sign.rstrip(".")
    return _UNITS[sign][plural]


_FRACTIONS = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "⅓": "a third", "⅔": "two thirds"}


def _say_height(match: re.Match[str]) -> str:
    feet, inches = match["feet"], match["inches"]
    return f"{number(feet)} {'foot' if inches else 'feet'}" + (f" {number(inches)}" if inches else "")


def _say_size(match: re.Match[str]) -> str | None:
    sizes = re.split(r"\s?[x×]\s?", match["sizes"])
    if "×" in match["sizes"] and not match["unit"] and all(len(size) < 3 for size in sizes):
        return None
    said = " by ".join(number(size) for size in sizes)
    return f"{said} {_unit(match, plural=True)}" if match["unit"] else said


def _say_inches(match: re.Match[str]) -> str | None:
    """A double prime; a quotation mark where one was opened before."""
    opened = match.string[: match.start()].count('"') % 2
    one = is_one(match["inches"]) or describes(match)
    return None if opened else f"{number(match['inches'])} {'inch' if one else 'inches'}"


def _say_pressure(match: re.Match[str]) -> str | None:
    high, low = int(match["high"]), int(match["low"])
    if not (70 <= high <= 260 and 40 <= low < high):
        return None
    said = f"{number(match['high'])} over {number(match['low'])}"
    return f"{said} millimeters of mercury" if match["unit"] else said


def _say_times(match: re.Match[str]) -> str:
    return f"{number(match['factor'])} times"


_SIGNED = rf"{MINUS}?{NUMBER}"

RULES: tuple[Rule, ...] = (
    rule(r"(?P<feet>\d)['′]\s?(?:(?P<inches>\d\d?)[\"″]?)?", _say_height),
    rule(rf"(?P<sizes>{NUMBER}(?:\s?[x×]\s?{NUMBER})+)(?:\s?(?P<unit>{_ANY}))?", _say_size),
    rule(r"(?P<high>\d{2,3})/(?P<low>\d{2,3})(?: ?(?P<unit>mmHg))?", _say_pressure),
    rule(
        rf"{_BEFORE}(?P<low>{_SIGNED})(?P<fraction>[½¼¾⅓⅔])?(?:\s?(?P<low_unit>{_ANY})?\s?{DASH}\s?(?P<high>{_SIGNED}))?"
        rf"(?:\s?|(?P<hyphen>-))(?P<unit>{_SPACED})",
        _say_measure,
    ),
    rule(
        rf"{_BEFORE}(?P<low>{_SIGNED})(?P<fraction>[½¼¾⅓⅔])?(?:\s?(?P<low_unit>{_ANY})?\s?{DASH}\s?(?P<high>{_SIGNED}))?(?P<hyphen>-)?(?P<unit>{_ANY})",
        _say_measure,
    ),
    rule(rf"(?P<inches>{NUMBER})[\"″]", _say_inches),
    rule(rf"(?P<factor>{NUMBER})[x×]", _say_times),
)
