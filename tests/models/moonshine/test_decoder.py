from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ModelCorrupt, ModelMissing
from antiphon.models.moonshine.decoder import Decoder, before_loop


@given(st.integers(1, 12), st.lists(st.integers(100, 200), unique=True, max_size=10))
def test_one_round_of_a_circle_stays(period: int, before: list[int]) -> None:
    circle = list(range(period))
    tokens, kept = list(before), None
    for _ in range(12):
        for token in circle:
            tokens.append(token)
            kept = kept or before_loop(tokens)
    assert kept == len(before) + period


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_people_repeat_themselves_a_little(said: list[int]) -> None:
    assert before_loop([7, *said * 2, 8]) is None


def test_no_file_and_another_file(tmp_path: Path) -> None:
    path = tmp_path / "decoder_model_merged.ort"
    with pytest.raises(ModelMissing, match="models pull"):
        Decoder(path)
    path.write_bytes(b"no model")
    with pytest.raises(ModelCorrupt, match="can't load"):
        Decoder(path)
