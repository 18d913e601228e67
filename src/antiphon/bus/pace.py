"""How fast a line of waiting requests moves."""

import math


class Pace:
    """Places that came free per second, lately, and only of the time when somebody waited for them.

    Without anybody waiting, places come free as seldom as requests come: that says nothing. One place more
    than were seen is reckoned with, so that a line that has just formed is taken to move.

    Args:
        memory_s: the time constant with which the past is forgotten.
    """

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._places = 0.0
        self._seconds = 0.0
        self._at = 0.0

    def reset(self) -> None:
        """Forget it all: the workers are others now."""
        self._places = self._seconds = 0.0

    def go_on(self, now: float, *, waiting: bool) -> None:
        """Time has passed until ``now``; did anybody wait during it?"""
        elapsed, self._at = now - self._at, now
        kept = math.exp(-elapsed / self._memory_s)
        self._places *= kept
        self._seconds *= kept
        if waiting:
            self._seconds += self._memory_s * (1 - kept)

    def placed(self) -> None:
        """Somebody who waited got a place."""
        self._places += 1

    def wait_s(self, turns: int) -> float:
        """Seconds until so many have got a place."""
        return turns * self._seconds / (self._places + 1)
