"""A certificate that is renewed under a running server."""

import asyncio
import ssl
from pathlib import Path
from typing import NoReturn

from antiphon.telemetry.logs import get_logger

CHECK_EVERY_S = 30.0
"""How often the files are looked at: whoever renews them does so days before they end."""

_log = get_logger(__name__)


async def keep_current(context: ssl.SSLContext, certificate: Path, key: Path) -> NoReturn:
    """Show new clients what lies in the files now, whenever that changes; open connections stay.

    Files that can't be read, or don't belong together (one of two may have been written), change nothing:
    what was shown before is shown on, and they are tried again when they change.

    Args:
        context: of the running server.
        certificate: PEM, with its chain.
        key: PEM, not encrypted.
    """
    shown = _state(certificate, key)
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        found = _state(certificate, key)
        if found == shown:
            continue
        shown = found
        try:
            # On trial first: half of a pair that does not fit would stay in the context.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
            context.load_cert_chain(certificate, key, password="")
        except OSError as error:
            _log.warning("certificate_not_reloaded", certificate=str(certificate), error=str(error))
        else:
            _log.info("certificate_reloaded", certificate=str(certificate))


def _state(*files: Path) -> list[tuple[int, int] | None]:
    """What changes when a file is written or another takes its place; None for one that is not there."""
    return [_version(file) for file in files]


def _version(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
