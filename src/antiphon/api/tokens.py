"""Access tokens: what a browser may hold in place of a key, for an hour at most and for some things alone.

A token is ``at_<payload>.<signature>``, both parts in base64url without padding: the payload is JSON, the
signature the HMAC-SHA256 of the payload's text. Every server that knows the secret can read it; nothing is
kept about it.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable

import msgspec

from antiphon.catalog.store import Store
from antiphon.errors import Unauthorized

PREFIX = "at_"
LONGEST_S = 3600
CLOCK_SKEW_S = 30
"""A token is taken so long after its end: the clocks of two servers differ."""

_SECRET_BYTES = 32


class Claims(msgspec.Struct, frozen=True):
    """What a token says.

    Attributes:
        key_id: the key that it was made for, on whose behalf its holder acts.
        grants: what it allows: of ``tts``, ``stt`` and ``agent``.
        expires_at: seconds since 1970.
    """

    key_id: str
    grants: frozenset[str]
    expires_at: int


class Tokens:
    """Makes and reads access tokens.

    Args:
        secret: signs them; the same on every server that is to take them.
        clock: seconds since 1970.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    @classmethod
    def of_one_server(cls) -> "Tokens":
        """Tokens that no other server takes, nor this one after a restart."""
        return cls(secrets.token_bytes(_SECRET_BYTES))

    def issue(self, key_id: str, grants: Iterable[str], lifetime_s: int) -> str:
        """Make a token."""
        claims = Claims(key_id, frozenset(grants), int(self._clock()) + lifetime_s)
        payload = _base64(msgspec.json.encode(claims))
        return f"{PREFIX}{payload}.{self._signature(payload)}"

    def read(self, token: str) -> Claims:
        """What a token says, once it is known to be true.

        Raises:
            Unauthorized: it was not made with this secret, was changed, or has expired.
        """
        payload, _, signature = token.removeprefix(PREFIX).partition(".")
        # As text, not as what the text decodes to: there is one way to write a token.
        if not hmac.compare_digest(signature.encode(errors="replace"), self._signature(payload).encode()):
            raise Unauthorized("The access token is not valid here; ask for a new one.")
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="), type=Claims)
        if self._clock() >= claims.expires_at + CLOCK_SKEW_S:
            raise Unauthorized("The access token has expired; ask for a new one.")
        return claims

    def _signature(self, payload: str) -> str:
        digest = hmac.digest(self._secret, payload.encode(errors="replace"), hashlib.sha256)
        return _base64(digest)


def is_token(credential: str) -> bool:
    """Whether a credential is meant as an access token, be it valid or not."""
    return credential.startswith(PREFIX) and "." in credential


async def shared_secret(store: Store) -> bytes:
    """The secret of all servers that share a store; the first one makes it."""
    fresh = msgspec.json.encode(secrets.token_hex(_SECRET_BYTES))
    kept = await store.claim("secrets", "access-tokens", fresh)
    return msgspec.json.decode(kept, type=str).encode()


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
