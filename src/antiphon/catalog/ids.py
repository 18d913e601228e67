"""Ids of what clients make: in the order in which they were made."""

import secrets
import time
from uuid import UUID

_VERSION = 7
_MS = 1_000_000  # nanoseconds


def new_id() -> str:
    """A new UUID of version 7 (RFC 9562 sections 5.7 and 6.2, method 3): it sorts by the time it was made."""
    milliseconds, nanoseconds = divmod(time.time_ns(), _MS)
    fraction = nanoseconds * 4096 // _MS
    bits = milliseconds << 80 | _VERSION << 76 | fraction << 64 | 0b10 << 62
    return str(UUID(int=bits | secrets.randbits(62)))


def is_new_id(text: str) -> bool:
    """Whether a text is an id as `new_id` writes it."""
    try:
        return UUID(text).version == _VERSION and str(UUID(text)) == text
    except ValueError:
        return False
