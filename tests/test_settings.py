from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from antiphon.errors import SettingsError
from antiphon.settings import Settings, as_environment, load_settings


def _file(tmp_path: Path, text: str) -> Path:
    config = tmp_path / "antiphon.toml"
    config.write_text(text)
    return config


def test_defaults_need_nothing() -> None:
    assert load_settings(environ={}) == Settings()


@pytest.mark.parametrize(
    ("flags", "text", "environ", "expected"),
    [
        ({"api_port": 1}, "api_port = 2", {"ANTIPHON_API_PORT": "3"}, 1),
        ({"api_port": None}, "api_port = 2", {"ANTIPHON_API_PORT": "3"}, 2),
        ({}, "", {"ANTIPHON_API_PORT": "3"}, 3),
        ({}, "", {}, 5000),
    ],
)
def test_flags_beat_the_file_and_the_file_beats_the_environment(
    tmp_path: Path, flags: dict[str, Any], text: str, environ: dict[str, str], expected: int
) -> None:
    assert load_settings(flags, config=_file(tmp_path, text), environ=environ).api_port == expected


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    config = _file(tmp_path, "batch_size = 3")
    assert load_settings(environ={"ANTIPHON_CONFIG": str(config)}).batch_size == 3


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings(environ={}).api_port = 1


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="ANTIPHON_BATCHSIZE is not a setting"):
        load_settings(environ={"ANTIPHON_BATCHSIZE": "3"})


def test_other_variables_are_left_alone() -> None:
    assert load_settings(environ={"PATH": "/bin", "antiphon_x": "1"}) == Settings()


def test_an_unknown_name_in_the_file_is_named_with_the_file(tmp_path: Path) -> None:
    config = _file(tmp_path, "batchsize = 3")
    with pytest.raises(SettingsError, match=rf"batchsize \(from {config}\) is not a setting"):
        load_settings(config=config, environ={})


@pytest.mark.parametrize(
    ("flags", "text", "environ", "origin"),
    [
        ({"api_port": 70000}, "", {}, "the command line"),
        ({}, "api_port = 70000", {}, "antiphon.toml"),
        ({}, "", {"ANTIPHON_API_PORT": "70000"}, "the environment"),
    ],
)
def test_a_wrong_value_is_told_with_its_origin(
    tmp_path: Path, flags: dict[str, Any], text: str, environ: dict[str, str], origin: str
) -> None:
    with pytest.raises(SettingsError, match=rf"api_port \(from .*{origin}\): .*65535") as caught:
        load_settings(flags, config=_file(tmp_path, text), environ=environ)
    assert "\n" not in str(caught.value)


def test_a_secret_is_neither_shown_nor_told() -> None:
    settings = load_settings({"api_key": "hush"}, environ={})
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        load_settings({"api_key": ["hush"]}, environ={})
    assert "hush" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Can't read the settings file .*none.toml: No such file"):
        load_settings(config=tmp_path / "none.toml", environ={})
    with pytest.raises(SettingsError, match="is not TOML"):
        load_settings(config=_file(tmp_path, "= 3"), environ={})


def test_tables_come_from_the_file_and_as_pairs_from_a_variable(tmp_path: Path) -> None:
    config = _file(tmp_path, '[model_aliases]\n"my-*" = "tts"')
    assert load_settings(config=config, environ={}).model_aliases == {"my-*": "tts"}
    environ = {"ANTIPHON_MODEL_ALIASES": " my-* = tts , ear=stt,"}
    assert load_settings(environ=environ).model_aliases == {"my-*": "tts", "ear": "stt"}
    with pytest.raises(SettingsError, match="ANTIPHON_MODEL_ALIASES wants name=value pairs"):
        load_settings(environ={"ANTIPHON_MODEL_ALIASES": "ear"})


@pytest.mark.parametrize("given", ["tls_cert", "tls_key"])
def test_certificate_and_key_belong_together(given: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^tls_cert and tls_key belong together: give both or neither\.$"
    ):
        load_settings({given: Path("x.pem")}, environ={})
    assert load_settings({"tls_cert": "a", "tls_key": "b"}, environ={}).tls_key == Path("b")


def test_home_is_expanded_in_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    settings = load_settings({"state_dir": "~/state", "models_dir": "~no-such-user/m"}, environ={})
    assert settings.state_dir == Path("/home/me/state")
    assert settings.models_dir == Path("~no-such-user/m")


def test_folders_follow_the_desktop_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    monkeypatch.setenv("XDG_DATA_HOME", "/d")
    assert Settings().state_dir == Path("/s/antiphon")
    assert Settings().models_dir == Path("/d/antiphon/models")


def test_an_empty_variable_is_not_set() -> None:
    assert load_settings(environ={"ANTIPHON_TLS_CERT": "", "ANTIPHON_API_PORT": ""}) == Settings()


WORD = st.from_regex(r"[a-zA-Z0-9*._/-]{1,10}", fullmatch=True)
SETTINGS = st.builds(
    Settings,
    state_dir=WORD.map(lambda word: Path("/") / word),
    log_level=st.sampled_from(["debug", "info", "warning", "error"]),
    api_key=st.none() | WORD,
    api_port=st.integers(0, 65535),
    queue_timeout_s=st.floats(min_value=1e-9, max_value=1e9),
    model_aliases=st.dictionaries(WORD, WORD, max_size=3),
    voice_aliases=st.dictionaries(WORD, WORD, max_size=3),
)


@given(SETTINGS)
def test_settings_survive_the_way_through_the_environment(settings: Settings) -> None:
    assert load_settings(environ=as_environment(settings)) == settings
