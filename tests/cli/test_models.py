import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from antiphon.cli import console
from antiphon.cli.models import app


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run ``antiphon models …`` on an empty models folder, with pip cut off from every index."""
    monkeypatch.setenv("ANTIPHON_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_list_shows_what_there_is(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("list")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()}
    assert rows["name"] == ["kind", "size", "licence", "default", "state"]
    assert rows["hibari"] == ["tts", "7.9", "MB", "Apache-2.0", "yes", "missing"]
    assert rows["silero-vad"] == ["vad", "2.8", "MB", "MIT", "yes", "missing"]
    assert rows["in"] == [str(tmp_path / "models")]


def test_pull_says_what_it_fetches_and_does(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run("pull", "hibari")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"Pulling 7.9 MB into {tmp_path / 'models'}"
    assert lines[1] == "  hibari (tts, 7.9 MB, Apache-2.0)"
    assert lines[2] == "    hibari.onnx from pypi://hibari-tts==0.2.1/hibari/assets/hibari.onnx"
    assert lines[-1] == "Pulled and verified: hibari"
    assert "hibari/hibari.onnx" in result.stderr
    assert (tmp_path / "models" / "hibari" / "hibari.onnx").stat().st_size == 7936868
    assert run("pull", "hibari").stdout.splitlines() == [f"Nothing to pull: hibari in {tmp_path / 'models'}"]
    assert run("verify").stdout == "hibari is right\n"


def test_pull_without_names_means_the_defaults(run: Callable[..., Result]) -> None:
    result = run("pull")
    assert result.exit_code == 1  # the index is empty
    for name in ("hibari", "moonshine-tiny-en", "silero-vad", "smart-turn-v3"):
        assert f"  {name} (" in result.stdout


def test_a_pull_that_fails_says_why_and_what_to_do(run: Callable[..., Result], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "silero_vad-6.2.3-py3-none-any.whl", "w") as wheel:
        wheel.writestr("silero_vad/data/silero_vad_op18_ifless.onnx", b"another model")
        wheel.writestr("silero_vad-6.2.3.dist-info/METADATA", "Name: silero-vad\nVersion: 6.2.3\n")
        wheel.writestr("silero_vad-6.2.3.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("silero_vad-6.2.3.dist-info/RECORD", "")
    result = run("pull", "silero-vad")
    assert result.exit_code == 1
    assert "Error: Can't get silero_vad_op18_ifless.onnx of silero-vad; every source failed:" in result.stderr
    assert "pypi://silero-vad==6.2.3: gave 13 bytes, not the expected 2845718" in result.stderr
    assert f"{tmp_path / 'models'}/silero-vad/silero_vad_op18_ifless.onnx" in result.stderr
    assert "Traceback" not in result.output


def test_verify_tells_good_from_bad(run: Callable[..., Result], tmp_path: Path) -> None:
    nothing = run("verify")
    assert nothing.exit_code == 1
    assert "There are no models in" in nothing.stderr
    run("pull", "hibari")
    model = tmp_path / "models" / "hibari" / "hibari.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    result = run("verify", "silero-vad", "hibari")
    assert result.exit_code == 1
    assert result.stdout == ""
    missing, corrupt = result.stderr.splitlines()
    assert "The model silero-vad is not pulled" in missing
    assert f"{model} has sha256 " in corrupt


@pytest.mark.parametrize("command", ["list", "pull", "verify"])
def test_mistakes_end_with_one_line(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("ANTIPHON_MODELS_DIRECTORY", "/")
    result = run(command)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: ANTIPHON_MODELS_DIRECTORY is not a setting; docs/configuration.md lists them."
    ]


def test_an_unknown_model_brings_the_known_ones(run: Callable[..., Result]) -> None:
    result = run("pull", "hibary")
    assert result.exit_code == 1
    assert "no model 'hibary' in the catalog; it has: hibari, moonshine-tiny-en, " in result.stderr


def test_the_folder_is_an_option_and_a_setting(run: Callable[..., Result], tmp_path: Path) -> None:
    config = tmp_path / "antiphon.toml"
    config.write_text(f'models_dir = "{tmp_path / "from-file"}"\n')
    assert str(tmp_path / "from-file") in run("list", "--config", str(config)).stdout
    flags = ("--config", str(config), "--models-dir", str(tmp_path / "from-flag"))
    assert str(tmp_path / "from-flag") in run("list", *flags).stdout


@pytest.mark.parametrize("command", ["list", "pull", "verify"])
def test_help_teaches_with_an_example(run: Callable[..., Result], command: str) -> None:
    assert f"Example: antiphon models {command}" in run(command, "--help").output


def test_defects_are_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError), console.plain_errors():
        _ = 1 / 0


def test_a_model_of_ones_own_is_added_listed_and_removed(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("model.bin", "config.json", "vocabulary.txt"):
        (tmp_path / "mine" / name).write_bytes(b"a" * 1000)
    own = tmp_path / "models" / "catalog.toml"
    assert run("add", str(tmp_path / "mine")).stdout == f"Added: mine (3.0 kB), written into {own}\n"
    rows = {line.split()[0]: line.split()[1:] for line in run("list").output.splitlines()}
    assert rows["mine"] == ["stt", "3.0", "kB", "unstated", "pulled"]
    assert run("verify").stdout == "mine is right\n"
    assert run("remove", "mine").stdout == "Removed: mine\n"
    result = run("remove", "mine")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no model 'mine'" in result.stderr


def test_a_place_without_a_model_says_what_one_would_be(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    result = run("add", str(tmp_path))
    assert result.exit_code == 1
    assert "is no whole Whisper in CTranslate2 form: it lacks model.bin, vocabulary.json." in result.stderr
