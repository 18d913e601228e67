"""The tokens of Whisper: byte-level BPE for text, and marks for what is to be done.

Source: https://github.com/openai/whisper/blob/main/whisper/tokenizer.py. A model in CTranslate2's form has
its tokens in ``vocabulary.json`` (a list) or ``vocabulary.txt`` (a line each).
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import ModelCorrupt, ModelMissing

_WITHOUT_BLANKS = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that are written without blanks between words: each sign stands for itself."""

_UNFINISHED = "\ufffd"


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word of a text.

    Attributes:
        text: with its punctuation, without blanks around it.
        tokens: how many of the tokens spell it.
    """

    text: str
    tokens: int


class Vocabulary:
    """The tokens of a model by their ids.

    Args:
        tokens: each as written in the model's files: a byte is a letter of `_bytes_of_letters`.

    Raises:
        ValueError: tokens that every Whisper has are not among them.
    """

    def __init__(self, tokens: Sequence[str]) -> None:
        ids = {token: number for number, token in enumerate(tokens)}
        try:
            self.end = ids["<|endoftext|>"]
            self.start = ids["<|startoftranscript|>"]
            self.previous = ids["<|startofprev|>"]
            self._transcribe = ids["<|transcribe|>"]
            self._no_timestamps = ids["<|notimestamps|>"]
        except KeyError as missing:
            raise ValueError(f"there is no token {missing}") from None
        first_task = min(ids["<|translate|>"], self._transcribe)
        marks = range(self.start + 1, first_task)
        self.languages = tuple(tokens[number].strip("<|>") for number in marks)
        self._ids_of_languages = dict(zip(self.languages, marks, strict=True))
        letters = _bytes_of_letters()
        self._pieces = [bytes(letters[c] for c in token if c in letters) for token in tokens[: self.end]]

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """Read ``vocabulary.json`` or ``vocabulary.txt`` of a folder.

        Raises:
            ModelMissing: there is neither.
            ModelCorrupt: it is no vocabulary of Whisper.
        """
        listed, lines = folder / "vocabulary.json", folder / "vocabulary.txt"
        path = listed if listed.is_file() else lines
        try:
            text = path.read_text(encoding="utf-8")
            return cls(json.loads(text) if path == listed else text.removesuffix("\n").split("\n"))
        except FileNotFoundError:
            raise ModelMissing(f"There is no {path}; run: antiphon models pull {folder.name}") from None
        except (ValueError, TypeError, KeyError) as error:
            raise ModelCorrupt(f"{path} is no vocabulary of Whisper: {error}.") from None

    def prompt(self, language: str) -> list[int]:
        """The tokens after which a transcript begins.

        Args:
            language: one of `languages`; empty for a model that knows English alone.
        """
        task = [self._ids_of_languages[language], self._transcribe] if language else []
        return [self.start, *task, self._no_timestamps]

    def text(self, tokens: Sequence[int]) -> str:
        """What the tokens spell, without blanks at the ends."""
        return self._join(tokens).decode(errors="replace").strip()

    def words(self, tokens: Sequence[int], language: str) -> list[WrittenWord]:
        """The words that the tokens spell; all tokens belong to them, in order."""
        parts: list[tuple[str, int]] = []
        for text, count in self._signs(tokens):
            begins = text.startswith(" ") or language in _WITHOUT_BLANKS
            if not parts or (begins and parts[-1][0].strip() and not _is_punctuation(text)):
                parts.append((text, count))
            else:
                before, tokens_before = parts[-1]
                parts[-1] = before + text, tokens_before + count
        if len(parts) > 1 and not parts[-1][0].strip():
            blank, (last, count) = parts.pop(), parts.pop()
            parts.append((last, count + blank[1]))
        return [WrittenWord(text.strip(), count) for text, count in parts if text.strip()]

    def _signs(self, tokens: Sequence[int]) -> list[tuple[str, int]]:
        """The shortest runs of tokens that are whole letters: their text, and how many tokens."""
        signs: list[tuple[str, int]] = []
        begun = 0
        for end in range(1, len(tokens) + 1):
            text = self._join(tokens[begun:end]).decode(errors="replace")
            if _UNFINISHED not in text or end == len(tokens):
                signs.append((text, end - begun))
                begun = end
        return signs

    def _join(self, tokens: Sequence[int]) -> bytes:
        return b"".join(self._pieces[token] for token in tokens if token < self.end)


def _is_punctuation(text: str) -> bool:
    sign = text.strip()
    return bool(sign) and all(unicodedata.category(c).startswith("P") for c in sign)


def _bytes_of_letters() -> dict[str, int]:
    """GPT-2's spelling of bytes: printable ones stand for themselves, the others for letters from 256 on.

    Source: https://github.com/openai/gpt-2/blob/master/src/encoder.py.
    """
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}
