"""A transcript cut into subtitles, by the times of its words.

The bounds are those of the guidelines that broadcasters publish (Netflix, "Timed Text Style Guide: General
Requirements" and "English"; BBC, "Subtitle Guidelines"): two lines of 42 characters, seven seconds at most,
one second and 20 characters a second where the speaker leaves the time, two frames between subtitles. Breaks
lie at ends of sentences, else of clauses, else where the speaker pauses.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import inf

from antiphon.contract.events import Word
from antiphon.text.segments import Segmenter

LINE_CHARS = 42
LONGEST_S = 7.0
SHORTEST_S = 1.0
CHARS_PER_S = 20.0
GAP_S = 0.083
"""Two frames of film: a subtitle that follows another at once would seem to be the same."""

PARTING_S = 2.0
"""Nothing is shown in a pause as long as this."""

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_CLOSERS = "\"'”’»)]"
_CLAUSE_ENDS = (",", ";", ":", "–", "—")
_CLAUSE_END_S = 0.3
"""A comma counts as much as so long a pause."""

_UNSPACED = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff9f"
"""Thai, Lao, Tibetan, Burmese, Khmer, kana, Chinese characters and their signs."""

_NO_BLANK = re.compile(f"(?<=[{_UNSPACED}]) | (?=[{_UNSPACED}])")

_BREATH_S = 0.5
"""A pause this long is as good a place to break as the end of a sentence."""

_AT_MARK = 24
"""By so many characters more two lines may differ where the first ends with a punctuation mark."""

# What makes a subtitle dear, beside the square of how full it is: halves of a sentence are better than nine
# tenths and one tenth.
_EACH = 1.0
_BREAK_IN_BREATH = 3.0
_SENTENCE_END_WITHIN = 1.5
_SECOND_TOO_SHORT = 3.0


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once: a sentence, a part of one, or several that are short.

    Attributes:
        text: its words, with a blank between each two in scripts that have one; `lines` breaks it.
        start_s, end_s: when it is said, in seconds from the start of the audio.
    """

    text: str
    start_s: float
    end_s: float


def spread(text: str, start_s: float, end_s: float) -> list[Word]:
    """Words whose times nobody told, as if each took time by its letters."""
    words = text.split()
    ends = list(accumulate((len(word) + 1 for word in words), initial=0))
    scale = (end_s - start_s) / max(ends[-1], 1)
    return [
        Word(word, start_s + begin * scale, start_s + end * scale)
        for word, (begin, end) in zip(words, pairwise(ends), strict=True)
    ]


def lines(text: str) -> list[str]:
    """One line or two, as nearly alike as words allow; after a comma they may differ more.

    What does not fit on two stays on one; `cut` makes no such text but of a single word.
    """
    if len(text) <= LINE_CHARS:
        return [text]
    blanks = [i for i, character in enumerate(text) if character == " "]
    fitting = [i for i in blanks if i <= LINE_CHARS and len(text) - i - 1 <= LINE_CHARS]
    if not fitting:
        return [text]
    at = min(fitting, key=lambda i: abs(len(text) - 2 * i) - _AT_MARK * (text[i - 1] in ",.;:?!"))
    return [text[:at], text[at + 1 :]]


def cut(words: Iterable[Word]) -> list[Cue]:
    """Cut what was said into subtitles: every word is in one of them, and none overlap.

    Args:
        words: of a whole recording, in order; times that run backwards are mended.
    """
    parts = (part for stretch in _stretches(_in_order(words)) for part in _cheapest(stretch))
    return [
        Cue(
            _joined(part),
            part[0].start_s,
            min(part[-1].end_s, part[0].start_s + LONGEST_S),
        )
        for part in parts
    ]


def _joined(words: Iterable[Word]) -> str:
    """With blanks in between, but where the script has none."""
    return _NO_BLANK.sub("", " ".join(word.text for word in words))


