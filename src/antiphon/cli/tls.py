"""``antiphon tls``: a private CA and a server certificate, for clients that dial ``wss`` alone."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.cli.console import out, plain_errors
from antiphon.cli.options import takes_settings
from antiphon.settings import Settings

if TYPE_CHECKING:
    from antiphon.cli.certificates import Identity
    from antiphon.cli.tlsfiles import TlsFiles

app = typer.Typer(
    help="Make a private CA and a server certificate.", no_args_is_help=True, add_completion=False
)


@app.callback()
def tls() -> None:
    """Make a private CA and a server certificate, for clients that only dial https and wss."""


@app.command("create", epilog="Example: antiphon tls create --host speech.example.com --host 192.168.1.20")
@plain_errors()
@takes_settings("state_dir")
def create_certificate(
    settings: Settings,
    *,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Another DNS name or address of the server; once for each.",
            show_default=False,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the files go.", show_default="the folder tls in the state folder"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make a new CA too, which every client then has to trust anew.")
    ] = False,
) -> None:
    """Make a private CA and a server certificate; where there is a CA, renew the certificate with it.

    The certificate is made out to localhost, this host's name, api.cartesia.ai (for an entry in a hosts
    file), to every --host, and to what the one before was made out to. `antiphon up --tls` serves with it.
    """
    from antiphon.cli.tlsfiles import TlsFiles, create, create_anew

    files = TlsFiles(folder.expanduser().absolute() if folder else default_folder(settings))
    make = create_anew if force else create
    _tell(files, make(files, host or [], datetime.now(UTC)), settings)


def default_folder(settings: Settings) -> Path:
    """Where ``antiphon up --tls`` looks for its certificate."""
    return settings.state_dir.absolute() / "tls"


def _tell(files: "TlsFiles", server: "Identity", settings: Settings) -> None:
    """Say what was made, how to serve with it and how clients come to trust it."""
    from antiphon.cli.tlsfiles import HOSTED

    if files.folder == default_folder(settings):
        serve = "antiphon up --tls"
    else:
        serve = shlex.join(["antiphon", "up", f"--tls-cert={files.certificate}", f"--tls-key={files.key}"])
    ca = shlex.quote(str(files.ca))
    lines = f"""\
Certificate  {files.certificate}, key {files.key.name}
             until {server.expires:%Y-%m-%d}, for {", ".join(server.names)}
CA           {files.ca}, key {files.ca_key.name}
             Keep that key to yourself: with it anybody can pose as any server to your clients.

Serve with it (port {settings.api_tls_port}):
  {serve}

Let clients trust it:
  Python               export SSL_CERT_FILE={ca}
  Python's requests    export REQUESTS_CA_BUNDLE={ca}
  Node                 export NODE_EXTRA_CA_CERTS={ca}
  curl                 curl --cacert {ca} https://localhost:{settings.api_tls_port}/

Lead clients here that take no address, by /etc/hosts on their machine:
  ADDRESS-OF-THIS-HOST {HOSTED}
and serve on the port that they dial:
  {serve} --api-tls-port 443"""
    out.print(lines, highlight=False, markup=False, soft_wrap=True)
