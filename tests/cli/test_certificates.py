import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from antiphon.cli.certificates import SERVER_DAYS, Identity, canonical, issue, make_authority
from antiphon.errors import SettingsError

NOW = datetime.now(UTC)
NAMES = ["localhost", "127.0.0.1", "::1", "api.cartesia.ai", "*.speech.example.com"]


@pytest.fixture(scope="module")
def authority() -> Identity:
    return make_authority("host", NOW)


def shake_hands(folder: Path, server: Identity, host: str, *trusted: Identity) -> None:
    """A handshake in memory with a client that checks everything OpenSSL can."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(server.certificate_pem)
    key.write_bytes(server.key_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(cert, key)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    for each in trusted:
        asking.load_verify_locations(cadata=each.certificate_pem.decode())
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(back, there, server_hostname=host)
    answer = serving.wrap_bio(there, back, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        answer.do_handshake()
    client.do_handshake()
    answer.do_handshake()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "::1", "api.cartesia.ai", "one.speech.example.com"]
)
def test_a_strict_client_takes_every_name(tmp_path: Path, authority: Identity, host: str) -> None:
    shake_hands(tmp_path, issue(authority, NAMES, NOW), host, authority)


@pytest.mark.parametrize("host", ["cartesia.ai", "127.0.0.2", "speech.example.com", "a.b.speech.example.com"])
def test_other_names_are_refused(tmp_path: Path, authority: Identity, host: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch|IP address mismatch"):
        shake_hands(tmp_path, issue(authority, NAMES, NOW), host, authority)


def test_it_is_refused_without_its_authority(tmp_path: Path, authority: Identity) -> None:
    other = make_authority("host", NOW)
    for trusted in ([], [other]):
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            shake_hands(tmp_path, issue(authority, NAMES, NOW), "localhost", *trusted)


def test_it_is_refused_once_it_has_expired(tmp_path: Path) -> None:
    then = NOW - timedelta(days=SERVER_DAYS, seconds=1)
    authority = make_authority("host", then)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        shake_hands(tmp_path, issue(authority, NAMES, then), "localhost", authority)
    shake_hands(tmp_path, issue(authority, NAMES, NOW), "localhost", authority)


def test_clocks_may_differ(tmp_path: Path) -> None:
    ahead = NOW + timedelta(minutes=50)
    authority = make_authority("host", ahead)
    shake_hands(tmp_path, issue(authority, NAMES, ahead), "localhost", authority)


def test_nothing_it_issues_can_sign_in_turn(tmp_path: Path, authority: Identity) -> None:
    server = issue(authority, NAMES, NOW)
    forged = issue(server, ["bank.example.com"], NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path, forged, "bank.example.com", authority, server)


def test_the_profiles(authority: Identity) -> None:
    server = issue(authority, NAMES, NOW)
    ca = authority.certificate.extensions
    constraints = ca.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = ca.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature
    leaf = server.certificate.extensions
    assert not leaf.get_extension_for_class(x509.BasicConstraints).value.ca
    extended = leaf.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    lasts = server.certificate.not_valid_after_utc - server.certificate.not_valid_before_utc
    assert lasts <= timedelta(days=398)
    assert server.certificate.serial_number != issue(authority, NAMES, NOW).certificate.serial_number
    assert server.key_pem != issue(authority, NAMES, NOW).key_pem


def test_an_authority_outlives_what_it_signs_and_ends(authority: Identity) -> None:
    late = authority.expires - timedelta(days=10)
    assert issue(authority, NAMES, late).expires == authority.expires
    with pytest.raises(SettingsError, match=r"The CA expired on .*--force"):
        issue(authority, NAMES, authority.expires)


def test_an_identity_is_read_as_it_was_written(authority: Identity) -> None:
    server = issue(authority, NAMES, NOW)
    again = Identity.from_pem(server.certificate_pem, server.key_pem)
    assert again.names == server.names
    assert authority.signed(again)
    assert not make_authority("host", NOW).signed(again)
    with pytest.raises(ValueError, match="not that of the certificate"):
        Identity.from_pem(server.certificate_pem, authority.key_pem)


LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?", fullmatch=True)
DNS = st.lists(LABEL, min_size=1, max_size=5).map(".".join)


@given(st.lists(DNS | st.ip_addresses().map(str), min_size=1, max_size=4))
def test_names_are_kept_in_one_spelling_and_once(names: list[str]) -> None:
    kept = issue(make_authority("host", NOW), [*names, *names], NOW).names
    assert sorted(kept) == sorted({canonical(name) for name in names})


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "https://host",
        "host:5443",
        "-a",
        "a..b",
        ".a",
        "müller.de",
        "a*",
        "*",
        "a" * 64,
        "a." * 127,
    ],
)
def test_what_is_no_name_is_told(authority: Identity, name: str) -> None:
    with pytest.raises(SettingsError, match="DNS name in its ASCII form or an IP address"):
        issue(authority, [name], NOW)
