from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from antiphon.cli.options import default_of, flag_of, takes_settings
from antiphon.settings import Settings


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @takes_settings("api_port", "nats_url", "tls_cert", "queue_timeout_s", "log_level", tts_model="--model")
    def command(
        settings: Settings,
        word: Annotated[str, typer.Argument()] = "none",
        *,
        loud: Annotated[bool, typer.Option("--loud")] = False,
    ) -> None:
        """Do it."""
        typer.echo(f"{settings.model_dump_json()} {word} {loud}")

    return app


def _settings(app: typer.Typer, *arguments: str, **environment: str) -> tuple[Settings, str]:
    result = CliRunner().invoke(app, arguments, env=environment, catch_exceptions=False)
    assert result.exit_code == 0
    dumped, _, rest = result.stdout.rpartition("} ")
    return Settings.model_validate_json(dumped + "}"), rest.strip()


def test_flags_set_settings_of_every_type(app: typer.Typer) -> None:
    flags = "--api-port 7 --nats nats://n --tls-cert c --queue-timeout-s 1.5 --log-level error --model m"
    with pytest.raises(Exception, match="tls_cert and tls_key"):
        _settings(app, *flags.split())
    settings, _ = _settings(app, *flags.replace("--tls-cert c ", "").split())
    assert settings == Settings(
        api_port=7, nats_url="nats://n", queue_timeout_s=1.5, log_level="error", tts_model="m"
    )


def test_without_flags_the_defaults_hold(app: typer.Typer) -> None:
    assert _settings(app) == (Settings(), "none False")


def test_own_parameters_stay(app: typer.Typer) -> None:
    assert _settings(app, "hello", "--loud") == (Settings(), "hello True")


def test_a_flag_beats_the_file_and_the_file_beats_the_variable(app: typer.Typer, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("api_port = 2\n")
    assert _settings(app, ANTIPHON_API_PORT="3")[0].api_port == 3
    assert _settings(app, "--config", str(config), ANTIPHON_API_PORT="3")[0].api_port == 2
    assert _settings(app, "--config", str(config), "--api-port", "1")[0].api_port == 1


def test_help_tells_meaning_and_default(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout
    assert "Port of HTTP and WebSocket." in shown
    assert "5000" in shown


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ("api_port", "--api-port"),
        ("nats_url", "--nats"),
        ("api_key", None),
        ("model_aliases", None),
        ("voice_aliases", None),
    ],
)
def test_flags_are_the_names_with_dashes_and_secrets_and_tables_have_none(
    setting: str, flag: str | None
) -> None:
    assert flag_of(setting) == flag


def test_defaults_are_written_as_variables_take_them() -> None:
    assert default_of("model_aliases").startswith("sonic*=tts, tts-1*=tts, ")
    assert default_of("tls_cert") == ""
