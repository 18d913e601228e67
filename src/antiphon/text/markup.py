"""Markup in a transcript that comes piece by piece: tags that change the voice, pauses, words spelled out.

Source: https://docs.cartesia.ai/build-with-cartesia/sonic-3/ssml-tags, and its pages on custom pronunciations
(``<<k|æ|t>>``). What is no tag of these is text. A tag whose value can't be read does nothing and is not
spoken; a tag that the end cuts off neither.
"""

import re
from dataclasses import dataclass

LONGEST_PHONEMES = 100
"""Characters between ``<<`` and ``>>``; more is text."""

_LONGEST_FIELDS = 200

_NAMES = ("speed", "volume", "emotion", "break", "spell")
_LAUGHTER = "[laughter]"


def _any_start(words: tuple[str, ...]) -> str:
    """A pattern for every beginning of the words, the whole words among them."""
    starts = {word[:end] for word in words for end in range(1, len(word) + 1)}
    return "|".join(re.escape(start) for start in sorted(starts, key=len, reverse=True))


_OPENED = rf"</?(?:{'|'.join(_NAMES)})[\s/][^<>]{{0,{_LONGEST_FIELDS}}}"
_SOUNDS = rf"[^\s<>。｡！？]{{1,{LONGEST_PHONEMES}}}"
_TAG = (
    rf"<(?P<closes>/)?(?P<name>{'|'.join(_NAMES)})(?:[\s/](?P<fields>[^<>]{{0,{_LONGEST_FIELDS}}}))?>"
    rf"|<<(?P<sounds>{_SOUNDS})>>"
    rf"|{re.escape(_LAUGHTER)}"
)
_START = (
    rf"(?P<start>(?:{_OPENED}|</?(?:{_any_start(_NAMES)})?|<<(?:{_SOUNDS}>?)?|{_any_start((_LAUGHTER,))})\Z)"
)

_WHOLE = re.compile(_TAG, re.IGNORECASE)
_WHOLE_OR_START = re.compile(f"{_TAG}|{_START}", re.IGNORECASE)
_CUT_OFF = re.compile(rf"{_OPENED}\Z", re.IGNORECASE)
_VALUE = re.compile(
    r"(ratio|time)\s*=\s*[\"'“”]?\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>ms|s)?\s*(?:[\"'”“/]|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """Text to speak.

    Attributes:
        text: as it was written.
        spelled: character by character.
        phonemes: IPA that it is pronounced as; empty: as it is read.
    """

    text: str
    spelled: bool = False
    phonemes: str = ""

    @property
    def plain(self) -> bool:
        """Read as text is read."""
        return not (self.spelled or self.phonemes)


@dataclass(frozen=True, slots=True)
class Speed:
    """The pace from here on: a factor, 1.0 = the voice's own."""

    ratio: float


@dataclass(frozen=True, slots=True)
class Volume:
    """The loudness from here on: a factor of the amplitude."""

    ratio: float


@dataclass(frozen=True, slots=True)
class Break:
    """A pause."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Expression:
    """Something that a voice may be able to act: ``emotion`` or ``laughter``."""

    kind: str


Item = Text | Speed | Volume | Break | Expression


class Markup:
    """Parts text from tags.

    The items don't depend on how the text was cut into pushes (texts that follow each other joined). Only
    what may yet become a tag is held back.
    """

    def __init__(self) -> None:
        self._held = ""
        self._spelling = False

    @property
    def held(self) -> str:
        """Text that may yet become a tag."""
        return self._held

    def push(self, text: str) -> list[Item]:
        """Add text; return what is certain."""
        if not self._held and "<" not in text and "[" not in text:
            return self._text(text)
        text, self._held = self._held + text, ""
        return self._scan(text, _WHOLE_OR_START)

    def flush(self) -> list[Item]:
        """Return what was held back, as text; spelling ends here."""
        text, self._held = _CUT_OFF.sub("", self._held), ""
        items = self._scan(text, _WHOLE)
        self._spelling = False
        return items

    def _scan(self, text: str, pattern: re.Pattern[str]) -> list[Item]:
        items: list[Item] = []
        at = 0
        for match in pattern.finditer(text):
            items += self._text(text[at : match.start()])
            at = match.end()
            if pattern is _WHOLE_OR_START and match["start"]:
                self._held = match["start"]
            else:
                items += self._tag(match)
        return items + self._text(text[at:])

    def _text(self, text: str) -> list[Item]:
        return [Text(text, spelled=self._spelling)] if text else []

    def _tag(self, tag: re.Match[str]) -> list[Item]:
        """What a tag says; nothing if it makes no sense."""
        if sounds := tag["sounds"]:
            phonemes = sounds.replace("|", "")
            return [Text(tag[0], phonemes=phonemes)] if phonemes else []
        name = (tag["name"] or "").lower()
        if name == "spell":
            self._spelling = not tag["closes"]
            return []
        if not name:
            return [Expression("laughter")]
        if tag["closes"]:
            return []
        return [Expression("emotion")] if name == "emotion" else _number_tag(name, tag["fields"] or "")


def _number_tag(name: str, fields: str) -> list[Item]:
    value = _VALUE.search(fields)
    if value is None:
        return []
    number = float(value["number"])
    match name, value[1].lower():
        case "speed", "ratio":
            return [Speed(number)]
        case "volume", "ratio":
            return [Volume(number)]
        case "break", "time":
            return [Break(number / 1000 if (value["unit"] or "").lower() == "ms" else number)]
        case _:
            return []
