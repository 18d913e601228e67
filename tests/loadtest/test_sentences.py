from pathlib import Path

import pytest

from antiphon.errors import OperatorError
from antiphon.loadtest.sentences import SENTENCES, read_sentences


def test_they_are_many_different_and_of_mixed_length() -> None:
    lengths = [len(sentence) for sentence in SENTENCES]
    assert len(set(SENTENCES)) == len(SENTENCES) >= 40
    assert min(lengths) >= 40
    assert max(lengths) <= 160
    assert max(lengths) > 3 * min(lengths)


def test_a_line_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\n\n  Zwei, bitte. \n")
    assert read_sentences(tmp_path / "a.txt") == ("One.", "Zwei, bitte.")


@pytest.mark.parametrize("content", [None, b"\n \n", b"\xff\xfe\x00"])
def test_what_holds_none_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperatorError, match=r"a\.txt"):
        read_sentences(path)
