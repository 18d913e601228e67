"""Times of day and ratios: "3:05 pm", "15:30", "9:00–17:00", "9am-5pm EST", "16:9"."""

import re

from antiphon.text.reading.letters import spell
from antiphon.text.reading.numbers import cardinal
from antiphon.text.reading.rule import DASH, Rule, rule

_ZONE = (
    r"(?: ?(?P<zone>UTC|GMT|[ECMP][SD]?T|AK[SD]T|HST|[CWE]ES?T|[BIJK]ST|AE[SD]T|NZ[SD]T|SGT|Z)"
    r"(?P<offset>[+-]\d{1,2}(?::\d\d)?)?(?![^\W_]))?"
)
_HALF = r"(?: ?(?P<{0}>[AaPp])(?:\.[Mm]\.|[Mm](?![^\W_])\.?))"


def _time(name: str, *, half: str) -> str:
    """A pattern for a time whose groups begin with ``name``; ``half`` says how often am or pm follows."""
    clock = rf"(?P<{name}_hour>\d\d?)(?:[:](?P<{name}_minute>\d\d)(?::(?P<{name}_second>\d\d))?)"
    return clock + ("?" if half == "" else "") + _HALF.format(f"{name}_half") + half


def _clock(match: re.Match[str], name: str, *, in_range: bool = False) -> str | None:
    parts = match.groupdict()
    hour, minute = int(parts[f"{name}_hour"]), int(parts.get(f"{name}_minute") or 0)
    second, half = parts.get(f"{name}_second"), parts.get(f"{name}_half")
    if minute > 59 or hour > (12 if half else 24) or (half and hour == 0):
        return None
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half and parts.get(f"{name}_minute"):
        said += " hundred" if hour > 12 or hour == 0 else "" if in_range else " o'clock"
    if second and int(second):
        said += f" and {cardinal(int(second))} second{'s' if int(second) != 1 else ''}"
    return f"{said} {half.lower()}.m." if half else said


def _zone(match: re.Match[str]) -> str:
    zone, offset = match["zone"], match["offset"]
    if not zone:
        return ""
    said = f" {'Zulu' if zone == 'Z' else spell(zone)}"
    if not offset:
        return said
    hours, _, minutes = offset[1:].partition(":")
    sign = "plus" if offset[0] == "+" else "minus"
    return f"{said} {sign} {cardinal(int(hours))}" + (
        f" {cardinal(int(minutes))}" if int(minutes or 0) else ""
    )


def _say_time(match: re.Match[str]) -> str | None:
    said = _clock(match, "at")
    return said and said + _zone(match)


def _say_range(match: re.Match[str]) -> str | None:
    start, end = _clock(match, "from", in_range=True), _clock(match, "to", in_range=True)
    return f"{start} to {end}{_zone(match)}" if start and end else None


def _say_ratio(match: re.Match[str]) -> str:
    """Numbers in a proportion, or the minutes and seconds of something that lasts: "48:32"."""
    parts = match[0].split(":")
    lasts = len(parts) > 1 and all(len(part) == 2 for part in parts) and int(parts[1]) < 60
    return (" " if lasts else " to ").join(cardinal(int(part)) for part in parts)


def _say_duration(match: re.Match[str]) -> str:
    parts = [(int(match[name]), name) for name in ("hour", "minute", "second") if match[name]]
    return " ".join(f"{cardinal(count)} {name}{'s' if count != 1 else ''}" for count, name in parts)


RULES: tuple[Rule, ...] = (
    rule(
        r"(?P<hour>\d{1,3})\s?h(?:rs?)? ?(?P<minute>\d\d?)\s?m(?:in)?(?: ?(?P<second>\d\d?)\s?s)?",
        _say_duration,
    ),
    rule(r"(?P<hour>)(?P<minute>\d{1,3})\s?m(?:in)? ?(?P<second>\d\d?)\s?s(?:ec)?", _say_duration),
    rule(_time("from", half="?") + rf"\s?{DASH}\s?" + _time("to", half="?") + _ZONE, _say_range),
    rule(
        r"(?P<from_hour>\d\d?)(?::(?P<from_minute>\d\d))?"
        + _HALF.format("from_half")
        + rf"?\s?{DASH}\s?"
        + _time("to", half="")
        + _ZONE,
        _say_range,
    ),
    rule(_time("at", half="?") + _ZONE, _say_time),
    rule(_time("at", half="") + _ZONE, _say_time),
    rule(r"\d{1,4}(?::\d{1,4}){1,2}", _say_ratio),
)
