import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import ModelCorrupt, ModelMissing

START = 1
END = 2

_BLANK = "▁"


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

    def _piece(self, token: int) -> bytes:
        return self._pieces[token] if token < len(self._pieces) else b""

    def _join(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._piece, tokens)).decode(errors="replace")


def _vocabulary_of(document: Any) -> Any:
    return document["model"]["vocab"]


def _to_bytes(piece: str) -> bytes:
    if len(piece) == len("<0xNN>") and piece.startswith("<0x"):
        return bytes([int(piece[3:5], 16)])
    return piece.replace(_BLANK, " ").encode()
