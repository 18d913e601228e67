"""Numbered events of one job, kept until the API server has them."""

from collections import deque

from antiphon.contract.events import Event
from antiphon.contract.wire import encode

KEPT_BYTES = 1024 * 1024
"""More than a job's credit lets it run ahead: 8 s of 24 kHz float32 audio are 750 KB. With the API server
acknowledging each second of audio, what is kept is mostly a tenth of that."""


class Outbox:
    """The events an attempt has sent, as they went over the wire.

    Args:
        api: the API server they go to.
        attempt: the attempt that makes them.
    """

    def __init__(self, api: str, attempt: int) -> None:
        self.api = api
        self.attempt = attempt
        self._kept: deque[bytes] = deque()
        self._first_seq = 0
        self._bytes = 0

    def pack(self, event: Event) -> bytes:
        """Encode an event, the one after the last, and keep it."""
        payload = encode(event)
        self._kept.append(payload)
        self._bytes += len(payload)
        while self._bytes > KEPT_BYTES and len(self._kept) > 1:
            self._drop()
        return payload

    def acknowledge(self, next_seq: int) -> None:
        """Events before this have arrived."""
        while self._kept and self._first_seq < next_seq:
            self._drop()

    def since(self, seq: int) -> list[bytes] | None:
        """The events from ``seq`` on, in order; None when they are no longer kept."""
        if seq < self._first_seq:
            return None
        return [*self._kept][seq - self._first_seq :]

    def _drop(self) -> None:
        self._bytes -= len(self._kept.popleft())
        self._first_seq += 1
