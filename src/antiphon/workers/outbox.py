"""Numbered events of one job, kept for a while in case the API server asks for them again."""

from collections import deque

from antiphon.contract.events import Event
from antiphon.contract.wire import encode

KEPT_BYTES = 4 * 1024 * 1024
"""About 40 s of 24 kHz float32 audio: more than a job's credit lets it run ahead."""


class Outbox:
    """The events an attempt has sent, as they went over the wire.

    Args:
        api: the API server they go to.
        attempt: the attempt that makes them.
    """

    def __init__(self, api: str, attempt: int) -> None:
        self.api = api
        self.attempt = attempt
        self._kept: deque[tuple[int, bytes]] = deque()
        self._bytes = 0

    def pack(self, event: Event) -> bytes:
        """Encode an event and remember it."""
        payload = encode(event)
        self._kept.append((event.seq, payload))
        self._bytes += len(payload)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.popleft()[1])
        return payload

    def since(self, seq: int) -> list[bytes]:
        """The remembered events from ``seq`` on, in order."""
        return [payload for number, payload in self._kept if number >= seq]
