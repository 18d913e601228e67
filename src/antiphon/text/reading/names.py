"""Names written with signs or figures, and keys: "C++", ".NET", "AT&T", "mp3", "Ctrl+Shift+T", "Cmd-C"."""

import re
import unicodedata

from antiphon.text.reading.letters import say_code, spell
from antiphon.text.reading.numbers import cardinal, number, plural, year
from antiphon.text.reading.rule import Rule, alternatives, rule

_NAMES = {
    "C++": "C plus plus",
    "c++": "C plus plus",
    "G++": "G plus plus",
    "g++": "G plus plus",
    "Notepad++": "Notepad plus plus",
    "C#": "C sharp",
    "F#": "F sharp",
    "J#": "J sharp",
    "G#": "G sharp",
    ".NET": "dot net",
    "ASP.NET": "A.S.P. dot net",
    "Node.js": "Node J.S.",
    "node.js": "node J.S.",
    "Vue.js": "View J.S.",
    "Next.js": "Next J.S.",
    "Three.js": "Three J.S.",
    "AT&T": "A.T. and T",
    "R&B": "R and B",
    "R&D": "R and D",
    "Q&A": "Q and A.",
    "Q&As": "Q and A's",
    "B&B": "B and B",
    "M&M": "M and M",
    "M&Ms": "M and M's",
    "P&L": "P and L",
    "S&P": "S and P",
    "A&E": "A. and E",
    "H&M": "H and M",
    "D&D": "D and D",
    "PB&J": "P.B. and J",
    "B2B": "B to B",
    "B2C": "B to C",
    "P2P": "P to P",
    "I/O": "I O",
    "A/B": "A. B",
    "P/E": "P E",
    "A/C": "A. C",
    "TCP/IP": "T.C.P. I.P.",
    "OS/2": "O.S. two",
    "9-to-5": "nine to five",
    "CO2": "C.O. two",
    "CO₂": "C.O. two",
    "H2O": "H two O",
    "H₂O": "H two O",
    "O2": "O two",
    "iOS": "I.O.S.",
    "iPadOS": "iPad O.S.",
    "macOS": "mac O.S.",
    "watchOS": "watch O.S.",
    "MySQL": "My S.Q.L.",
    "PostgreSQL": "Postgres Q.L.",
    "NoSQL": "no S.Q.L.",
    "WiFi": "Wi-Fi",
    "wifi": "Wi-Fi",
    "vLLM": "V L.L.M.",
    "COVID-19": "COVID nineteen",
    "Covid-19": "Covid nineteen",
    "2FA": "two F.A.",
    "o1": "O one",
    "o3": "O three",
    "x86": "X eighty-six",
    "i18n": "internationalization",
    "k8s": "kubernetes",
    "A+": "A. plus",
    "A-": "A. minus",
    "B+": "B plus",
    "B-": "B minus",
    "C+": "C plus",
    "C-": "C minus",
    "D+": "D plus",
    "Disney+": "Disney plus",
    "Google+": "Google plus",
    "7-Eleven": "Seven-Eleven",
    "<3": "love",
    "401(k)": "four oh one K",
    "401k": "four oh one K",
    "WWI": "World War One",
    "WW1": "World War One",
    "WWII": "World War Two",
    "WW2": "World War Two",
}
_KEYS = {
    "Ctrl": "control",
    "CTRL": "control",
    "ctrl": "control",
    "Control": "control",
    "Cmd": "command",
    "cmd": "command",
    "CMD": "command",
    "Command": "command",
    "Alt": "alt",
    "alt": "alt",
    "ALT": "alt",
    "Opt": "option",
    "Option": "option",
    "Shift": "shift",
    "shift": "shift",
    "SHIFT": "shift",
    "Win": "windows",
    "Meta": "meta",
    "Super": "super",
    "Fn": "function",
    "Tab": "tab",
    "⌘": "command",
    "⌥": "option",
    "⇧": "shift",
    "⌃": "control",
}
_LAST_KEYS = {
    "Esc": "escape",
    "Del": "delete",
    "Ins": "insert",
    "Enter": "enter",
    "Return": "return",
    "PgUp": "page up",
    "PgDn": "page down",
    "PrtSc": "print screen",
    "Space": "space",
    "Backspace": "backspace",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
    "+": "plus",
    "-": "minus",
    "/": "slash",
}
_ALONE = {key: _KEYS[key] for key in ("Ctrl", "CTRL", "ctrl", "Cmd", "cmd", "CMD")} | {
    key: _LAST_KEYS[key] for key in ("Esc", "Del", "PgUp", "PgDn", "PrtSc")
}
_KEY = re.compile(rf"{alternatives(_KEYS | _LAST_KEYS)}|F\d\d?|\w+|\S")


