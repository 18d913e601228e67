"""How often texts of open utterances are due: often while there is time for them, rarer when there is not."""

import math

PARTIAL_EVERY_S = 0.4
"""Seconds of new audio between two partials while the engine has time."""

SELDOM_S = 5.0
"""However busy the engine is, they come no rarer."""

BUSY_SHARE = 0.8
"""How much of the engine's time all its work may fill before partials come rarer."""

_LEAST_SHARE = 0.05
_MEMORY_S = 2.0


class Cadence:
    """Voice activity and finals take the time they need; partials share what is left.

    Attributes:
        every_s: seconds of new audio between two partials now.
    """

    def __init__(self) -> None:
        self.every_s = PARTIAL_EVERY_S
        self._needed = 0.0

    @property
    def stretch(self) -> float:
        """Factor by which partials come rarer than wanted."""
        return self.every_s / PARTIAL_EVERY_S

    def worked(self, needed_s: float, elapsed_s: float) -> None:
        """Learn that so much of the time that passed went into what can't wait."""
        if elapsed_s > 0.0:
            weight = 1.0 - math.exp(-elapsed_s / _MEMORY_S)
            self._needed += weight * (needed_s / elapsed_s - self._needed)

    def plan(self, wanted: float) -> None:
        """Choose the cadence.

        Args:
            wanted: share of the time that partials would take if they came as often as wanted.
        """
        spare = max(BUSY_SHARE - self._needed, _LEAST_SHARE)
        self.every_s = min(PARTIAL_EVERY_S * max(1.0, wanted / spare), SELDOM_S)
