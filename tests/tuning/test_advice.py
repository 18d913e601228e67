import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OperatorError
from antiphon.tuning.advice import with_settings, write_settings

FOUND = {"batch_size": 4, "max_streams": 40}


@given(
    st.sampled_from(["", "log_level = 'info'", "# a comment\n\n", "batch_size = 8  # mine\n"]),
    st.sampled_from(["", "\n[voice_aliases]\nbatch_size = 'heart'\n"]),
)
def test_the_numbers_are_set_and_the_rest_stays(top: str, table: str) -> None:
    before = tomllib.loads(top + table)
    after = tomllib.loads(with_settings(top + table, FOUND))
    assert after == {**before, **FOUND}


def test_comments_stay() -> None:
    assert with_settings("batch_size = 8  # mine\n", {"batch_size": 2}) == "batch_size = 2  # mine\n"


def test_a_file_is_made_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    write_settings(path, FOUND)
    write_settings(path, {"max_streams": 7})
    assert tomllib.loads(path.read_text()) == {"batch_size": 4, "max_streams": 7}


def test_what_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy = milk = eggs")
    with pytest.raises(OperatorError, match="not TOML"):
        write_settings(path, FOUND)
    assert path.read_text() == "buy = milk = eggs"
