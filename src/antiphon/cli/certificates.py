"""A private certificate authority and the server certificates that it signs (RFC 5280); no files here.

The profiles are those that strict clients ask for, among them OpenSSL's ``X509_V_FLAG_X509_STRICT``, which
Python switched on by default in 3.13: critical basicConstraints and keyUsage, key identifiers on both, names
in subjectAltName alone, extendedKeyUsage serverAuth.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from antiphon.errors import SettingsError

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""Browsers refuse certificates of more than 398 days."""

_BACKDATED = timedelta(hours=1)
"""Clocks of clients may be late."""

_DNS_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_NAME = 253
_COMMON_NAME_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Read both.

        Raises:
            ValueError: they are not PEM, are encrypted or of another kind, or don't belong together.
        """
        loaded = x509.load_pem_x509_certificate(certificate)
        try:
            private = load_pem_private_key(key, password=None)
        except TypeError:
            raise ValueError("the key is encrypted") from None
        if not isinstance(private, EllipticCurvePrivateKey) or private.public_key() != loaded.public_key():
            raise ValueError("the key is not that of the certificate")
        return cls(loaded, private)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as a file holds it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as a file holds it: PKCS #8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def names(self) -> list[str]:
        """DNS names and addresses it is valid for."""
        san = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        addresses = [str(address) for address in san.get_values_for_type(x509.IPAddress)]
        return [*san.get_values_for_type(x509.DNSName), *addresses]

    @property
    def expires(self) -> datetime:
        """The last moment at which clients take it."""
        return self.certificate.not_valid_after_utc

    def signed(self, other: "Identity") -> bool:
        """Whether this authority signed another's certificate."""
        try:
            other.certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, InvalidSignature):
            return False
        return True


def make_authority(host: str, now: datetime) -> Identity:
    """A new authority, which may sign servers' certificates but no other authority's.

    Args:
        host: where it is made, to tell several of them apart.
        now: when its validity begins.
    """
    key = generate_private_key(SECP256R1())
    name = _name(f"Antiphon CA of {host}")
    public = key.public_key()
    certificate = (
        _begin(name, name, key, now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, SHA256())
    )
    return Identity(certificate, key)


def issue(authority: Identity, names: Iterable[str], now: datetime) -> Identity:
    """A server certificate with a key of its own, for `SERVER_DAYS` or until the authority ends.

    Args:
        authority: who signs.
        names: DNS names (``*.example.com`` too) and addresses; at least one. Doubled ones count once.
        now: when its validity begins.

    Raises:
        SettingsError: a name is neither, or the authority is no longer valid.
    """
    if now >= authority.expires:
        raise SettingsError(f"The CA expired on {authority.expires:%Y-%m-%d}: make another with --force.")
    alternatives = dict.fromkeys(_alternative(name) for name in names)
    key = generate_private_key(SECP256R1())
    issuer = authority.certificate.subject
    subject = _name(str(next(iter(alternatives)).value))
    ends = min(now + timedelta(days=SERVER_DAYS), authority.expires)
    identifier = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _begin(subject, issuer, key, now, ends)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority.key, SHA256())
    )
    return Identity(certificate, key)


def canonical(host: str) -> str:
    """A DNS name or address as `Identity.names` has it.

    Raises:
        SettingsError: it is neither.
    """
    return str(_alternative(host).value)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:_COMMON_NAME_LIMIT])])


def _alternative(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    lower = name.lower()
    if len(lower) > _LONGEST_NAME or not _DNS_NAME.fullmatch(lower):
        raise SettingsError(
            f"A certificate can't be made out to {name!r}: give a DNS name in its ASCII form "
            "or an IP address."
        )
    return x509.DNSName(lower)


def _usage(**allowed: bool) -> x509.KeyUsage:
    none = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**none | allowed)
