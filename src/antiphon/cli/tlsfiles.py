"""The four files of a private CA and its server certificate, and how they are made and renewed."""

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from antiphon.cli.certificates import Identity, canonical, issue, make_authority
from antiphon.errors import SettingsError, StorageError

HOSTED = "api.cartesia.ai"
"""What clients without an option for the address dial: an entry in their hosts file leads them here."""

RENEW_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A folder with ``ca.pem``, ``ca-key.pem``, ``server.pem`` and ``server-key.pem``."""

    folder: Path

    @property
    def ca(self) -> Path:
        """What clients trust."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """What signs; no server needs it."""
        return self.folder / "ca-key.pem"

    @property
    def certificate(self) -> Path:
        """For the setting ``tls_cert``."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """For the setting ``tls_key``."""
        return self.folder / "server-key.pem"

    def authority(self) -> Identity | None:
        """The CA of this folder; None when there is none.

        Raises:
            StorageError: only half of it is here, or it can't be read.
        """
        return self._read(self.ca, self.ca_key, "Put the other file back, or make a new CA with --force")

    def server(self) -> Identity | None:
        """The server certificate of this folder; None when there is none.

        Raises:
            StorageError: as for `authority`.
        """
        return self._read(self.certificate, self.key, "Delete both to have them made anew")

    def keep_authority(self, authority: Identity) -> None:
        """Write the CA.

        Raises:
            StorageError: the folder can't be written.
        """
        self._keep(self.ca, self.ca_key, authority)

    def keep_server(self, server: Identity) -> None:
        """Write the server certificate.

        Raises:
            StorageError: the folder can't be written.
        """
        self._keep(self.certificate, self.key, server)

    def _read(self, certificate: Path, key: Path, remedy: str) -> Identity | None:
        if not certificate.exists() and not key.exists():
            return None
        try:
            return Identity.from_pem(certificate.read_bytes(), key.read_bytes())
        except OSError as error:
            raise StorageError(f"Can't read {error.filename}: {error.strerror}. {remedy}.") from None
        except ValueError:
            raise StorageError(
                f"{certificate} and {key} are not a certificate and its key as this program makes them. "
                f"{remedy}."
            ) from None

    def _keep(self, certificate: Path, key: Path, identity: Identity) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(key, identity.key_pem, 0o600)
            _replace(certificate, identity.certificate_pem, 0o644)
        except OSError as error:
            raise StorageError(f"Can't write {error.filename}: {error.strerror}.") from None


def create(files: TlsFiles, hosts: Iterable[str], now: datetime) -> Identity:
    """Make or renew the server certificate with the CA of the folder, which is made if there is none.

    Args:
        files: where they lie.
        hosts: names and addresses beside those that every server has and those of the certificate before.
        now: when its validity begins.

    Raises:
        SettingsError: one of the hosts is neither name nor address, or the CA has expired.
        StorageError: a file can't be read or written, or the server certificate is of another CA.
    """
    authority, before = files.authority(), files.server()
    if before and not (authority and authority.signed(before)):
        raise StorageError(
            f"{files.certificate} is not signed by a CA of this folder: choose another folder, or replace it "
            "with --force."
        )
    if authority is None:
        return create_anew(files, hosts, now)
    server = issue(authority, [*usual_names(), *(before.names if before else ()), *hosts], now)
    files.keep_server(server)
    return server


def create_anew(files: TlsFiles, hosts: Iterable[str], now: datetime) -> Identity:
    """Make CA and server certificate, whatever was there before.

    Raises:
        SettingsError: one of the hosts is neither name nor address.
        StorageError: a file can't be written.
    """
    authority = make_authority(socket.gethostname(), now)
    server = issue(authority, [*usual_names(), *hosts], now)
    files.keep_authority(authority)
    files.keep_server(server)
    return server


def ensured(files: TlsFiles, hosts: Iterable[str], now: datetime) -> Identity:
    """The server certificate of the folder, made or renewed when there is none, it ends soon or lacks a name.

    Raises:
        OperatorError: as for `create`.
    """
    server, wanted = files.server(), {*usual_names(), *map(canonical, hosts)}
    if server and wanted <= set(server.names) and server.expires > now + RENEW_WITHIN:
        return server
    return create(files, hosts, now)


def usual_names() -> list[str]:
    """What every server certificate is made out to: this host and the hosted service's name."""
    own: list[str] = []
    with suppress(SettingsError):  # a host may have a name that DNS does not allow
        own.append(canonical(socket.gethostname()))
    return ["localhost", "127.0.0.1", "::1", *own, HOSTED]


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; nobody can read more of it at any moment than afterwards."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
    partial.replace(path)
