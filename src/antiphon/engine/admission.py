"""Is there room for one more? Streams that were made far ahead lend their time to others for a while."""

from collections.abc import Sequence
from dataclasses import dataclass

STEADY_SHARE = 0.3
"""Streams that fill this share of the engine's time in real time are taken without asking further."""

BUSY_SHARE = 0.85
"""How much of the engine's time may be promised in all; the rest is for what was not foreseen."""

RESERVE_S = 0.5
"""Every listener should be this far ahead, beyond what is needed: a crowd that lives from hand to mouth falls
silent all at once when something takes longer than foreseen."""

SOON_S = 0.1
"""A newcomer who can't be begun within this time waits better outside, where others may take it."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What an engine owes to one listener.

    Attributes:
        lead_s: seconds of audio the listener has left; None while nothing was sent.
        rest_s: seconds of audio still to be made.
    """

    lead_s: float | None
    rest_s: float

    def owed(self, until_s: float) -> float:
        """Seconds of audio to be made by then."""
        spare_s = 0.0 if self.lead_s is None else self.lead_s - RESERVE_S
        return min(max(until_s - spare_s, 0.0), self.rest_s)


def fits(debts: Sequence[Debt], newcomer_s: float, *, demand: float, opening_s: float) -> bool:
    """Whether all listeners could be served in time if a stream of ``newcomer_s`` seconds came now.

    Audio is thought of as a fluid: by the time t a listener with lead l must have got ``t - l`` seconds, and
    the reserve, each of which costs ``demand`` seconds of the engine. What is owed grows steeply first and
    less so as streams end: it is enough to look at the ends, and at the time when the newcomer should begin.

    Args:
        debts: to the listeners of today.
        newcomer_s: audio of the newcomer.
        demand: seconds of the engine for one of audio.
        opening_s: what the first chunk of a stream costs beyond that.
    """
    everybody = (*debts, Debt(None, newcomer_s))
    openings_s = opening_s * sum(d.lead_s is None for d in everybody)
    soon_s = max(SOON_S, 2 * opening_s)
    return all(
        openings_s + demand * sum(d.owed(time_s) for d in everybody) <= BUSY_SHARE * time_s
        for time_s in (soon_s, *(max(0.0, d.lead_s or 0.0) + d.rest_s for d in everybody))
    )
