"""What a listener wants recognised, what it is told of it, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from antiphon.contract.events import Word
from antiphon.speech.cutting import HeardWord
from antiphon.speech.framing import Samples


class Stretch(NamedTuple):
    """Speech without a pause.

    Attributes:
        start_s, end_s: where it lies in the stream.
        probability: of speech, mean of its frames.
    """

    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Audio to recognise now.

    Attributes:
        samples: [n] at 16 kHz.
        start_s, end_s: where it lies in the stream.
        final: whether its text is to be final.
        torn: whether the text of its end is to be left to the next window: the times of its words are needed.
        speech: each stretch of speech in it.
    """

    samples: Samples
    start_s: float
    end_s: float
    final: bool
    torn: bool
    speech: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class PartialText:
    """What the open utterance sounds like so far; replaces the last one, and joins the finals verbatim.

    Attributes:
        text: begins with a blank unless it is the first of the stream.
        audio_s: position in the stream up to which it was heard.
        certain: how much of the text, in characters, is certain: later ones begin with it.
    """

    text: str
    audio_s: float
    certain: int = 0


@dataclass(frozen=True, slots=True)
class FinalText:
    """Text that never changes, one for each final window.

    Attributes:
        text: joins the earlier finals verbatim; empty when the recogniser heard nothing in the window.
        start_s, end_s: the window.
        words: times in seconds of the stream; empty unless the recogniser gave them.
        closed: how sure it ends a sentence; None where the recogniser does not tell.
    """

    text: str
    start_s: float
    end_s: float
    words: tuple[Word, ...] = ()
    closed: float | None = None


@dataclass(frozen=True, slots=True)
class Finalized:
    """Answer to `Listener.finalize`: all text of the audio before it is out."""

    mark: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Answer to `Listener.end`: nothing follows."""


Output = PartialText | FinalText | Finalized | Ended


class Heard(Protocol):
    """What a recogniser made of a window."""

    @property
    def text(self) -> str:
        """Without blanks at the ends; empty when nothing was said."""
        ...

    @property
    def probabilities(self) -> Sequence[float]:
        """Of each word of the text, parted at blanks."""
        ...

    @property
    def closed(self) -> float | None:
        """How much likelier (natural logarithm) it ends a sentence than that a comma follows, if known."""
        ...

    @property
    def words(self) -> Sequence[HeardWord]:
        """Empty unless asked for; asked for they are for torn windows."""
        ...
