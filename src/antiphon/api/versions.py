"""The version of the wire that a client speaks, and what changed when.

Versions are dates (``YYYY-MM-DD``) and compare as text. A client that names none, or something that is no
date, gets the forms of the oldest.
"""

import re

from starlette.requests import HTTPConnection

UNKNOWN = ""
"""Compares as older than every version."""

BARE_VOICE_LIST = "2024-06-10"
"""Up to this one, ``GET /voices`` answers a bare array; later ones page."""

EARLY_SDKS = "2024-11-13"
"""Up to this one (of those that name one), clients are of generations 1 and 2. Their coroutine sockets keep a
queue for each flush and take ``flush_id`` for its index, from 0; their event streams end where the answer
ends, and can't do with a last event that says so."""

STRUCTURED_ERRORS = "2026-03-01"
"""From this one on, HTTP errors are JSON; before, text."""

STRICT_VOICES = "2026-08-14"
"""From this one on, a voice is an id, and ``locale`` excludes ``language``; ``access`` is a string."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_early(version: str) -> bool:
    """Whether it is one of those up to `EARLY_SDKS`."""
    return UNKNOWN < version <= EARLY_SDKS


def version_of(connection: HTTPConnection) -> str:
    """The version asked for: in the query (``cartesia_version``), else in the header, else `UNKNOWN`."""
    asked = connection.query_params.get("cartesia_version") or connection.headers.get("cartesia-version", "")
    return asked if _DATE.fullmatch(asked) else UNKNOWN
