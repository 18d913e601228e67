"""Text cut into segments that are easily read as subtitles, by the times of its words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from antiphon.contract.events import Final, Word
from antiphon.text.segments import Segmenter

MOST_CHARS = 84
"""Two lines of 42 characters, as subtitles are set (BBC and Netflix guidelines)."""

LONGEST_S = 7.0
"""A subtitle is not shown for longer."""

_CLAUSE_ENDS = (",", ";", ":", "–", "—")
_CLAUSE_END_S = 0.3
"""A comma counts as much as so long a pause."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or a part of one; times in seconds from the start of the audio."""

    text: str
    start_s: float
    end_s: float


def cut(finals: Iterable[Final]) -> list[Segment]:
    """Cut finals into segments: at the ends of sentences, and where else what is left would be too long.

    Args:
        finals: of one file. Those whose words have no times become one segment each.
    """
    return [segment for final in finals if final.text.strip() for segment in _segments(final)]


def _segments(final: Final) -> Iterator[Segment]:
    if not final.words:
        yield Segment(final.text.strip(), final.start_s, final.end_s)
        return
    for sentence in _sentences(final):
        for words in _parts(sentence):
            yield Segment(_text(words), words[0].start_s, words[-1].end_s)


def _sentences(final: Final) -> Iterator[Sequence[Word]]:
    segmenter = Segmenter()
    text = _text(final.words)
    rest = list(final.words)
    for sentence in (*segmenter.push(text), *segmenter.flush()):
        count = len(sentence.split())
        if words := rest[:count]:
            yield words
        rest = rest[count:]


def _parts(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The sentence whole, or halved where one would take a breath, until each part is short enough."""
    fits = len(_text(words)) <= MOST_CHARS and words[-1].end_s - words[0].start_s <= LONGEST_S
    if fits or len(words) == 1:
        yield words
        return
    quarter = len(words) // 4
    at = max(range(max(1, quarter), len(words) - quarter), key=lambda i: _fitness(words, i))
    yield from _parts(words[:at])
    yield from _parts(words[at:])


def _fitness(words: Sequence[Word], at: int) -> tuple[float, int]:
    """How good a place the one before ``words[at]`` is to cut: the longest breath, else the middle."""
    before, after = words[at - 1], words[at]
    clause_s = _CLAUSE_END_S if before.text.endswith(_CLAUSE_ENDS) else 0.0
    return round(after.start_s - before.end_s + clause_s, 2), -abs(2 * at - len(words))


def _text(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)
