"""Puts a job's events in order: core NATS may lose, late attempts may double."""

from antiphon.contract.events import Event

_STASH_LIMIT = 256


class EventOrder:
    """Sans-I/O. Lets each event of the current attempt through once, in sequence."""

    def __init__(self) -> None:
        self.attempt = 0
        self.next_seq = 0
        self._stash: dict[int, Event] = {}

    def restart(self, attempt: int) -> None:
        """A new attempt begins: everything of older ones is dropped from now on."""
        self.attempt = attempt
        self.next_seq = 0
        self._stash.clear()

    @property
    def gap(self) -> bool:
        """Whether an event is missing before one that already came."""
        return bool(self._stash)

    def take(self, event: Event) -> list[Event]:
        """The events that may be passed on now, in order (none, this one, or this one and stashed ones)."""
        if event.attempt != self.attempt or event.seq < self.next_seq:
            return []
        if event.seq > self.next_seq:
            if len(self._stash) < _STASH_LIMIT:
                self._stash[event.seq] = event
            return []
        ready = [event]
        self.next_seq += 1
        while (following := self._stash.pop(self.next_seq, None)) is not None:
            ready.append(following)
            self.next_seq += 1
        return ready
