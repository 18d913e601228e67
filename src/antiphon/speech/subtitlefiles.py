"""Subtitles as files.

Sources: SubRip as FFmpeg reads and writes it; WebVTT (https://www.w3.org/TR/webvtt1/).
"""

from collections.abc import Iterable

from antiphon.speech.subtitles import Cue, lines


def srt(cues: Iterable[Cue]) -> str:
    """SubRip: numbered, with a comma before the milliseconds."""
    return "".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{_text(cue)}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT: what would be markup is escaped."""
    blocks = (
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_escaped(_text(cue))}\n\n" for cue in cues
    )
    return "".join(("WEBVTT\n\n", *blocks))


def _text(cue: Cue) -> str:
    return "\n".join(lines(cue.text))


def _clock(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
