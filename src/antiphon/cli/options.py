"""Command-line options made from the settings, so that a command only names those it takes."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import SecretStr

from antiphon.settings import Rows, Settings, Streams, load_settings

_CONFIG = typer.Option("--config", help="Settings file (TOML); also ANTIPHON_CONFIG.", metavar="FILE")
_HOME_DEFAULTS = {"state_dir": "~/.local/state/antiphon", "models_dir": "~/.local/share/antiphon/models"}


def flag_of(setting: str) -> str | None:
    """The flag of a setting, e.g. ``--api-port``.

    None for tables, which belong in the file, and for secrets, which every user of the host could read on
    the command line.
    """
    annotation: Any = Settings.model_fields[setting].annotation
    if annotation in {dict[str, str], SecretStr | None}:
        return None
    return "--nats" if setting == "nats_url" else f"--{setting.replace('_', '-')}"


def takes_settings(*settings: str, **renamed: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command ``--config`` and a flag for each of these settings; it is called with the resolved ones.

    The command's first parameter takes the `Settings`; its other parameters stay options of their own.

    Args:
        settings: names of settings.
        renamed: settings whose flag has another name here, with that flag: ``tts_model="--model"``.
    """
    flags = {name: flag_of(name) for name in settings} | renamed

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(config: Path | None, **given: Any) -> None:
            from_flags = {name: given.pop(name) for name in flags}
            command(load_settings(from_flags, config=config), **given)

        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        options = [
            _parameter("config", Annotated[Path | None, _CONFIG]),
            *(_parameter(name, _option(name, flag)) for name, flag in flags.items() if flag),
        ]
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        run.__signature__ = inspect.Signature([*parameters, *options])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*parameters, *options]}
        return run

    return decorate


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _option(name: str, flag: str) -> Any:
    field = Settings.model_fields[name]
    annotation: Any = field.annotation
    if annotation in {Rows, Streams}:
        annotation = str  # a number or a word: the settings tell which
    option = typer.Option(flag, help=field.description, show_default=default_of(name) or False)
    return Annotated[annotation | None, option]  # None stands for "not given"


def default_of(setting: str) -> str:
    """The default as people write it, the same on every machine; empty when there is none."""
    if setting in _HOME_DEFAULTS:
        return _HOME_DEFAULTS[setting]
    default = Settings.model_fields[setting].get_default()
    if isinstance(default, dict):
        pairs = cast("dict[str, str]", default).items()
        return ", ".join(f"{name}={target}" for name, target in pairs)
    return "" if default is None else str(default)
