"""How long the text of a stream takes, as its client sees it."""

from collections import deque

_REMEMBERED = 8192
"""Arrivals kept: minutes of small messages. What fell out counts as having arrived with the oldest kept."""


class StreamLatency:
    """When the audio of one stream arrived and when finals were asked for. All times are of one clock."""

    def __init__(self) -> None:
        self._arrivals: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._asked: deque[float] = deque()

    def arrived(self, now_s: float, end_s: float) -> None:
        """Audio up to ``end_s`` seconds of the stream is here."""
        self._arrivals.append((end_s, now_s))

    def finalize_asked(self, now_s: float) -> None:
        """The client asked for a final (or closed)."""
        self._asked.append(now_s)

    def finalize_answered(self) -> None:
        """The oldest such wish has been answered."""
        self._asked.popleft()

    def partial(self, now_s: float, audio_s: float) -> float:
        """Seconds from the arrival of the audio at ``audio_s`` to a partial that goes so far."""
        while len(self._arrivals) > 1 and self._arrivals[0][0] < audio_s:
            self._arrivals.popleft()
        return now_s - self._arrivals[0][1] if self._arrivals else 0.0

    def final(self, now_s: float, end_s: float) -> float:
        """Seconds from the finalize, or from the arrival of the pause that ended it, to a final."""
        since_arrival = self.partial(now_s, end_s)
        return now_s - self._asked[0] if self._asked else since_arrival
