from pathlib import Path

import pytest

from antiphon.cli.docs import configuration_page
from antiphon.cli.options import default_of, flag_of
from antiphon.settings import Settings, load_settings

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


def test_the_page_is_the_one_that_the_settings_make() -> None:
    assert configuration_page() == PAGE, "run: python -m antiphon.cli.docs > docs/configuration.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_has_a_row_with_flag_variable_default_and_meaning(name: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    flag, variable, default = [cell.strip("`") for cell in row.split(" | ")[1:4]]
    assert flag == (flag_of(name) or "–")
    assert variable == f"ANTIPHON_{name.upper()}"
    assert default == (default_of(name) or "–")
    assert row.endswith(f" | {Settings.model_fields[name].description} |")


def test_the_defaults_shown_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    shown = {f"ANTIPHON_{name.upper()}": default_of(name) for name in Settings.model_fields}
    assert load_settings(environ=shown) == Settings()


def test_the_example_on_the_page_is_a_settings_file(tmp_path: Path) -> None:
    example = PAGE.partition("```toml\n")[2].partition("```")[0]
    config = tmp_path / "antiphon.toml"
    config.write_text(example)
    assert load_settings(config=config, environ={}).tts_workers == 2
