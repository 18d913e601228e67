"""``antiphon voices``: the voices of a running server."""

from typing import Annotated

import msgspec
import typer
from rich.table import Column, Table

from antiphon.cli.client import Config, Key, Url, find_server
from antiphon.cli.console import out, plain_errors

app = typer.Typer(add_completion=False)


@app.command(epilog='Example: antiphon say --voice heart "Good morning." after a look at: antiphon voices')
@plain_errors()
def voices(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    url: Url = None,
    api_key: Key = None,
    config: Config = None,
) -> None:
    """List the voices that a server speaks with."""
    found = find_server(url, api_key, config).voices()
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    # An id is to be copied, so it is never cut.
    uncut = Column("id", min_width=36, no_wrap=True)
    table = Table(uncut, "name", "language", "description", box=None, pad_edge=False)
    for voice in found:
        table.add_row(voice.id, voice.name, voice.language, voice.description)
    out.print(table)
