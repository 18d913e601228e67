import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import ModelCorrupt, ModelMissing

START = 1
END = 2

_BLANK = "▁"
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is written, and which of the tokens carry sound of it.

    Attributes:
        text: with its punctuation, without blanks.
        tokens: indices into the decoded tokens; those of letters and digits where there are any.
    """

    text: str
    tokens: tuple[int, ...]


class Vocabulary:
    """The pieces of a SentencePiece-like BPE with byte fallback.

    Args:
        pieces: the piece of each token id; a blank is ``▁``, a byte ``<0xNN>``. Ids beyond are special
            tokens, which have no text.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = [_to_bytes(piece) for piece in pieces]
        self._pieces[: END + 1] = [b""] * (END + 1)
        self._ids = {piece: token for token, piece in enumerate(self._pieces) if piece}

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read the ``tokenizer.json`` of the `tokenizers` library.

        Raises:
            ModelMissing: it is not there.
            ModelCorrupt: it is no such file.
        """
        if not path.is_file():
            raise ModelMissing(f"There is no {path}; run: antiphon models pull {path.parent.name}")
        try:
            ids: dict[str, int] = _vocabulary_of(json.loads(path.read_bytes()))
            pieces = [piece for piece, _ in sorted(ids.items(), key=lambda item: item[1])]
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ModelCorrupt(f"{path} is no tokenizer.json with a BPE vocabulary.") from None
        return cls(pieces)

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens spell, without blanks at the ends."""
        return self._join(tokens).strip()

    def words(self, tokens: Sequence[int]) -> list[SpokenWord]:
        """The words that the tokens spell, each with its tokens."""
        groups: list[list[int]] = []
        for index, token in enumerate(tokens):
            begins = self._piece(token).startswith(b" ")
            if not groups or (begins and self._join([tokens[i] for i in groups[-1]]).strip()):
                groups.append([])
            groups[-1].append(index)
        words: list[SpokenWord] = []
        for group in groups:
            text = self._join([tokens[i] for i in group]).strip()
            spoken = [i for i in group if any(c.isalnum() for c in self._join([tokens[i]]))]
            if text:
                words.append(SpokenWord(text, tuple(spoken or group)))
        return words

    def spell(self, text: str) -> list[int]:
        """The tokens of a text that stands among others, so with a blank before it.

        As SentencePiece does it (BPE, Kudo and Richardson 2018): of all neighbours that together are a
        piece, those of the lowest id are joined, until there are none. A character of no piece goes byte by
        byte; a byte without a piece is left out.
        """
        parts = [character.encode() for character in f" {text}"]
        while len(parts) > 1:
            joined = [self._ids.get(a + b, _NEVER) for a, b in itertools.pairwise(parts)]
            best = min(range(len(joined)), key=joined.__getitem__)
            if joined[best] == _NEVER:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        pieces = (piece for part in parts for piece in ([part] if part in self._ids else _bytes_of(part)))
        return [self._ids[piece] for piece in pieces if piece in self._ids]

    def id_of(self, piece: str) -> int | None:
        """The token that spells just this; None when there is none."""
        return self._ids.get(piece.encode())

    def begins_word(self, token: int) -> bool:
        """Whether the token begins with a blank."""
        return self._piece(token).startswith(b" ")

    def letters(self, tokens: Sequence[int]) -> int:
        """How many letters and digits the tokens spell."""
        return sum(c.isalnum() for c in self._join(tokens))

    def _piece(self, token: int) -> bytes:
        return self._pieces[token] if token < len(self._pieces) else b""

    def _join(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._piece, tokens)).decode(errors="replace")


def _vocabulary_of(document: Any) -> Any:
    return document["model"]["vocab"]


def _bytes_of(part: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in part]


def _to_bytes(piece: str) -> bytes:
    if len(piece) == len("<0xNN>") and piece.startswith("<0x"):
        return bytes([int(piece[3:5], 16)])
    return piece.replace(_BLANK, " ").encode()
