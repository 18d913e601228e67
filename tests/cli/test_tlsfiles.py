import socket
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from antiphon.cli.certificates import AUTHORITY_DAYS, SERVER_DAYS, issue, make_authority
from antiphon.cli.tlsfiles import RENEW_WITHIN, TlsFiles, create, create_anew, ensured
from antiphon.errors import SettingsError, StorageError

NOW = datetime.now(UTC)


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return TlsFiles(tmp_path / "state" / "tls")


def contents(files: TlsFiles) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files.folder.iterdir()}


def test_four_files_and_keys_that_nobody_else_reads(files: TlsFiles) -> None:
    create(files, [], NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files.folder.iterdir()}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "server.pem": 0o644, "server-key.pem": 0o600}


def test_names_of_this_host_of_the_hosted_service_and_given_ones(files: TlsFiles) -> None:
    names = create(files, ["Speech.example.com", "192.168.1.20"], NOW).names
    assert {"localhost", "127.0.0.1", "::1", "api.cartesia.ai"} < set(names)
    assert {"speech.example.com", "192.168.1.20"} < set(names)


def test_a_host_whose_name_no_certificate_can_have(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "my_host")
    assert create(files, [], NOW).names[0] == "localhost"


def test_it_is_renewed_with_the_same_authority_and_keeps_its_names(files: TlsFiles) -> None:
    first = create(files, ["speech.example.com"], NOW)
    before = contents(files)
    second = create(files, ["10.0.0.1"], NOW + timedelta(days=300))
    after = contents(files)
    assert {name for name in before if before[name] == after[name]} == {"ca.pem", "ca-key.pem"}
    assert set(first.names) | {"10.0.0.1"} == set(second.names)
    assert second.expires > first.expires
    authority = files.authority()
    assert authority
    assert authority.signed(second)


def test_starting_over_replaces_everything_and_forgets_names(files: TlsFiles) -> None:
    create(files, ["speech.example.com"], NOW)
    before = contents(files)
    assert "speech.example.com" not in create_anew(files, [], NOW).names
    assert not set(before.values()) & set(contents(files).values())


def test_an_authority_that_ended_is_not_replaced_unasked(files: TlsFiles) -> None:
    create(files, [], NOW - timedelta(days=AUTHORITY_DAYS + 1))
    before = contents(files)
    with pytest.raises(SettingsError, match="--force"):
        create(files, [], NOW)
    assert contents(files) == before


def test_half_an_authority_is_not_replaced_unasked(files: TlsFiles) -> None:
    create(files, [], NOW)
    key = files.ca_key.read_bytes()
    files.ca_key.unlink()
    with pytest.raises(
        StorageError, match=r"ca-key.pem: No such file.* Put the other file back, or .*--force"
    ):
        create(files, [], NOW)
    files.ca_key.write_bytes(b"nonsense")
    with pytest.raises(StorageError, match=r"not a certificate and its key.*--force"):
        create(files, [], NOW)
    files.ca_key.write_bytes(key)
    create(files, [], NOW)


def test_a_certificate_of_another_origin_is_not_replaced_unasked(files: TlsFiles) -> None:
    files.keep_server(issue(make_authority("elsewhere", NOW), ["localhost"], NOW))
    before = contents(files)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"server.pem is not signed by a CA of this folder: .*--force"):
            create(files, [], NOW)
        assert contents(files).items() >= before.items()
        files.keep_authority(make_authority("here", NOW))


def test_one_that_will_do_is_left_alone(files: TlsFiles) -> None:
    ensured(files, [], NOW)
    before = contents(files)
    ensured(files, ["LOCALHOST"], NOW + timedelta(days=SERVER_DAYS) - RENEW_WITHIN - timedelta(hours=1))
    assert contents(files) == before


def test_one_that_ends_soon_or_lacks_a_name_is_renewed(files: TlsFiles) -> None:
    ensured(files, [], NOW)
    before = contents(files)
    ensured(files, ["192.168.1.20"], NOW)
    named = contents(files)
    assert named["server.pem"] != before["server.pem"]
    later = NOW + timedelta(days=SERVER_DAYS) - RENEW_WITHIN
    renewed = ensured(files, [], later)
    assert contents(files)["server.pem"] != named["server.pem"]
    assert "192.168.1.20" in renewed.names
    assert contents(files)["ca.pem"] == before["ca.pem"]


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"Can't write .*file.*: Not a directory"):
        create(TlsFiles(tmp_path / "file" / "tls"), [], NOW)
