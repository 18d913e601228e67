"""Files in buckets, read through obstore. Apart from the sources, since obstore is slow to import.

Credentials, region and endpoint are found as the stores' own tools find them: in the environment
(``AWS_…``, ``GOOGLE_…``, ``AZURE_…``), for S3 also in the profile of ``~/.aws``, and else from the machine or
pod itself. ``AWS_ENDPOINT_URL`` may be of plain ``http``, for stores on one's own network.
"""

import configparser
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from antiphon.models.packages import CHUNK_BYTES, SourceFailed

untyped_obstore: Any = obstore

_CLIENT: Any = {"connect_timeout": "15s", "read_timeout": "60s", "timeout": "24h", "allow_http": True}
_RETRY: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}

_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role of this machine",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or a service account of this machine",
    "az": "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY, or an identity of this machine",
}
_NO_CREDENTIALS = re.compile(
    r"169\.254\.|metadata\.google|Account must be specified|no credential", re.IGNORECASE
)
_REFUSED = re.compile(r"\b40[13]\b|PermissionDenied|Unauthenticated")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_NOT_PARTIAL = "non-partial response"

_PROFILE_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint_url",
}
_OTHER_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE")


def read_object(url: str, start: int) -> Iterator[bytes]:
    """The bytes of an object from offset ``start`` on.

    A store that gives no ranges gives all; then the first bytes are dropped.

    Args:
        url: ``s3://bucket/key``, ``gs://bucket/key`` or ``az://container/key``.
        start: bytes to leave out.

    Raises:
        SourceFailed: with the reason; also in the midst of the iteration.
    """
    parts = urlsplit(url)
    key = parts.path.lstrip("/")
    with _telling(url):
        store = _open(url)
        skip = start
        if start:
            try:
                found = obstore.get(store, key, options={"range": {"offset": start}})
                skip = 0
            except BaseError as error:
                if _NOT_PARTIAL not in str(error):
                    raise
                found = obstore.get(store, key)
        else:
            found = obstore.get(store, key)
        for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)[skip:]
            skip = max(0, skip - len(chunk))


def list_objects(url: str) -> dict[str, tuple[int, str | None]]:
    """Size and ETag of the objects directly under a prefix, by their names below it.

    Raises:
        SourceFailed: with the reason.
    """
    prefix = urlsplit(url).path.strip("/")
    with _telling(url):
        found = untyped_obstore.list_with_delimiter(_open(url), prefix or None)["objects"]
    return {each["path"].rpartition("/")[2]: (each["size"], each["e_tag"]) for each in found}


def _open(url: str) -> ObjectStore:
    parts = urlsplit(url)
    options: Any = {"client_options": _CLIENT, "retry_config": _RETRY}
    if parts.scheme == "s3":
        options["config"] = _profile()
    return from_url(f"{parts.scheme}://{parts.netloc}", **options)


def _profile() -> dict[str, str]:
    """What ``~/.aws`` says of the profile in use, where the environment names no credentials."""
    if any(os.environ.get(name) for name in _OTHER_CREDENTIALS):
        return {}
    profile = os.environ.get("AWS_PROFILE", "default")
    home = Path.home() / ".aws"
    config = configparser.ConfigParser(interpolation=None)
    config.read(
        [
            os.environ.get("AWS_CONFIG_FILE", home / "config"),
            os.environ.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials"),
        ]
    )
    found: dict[str, str] = {}
    for section in (f"profile {profile}", profile):
        found |= dict(config[section]) if config.has_section(section) else {}
    return {to: found[key] for key, to in _PROFILE_KEYS.items() if key in found}


@contextmanager
def _telling(url: str) -> Generator[None]:
    """Tell what went wrong in a line; obstore's own messages go over pages, with the answer in XML."""
    try:
        yield
    except (BaseError, OSError, ValueError) as error:
        raise SourceFailed(_reason(url, str(error))) from None


def _reason(url: str, told: str) -> str:
    parts = urlsplit(url)
    code = next(iter(_CODE.findall(told)), "")
    if code == "NoSuchBucket":
        return f"there is no bucket {parts.netloc}"
    if _NO_CREDENTIALS.search(told):
        return f"no credentials for {parts.scheme}:// were found; set {_CREDENTIALS[parts.scheme]}"
    if _REFUSED.search(told):
        answer = f" ({code})" if code else ""
        return f"the store refuses these credentials{answer}; check {_CREDENTIALS[parts.scheme]}"
    if "404" in told or "not found" in told:
        return f"there is no {parts.path.lstrip('/')} in the bucket {parts.netloc}"
    if "error sending request" in told:
        return f"the store can't be reached at {next(iter(re.findall(r'https?://[^/ ]+', told)), url)}"
    return told.partition("\n")[0]
