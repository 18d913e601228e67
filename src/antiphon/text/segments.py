"""Incremental cutting of streamed text into sentences to be spoken one by one.

A cut is made only where no later text could move it, so the pieces in which text arrives never show in the
segments. Blanks lead the segment after them, as in the tokens of language models.
"""

import re
import unicodedata
from enum import Enum

from antiphon.text.abbreviations import Period, is_list_marker, is_starter, period_after

MAX_CHARS = 280
"""Length of the longest segment, in code points."""

_LOOKAHEAD = 40
"""How far behind the end of a sentence its next word is looked for."""

_LONGEST_WORD = 16
"""Longer words are neither abbreviations nor sentence starters."""

_SHORTEST_PART = MAX_CHARS // 3
"""A long sentence isn't cut before this at a place that is merely good."""

_LONGEST_TAG = 64

_NEWLINES = "\n\r\u2028\u2029"
_MARKS = ".!?…。｡！？।॥؟۔։"
_WIDE_MARKS = "。｡！？"
_CLOSERS = "\"'”’“‘»«›‹)\\]}*_`」』）】》〉〗"
_EMOJI = "\u231a-\u23ff\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001faff"
_EMOJI_TAIL = f"{_EMOJI}\u200d\ufe0f\u20e3\U000e0020-\U000e007f"

_SPEAKABLE = re.compile(rf"[^\W_]|[%‰&+@°×÷±$¢£¥€₩₹₽₿{_EMOJI}]")
_ENDING = re.compile(
    rf"(?=[{_NEWLINES}])"
    rf"|(?P<marks>[{_MARKS}]+)(?P<closers>[{_CLOSERS}]*)(?:[^\S{_NEWLINES}]?[{_EMOJI}][{_EMOJI_TAIL}]*)*"
)
_WORD_BEFORE = re.compile(r"[^\W_][\w.]*\Z")
_WORD_OR_LINE = re.compile(rf"[^\W_]|[{_NEWLINES}]")
_WORD = re.compile(r"[^\W_]+")

_GOOD_CUTS = (
    re.compile(r"[;:](?=\s)|[—；：]|(?<=\s)[–-](?=\s)"),
    re.compile(r",(?=\s)|[，、،]"),
    re.compile(
        r"(?=\s(?:and|or|but|nor|so|yet|because|since|although|though|while|when|where|which|who|that|if|unless|until)\s)"
    ),
)
_BLANK_CUT = re.compile(r"(?<=\S)(?=\s)")
_OPEN_TAG = re.compile(r"<[/\w][^<>]*\Z")


def is_speakable(text: str) -> bool:
    """Whether there is anything to say: a letter, a digit, an emoji or a symbol read by its name (``%``)."""
    return _SPEAKABLE.search(text) is not None


class Segmenter:
    """Cuts a stream of text into segments of at most `MAX_CHARS` characters.

    The segments joined are the text pushed, character by character, and don't depend on how it was cut into
    pushes. A segment is a sentence, a line, or a part of a sentence that is too long. There is something to
    speak in it, except where `MAX_CHARS` of blanks or punctuation follow each other, or nothing else was
    pending at a `flush`. A push costs time in proportion to its length, plus a constant.
    """

    def __init__(self) -> None:
        self._text = ""
        self._scanned = 0  # the pending segment does not end before this
        self._voiced = False  # the pending segment has something to speak before _scanned

    @property
    def pending(self) -> str:
        """Text pushed and not yet returned."""
        return self._text

    def push(self, text: str) -> list[str]:
        """Add text; return the segments that are certain to be complete."""
        self._text += text
        return self._take(final=False)

    def flush(self) -> list[str]:
        """Return everything pending, as if the text ended here. The next push starts a new sentence."""
        segments = self._take(final=True)
        if self._text:
            segments.append(self._text)
        self._text, self._scanned, self._voiced = "", 0, False
        return segments

    def _take(self, *, final: bool) -> list[str]:
        segments: list[str] = []
        start = 0
        while (cut := self._next_cut(start, final=final)) is not None:
            segments.append(self._text[start:cut])
            start = self._scanned = cut
            self._voiced = False
        self._text = self._text[start:]
        self._scanned -= start
        return segments

    def _next_cut(self, start: int, *, final: bool) -> int | None:
        """Where the segment that begins at ``start`` ends, or None when later text decides that."""
        text, limit = self._text, start + MAX_CHARS
        if not self._voiced:
            voice = _SPEAKABLE.search(text, self._scanned, limit)
            self._voiced = voice is not None
            self._scanned = voice.end() if voice else min(len(text), limit)
        while self._voiced and (ending := _ENDING.search(text, self._scanned, limit + 1)):
            match _rule(text, start, ending, final=final):
                case _Ruling.CUT:
                    return ending.end()
                case _Ruling.WAIT:
                    self._scanned = ending.start()
                    return None
                case _Ruling.JOIN:
                    self._scanned = ending.end()
        return _cut_long(text, start) if len(text) > limit else None


