"""Is there room for one more? Streams that were made far ahead lend their time to others for a while."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debt:
    """What an engine owes to one listener.

    Attributes:
        lead_s: seconds of audio the listener has left.
        rest_s: seconds of audio still to be made.
    """

    lead_s: float
    rest_s: float


def fits(debts: Sequence[Debt], newcomer_s: float, *, demand: float, opening_s: float, share: float) -> bool:
    """Whether all listeners could be served in time if a stream of ``newcomer_s`` seconds came now.

    Audio is thought of as a fluid: by the time t a listener with lead l must have got ``t - l`` seconds, each
    of which costs ``demand`` seconds of the engine, of whose time ``share`` may be used. What is owed grows
    steeply first and less so as streams end: it is enough to look at the ends.

    Args:
        debts: to the listeners of today.
        newcomer_s: audio of the newcomer, who has no lead.
        demand: seconds of the engine for one of audio.
        opening_s: what the newcomer's first chunk costs beyond that.
        share: of the engine's time.
    """
    everybody = (*debts, Debt(0.0, newcomer_s))
    return all(
        opening_s + demand * sum(min(max(end_s - d.lead_s, 0.0), d.rest_s) for d in everybody)
        <= share * end_s
        for end_s in (max(0.0, d.lead_s) + d.rest_s for d in everybody)
    )
