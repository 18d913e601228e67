"""Puts a job's events in order: core NATS may lose, late attempts may double."""

from antiphon.contract.events import Event

_STASH_LIMIT = 256


class EventOrder:
    """Sans-I/O. Lets each event of the current attempt through once, in sequence.

    Attributes:
        attempt: the one whose events pass. Those of older ones are dropped, those of newer ones kept: the
            first events of an offer can overtake the word that it was accepted.
        next_seq: number of the event that passes next.
    """

    def __init__(self) -> None:
        self.attempt = 0
        self.next_seq = 0
        self._stash: dict[tuple[int, int], Event] = {}

    def restart(self, attempt: int) -> None:
        """A new attempt begins: everything of older ones is dropped from now on."""
        self.attempt = attempt
        self.next_seq = 0
        self._stash = {key: event for key, event in self._stash.items() if key[0] >= attempt}

    @property
    def gap(self) -> bool:
        """Whether an event is missing before one that already came."""
        return any(attempt == self.attempt for attempt, _ in self._stash)

    def keep(self, event: Event) -> None:
        """Take in an event, in whatever order they come."""
        key = event.attempt, event.seq
        if key >= (self.attempt, self.next_seq) and len(self._stash) < _STASH_LIMIT:
            self._stash[key] = event

    def ready(self) -> list[Event]:
        """The events whose turn it is, in order; each is given once."""
        ready: list[Event] = []
        while (event := self._stash.pop((self.attempt, self.next_seq), None)) is not None:
            ready.append(event)
            self.next_seq += 1
        return ready
