"""``antiphon``: the command line. A command group is imported when it is used, so that help comes at once."""

from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from antiphon import __version__

# In the order of help: name, and what it does. `antiphon.cli.<name>` holds each as `app`.
_COMMANDS = {
    "up": "Start everything on this machine, prove that it works, serve until Ctrl-C.",
    "api": "Run one API server.",
    "worker": "Run one TTS or STT worker.",
    "say": "Speak a text through the API.",
    "listen": "Transcribe recordings or the microphone through the API.",
    "voices": "List voices.",
    "bench": "Put a server under load and tell what its listeners hear.",
    "models": "List, pull and verify model files.",
    "tls": "Make a private CA and a server certificate.",
    "tune": "Find the batch_size and max_streams for a goal on this machine.",
}


class _Deferred(TyperCommand):
    """Stands for a command group until it is used."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        group = import_module(f"antiphon.cli.{self.name}").app
        return typer.main.get_command(group).make_context(*args, **extra)


class _Commands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, does in _COMMANDS.items():
            self.add_command(_Deferred(name, help=does))


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"antiphon {__version__}")
        raise typer.Exit


@app.callback(epilog="Options of a command: antiphon COMMAND --help")
def antiphon(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Self-hosted, real-time speech: text-to-speech and streaming speech-to-text behind one API."""


def main() -> None:
    """Run the command line of this process."""
    app()
