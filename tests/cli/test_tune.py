"""``antiphon tune`` with the real models, within goals that are found quickly."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from antiphon.cli.tune import app


def tune(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.mark.parametrize("sizes", ["", "0,1", "two"])
def test_batch_sizes_must_be_numbers(sizes: str) -> None:
    status, output = tune("tts", "--batch-sizes", sizes)
    assert status == 1
    assert "--batch-sizes" in output


def test_a_goal_must_be_a_time() -> None:
    status, output = tune("tts", "--ttfa-p95", "soon")
    assert status == 1
    assert "--ttfa-p95 soon" in output


@pytest.mark.models
@pytest.mark.slow
def test_a_voice_is_measured_and_the_settings_written(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.toml"
    status, output = tune("tts", "--batch-sizes", "1", "--ttfa-p95", "2s", "--write", str(path))
    assert status == 0, output
    found = tomllib.loads(path.read_text())
    assert found["batch_size"] == 1
    assert found["max_streams"] >= 1


@pytest.mark.models
@pytest.mark.slow
def test_what_no_machine_can_do_is_said() -> None:
    status, output = tune("stt", "--batch-sizes", "1", "--final-p95", "1ms")
    assert status == 1
    assert "relax the goal" in output
