import re
from importlib import import_module
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand

from antiphon.cli.main import _COMMANDS
from antiphon.cli.main import app as program
from antiphon.cli.options import default_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text()
OPTION = re.compile(r"--?[a-z][a-z0-9-]*")


def commands() -> dict[str, TyperCommand]:
    """Every command that can be run, by what is typed for it."""
    found: dict[str, TyperCommand] = {}
    for name in _COMMANDS:
        command = typer.main.get_command(import_module(f"antiphon.cli.{name}").app)
        below = getattr(command, "commands", None)
        found |= {f"{name} {sub}": c for sub, c in below.items()} if below else {name: command}
    return found


def options(command: TyperCommand) -> set[str]:
    return {flag for param in command.params if param.param_type_name == "option" for flag in param.opts}


def section(typed: str) -> str:
    """What the page says about a command."""
    (text,) = re.findall(
        rf"^## antiphon {typed.split(maxsplit=1)[0]}\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL
    )
    return text


@pytest.mark.parametrize(("typed", "command"), commands().items(), ids=commands().keys())
def test_every_command_has_an_example_and_every_option_is_told(typed: str, command: TyperCommand) -> None:
    examples = re.findall(r"```sh\n(.*?)```", section(typed), re.DOTALL)
    assert f"antiphon {typed}" in "\n".join(examples)
    assert options(command) <= set(OPTION.findall(section(typed)))


@pytest.mark.parametrize("name", _COMMANDS)
def test_no_option_is_told_that_is_not_there(name: str) -> None:
    there = {o for typed, command in commands().items() if typed.split()[0] == name for o in options(command)}
    told = {flag for cell in re.findall(r"`([^`]+)`", section(name)) for flag in OPTION.findall(cell)}
    assert {flag for flag in told if flag.startswith("--")} <= there


def test_the_list_of_commands_is_that_of_the_program() -> None:
    listed = re.findall(r"^\| \[.*?`antiphon (\w+)", PAGE, re.MULTILINE)
    assert listed == list(_COMMANDS)
    flags = {flag for param in typer.main.get_command(program).params for flag in param.opts}
    assert all(f"antiphon {flag}" in PAGE for flag in flags)


def test_the_folders_told_are_those_of_the_settings() -> None:
    state, models = default_of("state_dir"), default_of("models_dir")
    assert f"| `{state}` |" in PAGE
    assert f"| `{models}` |" in PAGE
    assert f"rm -rf {state} {models.removesuffix('/models')}" in PAGE
    assert f"$(cat {state}/api_key)" in (ROOT / "README.md").read_text()
