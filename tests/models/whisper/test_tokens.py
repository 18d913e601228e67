import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.whisper.tokens import Vocabulary

MARKS = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|ja|>",
    "<|translate|>",
    "<|transcribe|>",
]
REST = ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>"]


def letters() -> list[str]:
    """GPT-2's letters of the bytes 0 to 255, from the rule in its own words."""
    printable = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255]
    spare = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(spare)) for b in range(256)]


TOKENS = [*letters(), "ĠGuten", "ĠTag", *MARKS, *REST]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(TOKENS)


@given(text=st.text())
def test_any_text_can_be_spelled_in_bytes(text: str) -> None:
    assert Vocabulary(TOKENS).text(list(text.encode())) == text.strip()


@given(text=st.lists(st.text("aß,.ü日", min_size=1, max_size=4)).map(lambda words: " " + " ".join(words)))
@pytest.mark.parametrize("language", ["de", "ja"])
def test_words_join_to_the_text_and_use_all_its_tokens(text: str, language: str) -> None:
    tokens = list(text.encode())
    words = Vocabulary(TOKENS).words(tokens, language)
    assert "".join("".join(word.text.split()) for word in words) == "".join(text.split())
    assert sum(word.tokens for word in words) == (len(tokens) if text.strip() else 0)


def test_words_are_parted_at_blanks_and_keep_their_punctuation(vocabulary: Vocabulary) -> None:
    tokens = [TOKENS.index("ĠGuten"), TOKENS.index("ĠTag"), *b", H\xc3\xa4nschen!"]
    assert [(w.text, w.tokens) for w in vocabulary.words(tokens, "de")] == [
        ("Guten", 1),
        ("Tag,", 2),
        ("Hänschen!", 11),
    ]


def test_without_blanks_each_sign_is_a_word(vocabulary: Vocabulary) -> None:
    words = vocabulary.words(list("日本。".encode()), "ja")
    assert [(w.text, w.tokens) for w in words] == [("日", 3), ("本。", 6)]


def test_prompts_name_the_language_where_there_are_several(vocabulary: Vocabulary) -> None:
    def spelled(language: str) -> list[str]:
        return [TOKENS[token] for token in vocabulary.prompt(language)]

    assert spelled("de") == ["<|startoftranscript|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>"]
    assert spelled("") == ["<|startoftranscript|>", "<|notimestamps|>"]
    assert vocabulary.languages == ("en", "de", "ja")


def test_both_forms_of_the_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    assert Vocabulary.load(tmp_path).text(list(b"so")) == "so"
    (tmp_path / "vocabulary.json").write_text(json.dumps(TOKENS))
    assert Vocabulary.load(tmp_path).text(list(b"so")) == "so"


def test_files_that_are_no_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="antiphon models pull"):
        Vocabulary.load(tmp_path)
    (tmp_path / "vocabulary.txt").write_text("a\nb\n")
    with pytest.raises(ModelCorrupt, match="endoftext"):
        Vocabulary.load(tmp_path)
    (tmp_path / "vocabulary.json").write_text("{")
    with pytest.raises(ModelCorrupt, match=r"vocabulary\.json is no vocabulary"):
        Vocabulary.load(tmp_path)