def shown(cues: Sequence[Cue]) -> list[Cue]:
    """The same, each for as long as it takes to read while nothing follows it."""
    starts = [*(cue.start_s - GAP_S for cue in cues[1:]), inf]
    return [
        replace(cue, end_s=max(cue.end_s, min(cue.start_s + _reading_s(cue.text), until_s)))
        for cue, until_s in zip(cues, starts, strict=False)
    ]


def _reading_s(text: str) -> float:
    return max(SHORTEST_S, len(text) / CHARS_PER_S)


def _in_order(words: Iterable[Word]) -> Iterator[Word]:
    at = 0.0
    for word in words:
        start_s = max(word.start_s, at)
        at = max(word.end_s, start_s)
        yield Word(word.text, start_s, at)


def _stretches(words: Iterable[Word]) -> Iterator[list[Word]]:
    """What is said between pauses in which nothing is shown."""
    stretch: list[Word] = []
    for word in words:
        if stretch and word.start_s - stretch[-1].end_s >= PARTING_S:
            yield stretch
            stretch = []
        stretch.append(word)
    if stretch:
        yield stretch


def _cheapest(words: Sequence[Word]) -> list[Sequence[Word]]:
    """The cutting that costs least of all: for each word the best last subtitle that ends with it."""
    ends = _sentence_ends(words)
    breaks = _break_costs(words, ends)
    sentences = list(accumulate((i in ends for i in range(len(words))), initial=0))
    offsets = list(accumulate((len(word.text) + 1 for word in words), initial=0))
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        until_s = words[end].start_s if end < len(words) else words[-1].end_s + SHORTEST_S
        choices: list[tuple[float, int]] = []
        for start in range(end - 1, -1, -1):
            chars = offsets[end] - offsets[start] - 1
            too_long = words[end - 1].end_s - words[start].start_s > LONGEST_S
            if start < end - 1 and (too_long or not _two_lines(offsets, start, end)):
                break
            short_s = max(0.0, SHORTEST_S - (until_s - words[start].start_s))
            fullness = (chars / (2 * LINE_CHARS)) ** 2
            within = sentences[end - 1] - sentences[start]
            cost = (
                _EACH
                + fullness
                + _SECOND_TOO_SHORT * short_s
                + _SENTENCE_END_WITHIN * within
                + breaks[end - 1]
            )
            choices.append((best[start][0] + cost, start))
        best.append(min(choices))
    parts: list[Sequence[Word]] = []
    end = len(words)
    while end:
        start = best[end][1]
        parts.append(words[start:end])
        end = start
    return parts[::-1]


def _two_lines(offsets: Sequence[int], start: int, end: int) -> bool:
    """Whether the words fit on two lines, the first of which takes as many as it can."""
    middle = start
    while middle < end and offsets[middle + 1] - offsets[start] - 1 <= LINE_CHARS:
        middle += 1
    return offsets[end] - offsets[middle] - 1 <= LINE_CHARS


def _break_costs(words: Sequence[Word], ends: Collection[int]) -> list[float]:
    """What a break after each word costs; nothing where a sentence or all of it ends."""
    costs = [
        0.0 if i in ends else _BREAK_IN_BREATH * max(0.0, 1 - _breath_s(word, after) / _BREATH_S)
        for i, (word, after) in enumerate(pairwise(words))
    ]
    return [*costs, 0.0]


def _breath_s(word: Word, after: Word) -> float:
    return after.start_s - word.end_s + (_CLAUSE_END_S if word.text.endswith(_CLAUSE_ENDS) else 0.0)


def _sentence_ends(words: Sequence[Word]) -> set[int]:
    """Indices of the words with which sentences end. Parts of a long sentence end without its mark."""
    segmenter = Segmenter()
    text = " ".join(word.text for word in words)
    sentences = (*segmenter.push(text), *segmenter.flush())
    last = [at - 1 for at in accumulate(len(sentence.split()) for sentence in sentences)]
    return {i for i in last if i >= 0 and words[i].text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)}
