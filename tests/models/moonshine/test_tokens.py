from pathlib import Path

import pytest

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.moonshine.tokens import SpokenWord, Vocabulary

PIECES = ["<unk>", "<s>", "</s>", "<0xE2>", "<0x99>", "<0xAA>", "▁He", "llo", ",", "▁", "A", "da", "."]
VOCABULARY = Vocabulary(PIECES)


def ids(*pieces: str) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


def test_pieces_join_at_their_blanks() -> None:
    assert VOCABULARY.text(ids("▁He", "llo", ",", "▁", "A", "da", ".")) == "Hello, Ada."


def test_bytes_make_characters() -> None:
    assert VOCABULARY.text(ids("▁He", "<0xE2>", "<0x99>", "<0xAA>")) == "He♪"


def test_half_a_character_does_no_harm() -> None:
    assert VOCABULARY.text(ids("▁He", "<0xE2>")) == "He\N{REPLACEMENT CHARACTER}"


def test_special_tokens_have_no_text() -> None:
    assert VOCABULARY.text([0, 1, *ids("▁He"), 2, 32_500]) == "He"


def test_words_know_which_tokens_sound() -> None:
    tokens = ids("▁He", "llo", ",", "▁", "A", "da", ".")
    assert VOCABULARY.words(tokens) == [SpokenWord("Hello,", (0, 1)), SpokenWord("Ada.", (4, 5))]


def test_a_word_of_signs_keeps_its_tokens() -> None:
    assert VOCABULARY.words(ids("▁", ".")) == [SpokenWord(".", (0, 1))]


def test_no_file_and_another_file(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(ModelMissing, match="models pull"):
        Vocabulary.load(path)
    for content in ("no JSON", "[]", '{"model": {}}', '{"model": {"vocab": 3}}'):
        path.write_text(content)
        with pytest.raises(ModelCorrupt, match="vocabulary"):
            Vocabulary.load(path)
