"""Words that were heard, as phrases to be spoken again in the same time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from antiphon.contract.events import Word
from antiphon.text.segments import is_speakable

PAUSE_S = 0.2
"""A pause this long parts phrases; whoever speaks them anew puts it between them."""

_NO_PAUSE_S = 0.06
"""A comma is dropped where the speaker made a pause no longer than this, as no voice would."""

_COMMAS = ",;:"
_SENTENCE_ENDS = ".?!…"
_CLOSERS = "\"'”’)"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was said between two pauses.

    Attributes:
        words: as they were heard, at least one.
        text: what is to be spoken.
    """

    words: tuple[Word, ...]
    text: str

    @property
    def start_s(self) -> float:
        """When it began."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """When it ended."""
        return self.words[-1].end_s


def find_phrases(words: Iterable[Word]) -> list[Phrase]:
    """Cut words at their pauses and at the ends of sentences, where a voice would make a pause of its own.

    Commas follow the pauses that were made: one within a phrase is dropped if there was no pause. A phrase
    that breaks off in the midst of a sentence gets one, for a voice to hold its tone.
    """
    spoken = [word for word in words if is_speakable(word.text)]
    if not spoken:
        return []
    groups = [[spoken[0]]]
    for before, word in pairwise(spoken):
        if word.start_s - before.end_s >= PAUSE_S or _ends_sentence(before.text):
            groups.append([])
        groups[-1].append(word)
    last = groups[-1]
    return [Phrase(tuple(group), _text(group, goes_on=group is not last)) for group in groups]


def _text(words: Sequence[Word], *, goes_on: bool) -> str:
    parts = [
        word.text.rstrip(_COMMAS) if after.start_s - word.end_s <= _NO_PAUSE_S else word.text
        for word, after in pairwise(words)
    ]
    end = words[-1].text
    if goes_on and end[-1].isalnum():
        end += ","
    return " ".join((*parts, end))


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSERS).endswith(tuple(_SENTENCE_ENDS))