def _say_name(match: re.Match[str]) -> str:
    return _NAMES[match["name"]] + (match["ending"] or "")


def _say_keys(match: re.Match[str]) -> str:
    said = [_say_key(key) for key in re.split(r"(?<=.)[+-](?=.)", match[0])]
    return " ".join(said)


def _say_key(key: str) -> str:
    known = (_KEYS | _LAST_KEYS).get(key)
    if known:
        return known
    if re.fullmatch(r"F\d\d?", key):
        return f"F {number(key[1:])}"
    symbols = [_KEYS.get(c) for c in key]
    if symbols and symbols[0]:
        return " ".join(name or say_code(c.upper()) for name, c in zip(symbols, key, strict=True))
    return number(key) if key.isdecimal() else spell(key) if len(key) == 1 and key.isalpha() else key.lower()


def _say_lines(match: re.Match[str]) -> str:
    """Lines of a screen: "1080p" is ten eighty P."""
    figures = int(match["lines"])
    said = "seven twenty" if figures == 720 else year(figures) if figures > 1000 else cardinal(figures)
    return f"{said} {match['kind'].upper()}"


def _say_letter_figures(match: re.Match[str]) -> str:
    """Short names of letters and figures: "A4", "F5", "mp3", "4K", "5G", "PS5"."""
    letters = match["letters"]
    figures = number(match["figures"])
    return f"{spell(letters)} {plural(figures) if match['ending'] else figures}"


def _say_figures_letter(match: re.Match[str]) -> str:
    return f"{number(match['figures'])} {spell(match['letter'])}{match['ending'] or ''}"


WORDS = frozenset(form for form in (*_NAMES, *_KEYS, *_ALONE) if form.isalpha())
"""Forms that look like any other word."""

RULES: tuple[Rule, ...] = (
    rule(r"(?P<first>[A-Z])–(?P<last>[A-Z])", lambda m: f"{spell(m['first'])} to {spell(m['last'])}"),
    rule("[α-ωΑ-Ω]", lambda match: unicodedata.name(match[0], "").rpartition(" ")[2].lower()),
    rule(rf"(?P<name>{alternatives(_NAMES)})(?P<ending>'s)?", _say_name),
    rule(
        rf"{alternatives(_KEYS)}(?:[+-]{alternatives(_KEYS)})*[+-](?:{alternatives(_LAST_KEYS)}|F?\d\d?|[A-Za-z]|[^\w\s])"
        rf"|[⌘⌥⇧⌃]{{1,4}}[A-Za-z0-9]",
        _say_keys,
    ),
    rule(rf"(?P<key>{alternatives(_ALONE)})", lambda m: _ALONE[m["key"]]),
    rule(r"(?P<lines>480|720|1080|1440|2160|4320)(?P<kind>[pi])", _say_lines),
    rule(r"(?P<letters>[A-Z]{1,3}|mp|MP|Mp)-?(?P<figures>\d{1,2})(?P<ending>'?s)?", _say_letter_figures),
    rule(r"(?P<figures>[23456]|8)(?P<letter>[KGDP])(?P<ending>'s)?", _say_figures_letter),
)
"""Before measures: "4K" is a screen, "5G" a network."""
