import socket
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from antiphon import __version__
from antiphon.cli import main
from antiphon.cli.options import flag_of
from antiphon.settings import Settings

run = CliRunner().invoke
HERE = [name for name in main._COMMANDS if find_spec(f"antiphon.cli.{name}")]


def test_help_lists_the_commands_without_importing_them() -> None:
    code = (
        "import sys; from antiphon.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pydantic', 'numpy', 'httpx', 'nats', 'fastapi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f" {name} " in done.stdout for name in main._COMMANDS)


def test_the_version_is_printed() -> None:
    assert run(main.app, ["--version"]).stdout == f"antiphon {__version__}\n"


@pytest.mark.parametrize("name", HERE)
def test_each_command_group_has_help_and_an_app(name: str) -> None:
    result = run(main.app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert typer.main.get_command(import_module(f"antiphon.cli.{name}").app)


def test_an_unknown_command_is_an_error() -> None:
    assert run(main.app, ["sing"]).exit_code == 2


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "antiphon", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", [["up"], ["api"], ["worker", "tts"], ["worker", "stt"]])
def test_a_wrong_setting_is_one_line_and_exit_status_1(command: list[str]) -> None:
    done = _process(*command, ANTIPHON_PROT="5000")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: ANTIPHON_PROT is not a setting; docs/configuration.md lists them.\n"


def test_up_names_a_taken_port_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = _process("up", "--api-port", str(port), ANTIPHON_STATE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: Port {port} is taken (by ")
    assert done.stderr.endswith("the API wants it: choose another with --api-port or ANTIPHON_API_PORT.\n")
    assert not (tmp_path / "logs").exists()


def test_up_names_a_model_that_is_not_in_the_catalog(tmp_path: Path) -> None:
    ports = [
        "--api-port",
        "0",
        "--metrics-port",
        "0",
        "--nats-port",
        "14777",
        "--nats-monitoring-port",
        "18777",
    ]
    done = _process("up", *ports, "--tts-model", "parrot", ANTIPHON_STATE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "parrot" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_needs_something_that_speaks_and_something_that_hears(tmp_path: Path) -> None:
    done = _process("up", "--check", "--stt-workers", "0", ANTIPHON_STATE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "at least one TTS and one STT worker" in done.stderr


def test_up_takes_every_setting_that_has_a_flag_and_matters_on_one_host() -> None:
    shown = run(main.app, ["up", "--help"], env={"COLUMNS": "200"}).stdout
    elsewhere = {"--nats", "--direct-host", "--direct-port"}
    flags = {flag_of(name) for name in Settings.model_fields} - {None, *elsewhere}
    assert [flag for flag in sorted(filter(None, flags)) if f"{flag} " not in shown] == []
