"""From a segment as it is written to the words that a voice speaks, and what each of them is told as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from antiphon.contract.jobs import Token
from antiphon.text.markup import Text
from antiphon.text.pronunciation import Pronunciation, Pronunciations
from antiphon.text.reading import knows, read
from antiphon.text.spelling import spell


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a job speaks: see `antiphon.contract.jobs.SynthesisJob`."""

    text: str
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class _Unit:
    """Words that are read together.

    Attributes:
        written: as they stand in the text.
        words: as they are spoken, punctuation at their edges.
        phonemes: IPA of all of them together, where somebody gave it.
        names: IPA of each of them, where they name the characters that are written.
    """

    written: str
    words: tuple[str, ...]
    phonemes: str = ""
    names: tuple[str, ...] = ()

    @property
    def mute(self) -> bool:
        """Punctuation and the like: belongs to a neighbour that it touches."""
        return not any(c.isalnum() for word in self.words for c in word)


@dataclass(frozen=True, slots=True)
class Wording:
    """How the segments of a context are put into words.

    Attributes:
        language: code by which text is read.
        normalize: put figures, signs and abbreviations into words; without, text goes to the voice as it is.
        as_spoken: tell the words that are spoken, not those that are written.
        pronunciations: the client's dictionary.
    """

    language: str
    normalize: bool = True
    as_spoken: bool = False
    pronunciations: Pronunciations | None = None

    @property
    def unread(self) -> bool:
        """Whether the model has to put figures and the like into words: nobody here knows the language.

        What was read once is not read again: a model that does so makes "number" of "no".
        """
        return self.normalize and not knows(self.language)

    def speak(self, text: str, parts: Sequence[Text] = ()) -> Spoken:
        """What to speak for a segment.

        Args:
            text: the segment.
            parts: the same in parts, where some are to be spelled or have phonemes given.
        """
        stretches = [
            stretch
            for part in parts or (Text(text),)
            for stretch in (self._looked_up(part.text) if part.plain else (part,))
        ]
        if len(stretches) == 1 and isinstance(stretches[0], str):
            return self._plain(text)
        units = _joined(self._units(stretch) for stretch in stretches)
        tokens = tuple(token for unit in units for token in self._tokens(unit))
        return Spoken(" ".join(word for unit in units for word in unit.words), tokens)

    def _looked_up(self, text: str) -> Sequence[str | Pronunciation]:
        return self.pronunciations.find(text) if self.pronunciations else (text,)

    def _plain(self, text: str) -> Spoken:
        """Most text, quickly: nothing is told as something else where all is spoken as it is written."""
        if not self.normalize:
            return Spoken(text)
        reads = read(text, self.language)
        if all(it.spoken == it.written for it in reads):
            return Spoken(text)
        spoken = " ".join(it.spoken for it in reads if it.spoken)
        if self.as_spoken:
            return Spoken(spoken)
        units = (_Unit(it.written, tuple(it.spoken.split())) for it in reads)
        return Spoken(spoken, tuple(token for unit in units for token in self._tokens(unit)))

    def _units(self, stretch: str | Text | Pronunciation) -> tuple[str, list[_Unit]]:
        """A stretch as it is written, and its units."""
        match stretch:
            case str():
                return stretch, self._read(stretch)
            case Pronunciation():
                return stretch.text, [
                    _Unit(stretch.text, tuple(stretch.words.split()), phonemes=stretch.phonemes)
                ]
            case Text(text=text, phonemes=phonemes) if phonemes:
                return text, [_Unit(text, (phonemes,), phonemes=phonemes)]
            case Text(text=text):
                return text, [_spelled(word, self.language) for word in text.split()]

    def _read(self, text: str) -> list[_Unit]:
        if self.normalize:
            return [_Unit(it.written, tuple(it.spoken.split())) for it in read(text, self.language)]
        return [_Unit(word, (word,)) for word in text.split()]

    def _tokens(self, unit: _Unit) -> Iterator[Token]:
        if unit.phonemes:
            yield Token(unit.written, len(unit.words), unit.phonemes)
        elif self.as_spoken:
            names = unit.names or ("",) * len(unit.words)
            yield from (Token(word, 1, name) for word, name in zip(unit.words, names, strict=True))
        elif unit.names:
            yield Token(unit.written, len(unit.words), " ".join(_with_pauses(unit)))
        else:
            yield from _dealt(unit.written.split(), len(unit.words))


def _dealt(written: Sequence[str], words: int) -> Iterator[Token]:
    """The spoken words shared out among those written, in order and as evenly as may be."""
    share = [index * words // len(written) for index in range(len(written) + 1)]
    for index, word in enumerate(written):
        yield Token(word, share[index + 1] - share[index])


def _with_pauses(unit: _Unit) -> Iterator[str]:
    """The names with a comma where the words have one between them; at the edge it is the text's to say."""
    for word, name in zip(unit.words[:-1], unit.names[:-1], strict=True):
        yield f"{name}," if word.endswith(",") else name
    yield unit.names[-1]


def _spelled(word: str, language: str) -> _Unit:
    words: list[str] = []
    names: list[str] = []
    for sign in spell(word, language):
        words += sign.name.split()
        names += sign.phonemes.split()
        words[-1] += "," if sign.pause else ""
    return _Unit(word, tuple(words), names=tuple(names) if len(names) == len(words) else ())


def _joined(stretches: Iterator[tuple[str, list[_Unit]]]) -> list[_Unit]:
    """All units; punctuation that touches a neighbour across the seam of stretches becomes part of it."""
    units: list[_Unit] = []
    touches = False
    for written, own in stretches:
        seam = touches and not written[:1].isspace()
        if seam and units and own and (own[0].mute or units[-1].mute):
            units[-1] = _merged(units[-1], own[0])
            units += own[1:]
        else:
            units += own
        touches = not written[-1:].isspace()
    return units


def _merged(first: _Unit, second: _Unit) -> _Unit:
    """Two units of which one is mute."""
    written = first.written + second.written
    if first.mute:
        lead = "".join(first.words)
        words = (lead + second.words[0], *second.words[1:]) if second.words else first.words
        return replace(second, written=written, words=words)
    return replace(first, written=written, words=(*first.words[:-1], first.words[-1] + "".join(second.words)))
