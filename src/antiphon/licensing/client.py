"""Who may use the API: what a key is worth, as the API server sees it."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from antiphon.errors import Unauthorized

Capability = Literal["tts", "stt", "catalog"]


@dataclass(frozen=True, slots=True)
class Grant:
    """The permission that a key carries.

    Attributes:
        key_id: names the key in usage records and logs without telling it.
    """

    key_id: str


class Authorizer(Protocol):
    """Decides over keys."""

    async def authorize(self, key: str, capability: Capability) -> Grant:
        """Look the key up.

        Raises:
            Unauthorized: the key is not known.
            Forbidden: the key is known, but not for this capability.
        """
        ...

    async def recall(self, key_id: str, capability: Capability) -> Grant:
        """Look up the key of this id, on whose behalf an access token asks.

        Raises:
            Unauthorized: there is no such key any more.
            Forbidden: the key is known, but not for this capability.
        """
        ...


class LocalKeys:
    """An `Authorizer` of fixed keys that may do everything; it holds their hashes alone.

    Args:
        keys: the keys that clients send.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = tuple(_digest(key) for key in keys)

    async def authorize(self, key: str, capability: Capability) -> Grant:  # noqa: ARG002 - it may do all
        """See `Authorizer.authorize`."""
        given = _digest(key)
        # Every hash is compared, in constant time: how long this takes tells nothing of the keys.
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if not any(matches):
            raise Unauthorized("The API key is not known here.")
        return Grant(_id(given))

    async def recall(self, key_id: str, capability: Capability) -> Grant:  # noqa: ARG002 - it may do all
        """See `Authorizer.recall`."""
        if not any(_id(known) == key_id for known in self._digests):
            raise Unauthorized("The key that this access token was made with is not known here any more.")
        return Grant(key_id)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _id(digest: bytes) -> str:
    return digest.hex()[:12]