class _Ruling(Enum):
    CUT = "the segment ends here"
    JOIN = "it goes on"
    WAIT = "later text decides"


def _rule(text: str, start: int, ending: re.Match[str], *, final: bool) -> _Ruling:
    """Rule whether the segment that begins at ``start`` ends with ``ending``."""
    end = ending.end()
    if end - start > MAX_CHARS:
        return _Ruling.JOIN
    undecided = _Ruling.JOIN if final else _Ruling.WAIT
    if end == len(text):
        return undecided
    if text[end] in _NEWLINES:
        return _Ruling.CUT
    if not (text[end].isspace() or ending["marks"][-1] in _WIDE_MARKS):
        return _Ruling.JOIN
    following = _WORD_OR_LINE.search(text, end, end + _LOOKAHEAD)
    if following is None:
        return undecided if len(text) < end + _LOOKAHEAD else _Ruling.CUT
    return _rule_before_word(text, start, ending, following, final=final)


def _rule_before_word(
    text: str, start: int, ending: re.Match[str], following: re.Match[str], *, final: bool
) -> _Ruling:
    """Rule on marks whose next letter or digit, or the line that ends before one, is ``following``."""
    marks, closers = ending["marks"], ending["closers"]
    lower = following[0].islower()
    if following[0] in _NEWLINES:
        over = False
    elif marks[-1] in _WIDE_MARKS:
        # Japanese reports speech as 「…。」と: the sentence goes on behind the quote.
        over = not (closers and text[ending.end()] in "とっ、，")
    elif lower and (closers or _inside_brackets(text, start, ending.start())):
        over = False
    elif marks == ".":
        return _rule_on_period(text, start, ending.start(), following.start(), final=final)
    else:
        trails_off = not marks.strip(".…")
        over = not (trails_off and lower)
    return _Ruling.CUT if over else _Ruling.JOIN


def _inside_brackets(text: str, start: int, at: int) -> bool:
    return text.count("(", start, at) > text.count(")", start, at)


def _rule_on_period(text: str, start: int, at: int, following: int, *, final: bool) -> _Ruling:
    """Rule on a lone period at ``at``, when the next word starts at ``following``."""
    word = _WORD_BEFORE.search(text, max(start, at - _LONGEST_WORD), at)
    if word is None:
        return _Ruling.CUT
    if is_list_marker(word[0]) and not _SPEAKABLE.search(text, start, word.start()):
        return _Ruling.JOIN
    match period_after(word[0]):
        case Period.ENDS:
            over = True
        case Period.CONTINUES:
            over = False
        case Period.BEFORE_WORD:
            over = not text[following].isdigit()
        case Period.BEFORE_CAPITAL:
            over = text[following].isupper()
        case Period.BEFORE_STARTER:
            next_word = _WORD.match(text, following, following + _LONGEST_WORD)
            end = next_word.end() if next_word else following
            if end == len(text) and not final and end < following + _LONGEST_WORD:
                return _Ruling.WAIT
            initial = end - following == 1 and text[end : end + 1] == "."
            over = not initial and is_starter(text[following:end])
    return _Ruling.CUT if over else _Ruling.JOIN


def _cut_long(text: str, start: int) -> int:
    """Where to cut a sentence longer than a segment: at the best kind of place it has, as late as may be."""
    limit = start + MAX_CHARS
    voice = _SPEAKABLE.search(text, start, limit)
    if voice is None:
        return limit
    for pattern in _GOOD_CUTS:
        if cut := _last(pattern, text, max(start + _SHORTEST_PART, voice.end()), limit):
            return _outside_tag(text, voice.end(), cut)
    if cut := _last(_BLANK_CUT, text, voice.end(), limit):
        return _outside_tag(text, voice.end(), cut)
    return _between_graphemes(text, limit)


def _last(pattern: re.Pattern[str], text: str, begin: int, limit: int) -> int | None:
    ends = (match.end() for match in pattern.finditer(text, begin, limit + 1))
    return max((end for end in ends if end <= limit), default=None)


def _outside_tag(text: str, begin: int, cut: int) -> int:
    """``cut``, moved before the markup tag it would split."""
    tag = _OPEN_TAG.search(text, max(begin, cut - _LONGEST_TAG), cut)
    return tag.start() if tag else cut


def _between_graphemes(text: str, cut: int) -> int:
    """The last place up to ``cut`` that parts no letter from its accents and no emoji from its modifiers."""
    for at in range(cut, cut - _LONGEST_WORD, -1):
        before, after = text[at - 1], text[at]
        joined = (
            unicodedata.category(after) in {"Mn", "Mc", "Me"}
            or "\u200d" in {before, after}
            or "\U0001f3fb" <= after <= "\U0001f3ff"
            or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
        )
        if not joined:
            return at
    return cut
