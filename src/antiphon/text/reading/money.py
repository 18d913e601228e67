"""Amounts of money: "$5 million", "€3,200.50", "£20k", "50¢", "5 USD", "$10/month"."""

import re
from typing import NamedTuple

from antiphon.text.reading.numbers import cardinal, is_one, number
from antiphon.text.reading.rule import DASH, MINUS, NUMBER, Rule, alternatives, describes, rule


class _Currency(NamedTuple):
    one: str
    many: str
    hundredth: str = ""
    hundredths: str = ""


_DOLLAR = _Currency("dollar", "dollars", "cent", "cents")
_EURO = _Currency("euro", "euros", "cent", "cents")
_POUND = _Currency("pound", "pounds", "penny", "pence")
_YEN = _Currency("yen", "yen")
_RUPEE = _Currency("rupee", "rupees", "paisa", "paise")

_SIGNS = {
    "$": _DOLLAR,
    "US$": _Currency("U.S. dollar", "U.S. dollars", "cent", "cents"),
    "A$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "AU$": _Currency("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "CA$": _Currency("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "NZ$": _Currency("New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    "HK$": _Currency("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "S$": _Currency("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "R$": _Currency("real", "reais", "centavo", "centavos"),
    "€": _EURO,
    "£": _POUND,
    "¥": _YEN,
    "₹": _RUPEE,
    "Rs": _RUPEE,
    "Rs.": _RUPEE,
    "₩": _Currency("won", "won"),
    "₽": _Currency("ruble", "rubles", "kopeck", "kopecks"),
    "₪": _Currency("shekel", "shekels"),
    "₺": _Currency("lira", "lira"),
    "₴": _Currency("hryvnia", "hryvnias"),
    "₦": _Currency("naira", "naira"),
    "₱": _Currency("peso", "pesos"),
    "฿": _Currency("baht", "baht"),
    "₫": _Currency("dong", "dong"),
    "₿": _Currency("bitcoin", "bitcoins"),
}
_CODES = {
    "USD": _SIGNS["US$"],
    "EUR": _EURO,
    "GBP": _POUND,
    "JPY": _YEN,
    "CHF": _Currency("Swiss franc", "Swiss francs"),
    "CAD": _SIGNS["C$"],
    "AUD": _SIGNS["A$"],
    "NZD": _SIGNS["NZ$"],
    "INR": _Currency("Indian rupee", "Indian rupees", "paisa", "paise"),
    "CNY": _Currency("yuan", "yuan"),
    "RMB": _Currency("renminbi", "renminbi"),
    "KRW": _SIGNS["₩"],
    "SEK": _Currency("Swedish krona", "Swedish kronor"),
    "NOK": _Currency("Norwegian krone", "Norwegian kroner"),
    "DKK": _Currency("Danish krone", "Danish kroner"),
    "PLN": _Currency("zloty", "zlotys"),
    "MXN": _Currency("Mexican peso", "Mexican pesos"),
    "BTC": _SIGNS["₿"],
}
_CURRENCIES = _SIGNS | _CODES
_SCALES = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mm": "million",
    "MM": "million",
    "mn": "million",
    "bn": "billion",
    "b": "billion",
    "B": "billion",
    "tn": "trillion",
    "t": "trillion",
    "T": "trillion",
} | {word: word for word in ("hundred", "thousand", "million", "billion", "trillion")}
_PER = {
    "mo": "month",
    "yr": "year",
    "hr": "hour",
    "h": "hour",
    "wk": "week",
    "min": "minute",
    "s": "second",
    "sec": "second",
    "kg": "kilogram",
    "lb": "pound",
    "oz": "ounce",
    "L": "liter",
    "gal": "gallon",
    "GB": "gigabyte",
    "MB": "megabyte",
    "kWh": "kilowatt hour",
    "sqft": "square foot",
}
_SCALE = rf"(?:\s?{alternatives(_SCALES)}(?![^\W_]))?"
_CONTINENTAL = r"\d{1,3}(?:\.\d{3})*,\d\d(?!\d)"
_AMOUNT = rf"(?:{_CONTINENTAL}|{NUMBER}){_SCALE}"
_FIRST_SIGN = alternatives(_CURRENCIES)
_LAST_SIGN = alternatives({sign: None for sign in _CURRENCIES if sign not in {"Rs", "Rs.", "R$", "S$"}})
_AMOUNT_PARTS = re.compile(rf"(?P<number>{NUMBER})\s?(?P<scale>[a-zA-Z]*)")


def _say(match: re.Match[str]) -> str:
    parts = match.groupdict()
    currency = _CURRENCIES[parts["sign"]]
    low, high = parts["amount"], parts.get("to")
    said = f"{_bare(low)} to {_money(high, currency)}" if high else _money(low, currency)
    if not high and describes(match):
        said = f"{_bare(low)} {currency.one}"
    if parts.get("per"):
        said += f" per {_PER.get(parts['per'], parts['per'])}"
    if parts.get("plus"):
        said += " plus"
    return f"minus {said}" if parts.get("minus") else said


def _split(amount: str) -> tuple[str, str]:
    if re.fullmatch(_CONTINENTAL, amount):
        return amount.replace(".", "").replace(",", "."), ""
    parts = _AMOUNT_PARTS.match(amount)
    return (parts["number"], _SCALES.get(parts["scale"], "")) if parts else (amount, "")


def _bare(amount: str) -> str:
    figure, scale = _split(amount)
    return f"{number(figure)} {scale}".rstrip()


def _money(amount: str, currency: _Currency) -> str:
    figure, scale = _split(amount)
    whole, _, decimals = figure.replace(",", "").partition(".")
    if scale or len(decimals) != 2 or not currency.hundredth:
        unit = currency.one if is_one(figure) and not scale else currency.many
        return f"{_bare(amount)} {unit}"
    units = f"{number(whole)} {currency.one if is_one(whole) else currency.many}" if whole else ""
    if decimals == "00":
        return units or f"zero {currency.many}"
    cents = f"{cardinal(int(decimals))} {currency.hundredth if decimals == '01' else currency.hundredths}"
    return cents if not whole.strip("0") else f"{units} and {cents}"


def _say_cents(match: re.Match[str]) -> str:
    unit = ("cent", "cents") if match["sign"] == "¢" else ("penny", "pence")
    said = f"{number(match['amount'])} {unit[not is_one(match['amount'])]}"
    return f"{said} per {_PER.get(match['per'], match['per'])}" if match["per"] else said


RULES: tuple[Rule, ...] = (
    rule(
        rf"(?P<minus>{MINUS})?(?P<sign>{_FIRST_SIGN})\s?(?P<minus_inside>{MINUS})?(?P<amount>{_AMOUNT})"
        rf"(?:\s?{DASH}\s?(?P=sign)?(?P<to>{_AMOUNT}))?(?P<plus>\+)?(?:/(?P<per>[a-zA-Z]+))?",
        lambda match: f"minus {_say(match)}" if match["minus_inside"] else _say(match),
    ),
    rule(
        rf"(?P<minus>{MINUS})?(?P<amount>{_AMOUNT})(?:\s?{DASH}\s?(?P<to>{_AMOUNT}))?\s?(?P<sign>{_LAST_SIGN})"
        r"(?:/(?P<per>[a-zA-Z]+))?",
        _say,
    ),
    rule(rf"(?P<amount>{NUMBER})\s?(?P<sign>¢)(?:/(?P<per>[a-zA-Z]+))?", _say_cents),
    rule(r"(?P<amount>\d\d?)(?P<sign>p)(?P<per>)", _say_cents),
)
