"""What every command group shares: the two consoles, and how an error of the operator's ends a command."""

from collections.abc import Generator
from contextlib import contextmanager

import typer
from rich.console import Console

from antiphon.errors import OperatorError

out = Console()
"""Standard output: what was asked for."""
err = Console(stderr=True)
"""Standard error: progress, and why it did not work."""


def complain(error: OperatorError) -> None:
    """Print the message as it is: unwrapped, so that paths in it can be copied, and without markup."""
    err.print("Error:", style="bold red", end=" ")
    err.print(str(error), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def plain_errors() -> Generator[None]:
    """Turn an `OperatorError` into its message and exit status 1, without a traceback.

    Works as ``with plain_errors():`` and as the decorator ``@plain_errors()`` below ``@app.command()``. Other
    exceptions are defects and pass through.
    """
    try:
        yield
    except OperatorError as error:
        complain(error)
        raise typer.Exit(1) from None
