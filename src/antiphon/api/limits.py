"""How much one key may use at once."""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Literal

from antiphon.errors import Overloaded
from antiphon.settings import Settings

Use = Literal["TTS contexts", "TTS sockets", "STT streams"]
"""What is counted. A request over HTTP is a context; a socket that hears is a stream, though it be silent."""

SOCKETS_PER_CONTEXT = 10
"""A key may have that many more TTS sockets open than contexts, as with the hosted service."""


class Limits:
    """Counts what each key uses on this server.

    Args:
        most: the limits; a use that is absent, or 0, has none.
    """

    def __init__(self, most: Mapping[Use, int] | None = None) -> None:
        self._most = dict(most or {})
        self._used: Counter[tuple[Use, str]] = Counter()

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """The limits that the settings give."""
        contexts = settings.tts_contexts_per_key
        return cls(
            {
                "TTS contexts": contexts,
                "TTS sockets": contexts * SOCKETS_PER_CONTEXT,
                "STT streams": settings.stt_streams_per_key,
            }
        )

    def used(self, use: Use, key_id: str) -> int:
        """How much a key uses now."""
        return self._used[use, key_id]

    @contextmanager
    def using(self, use: Use, key_id: str) -> Generator[None]:
        """Count one use while the block runs.

        Raises:
            Overloaded: the key uses as much as it may.
        """
        most = self._most.get(use, 0)
        if most and self._used[use, key_id] >= most:
            raise Overloaded(f"This key may have {most} {use} at once on this server, and has them.")
        self._used[use, key_id] += 1
        try:
            yield
        finally:
            self._used[use, key_id] -= 1
            if not self._used[use, key_id]:
                del self._used[use, key_id]
