"""Whose turn is it? A pure function of what the streams look like now.

Order: listeners about to run dry, then streams with no audio yet (longest waiting first), then the rest by
earliest deadline; a listener far ahead comes last. The reason is returned with the choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Reason = Literal["running_dry", "no_audio_yet", "earliest_deadline", "far_ahead"]

RUNNING_DRY_S = 0.15
"""A listener with less audio left than this comes before everything else."""

FAR_AHEAD_S = 5.0
"""A listener with more audio left than this can wait for any other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stream that could use a step.

    Attributes:
        key: names the stream.
        lead_s: seconds of audio its listener has left; None while nothing was sent.
        waiting_s: seconds since the stream joined.
    """

    key: str
    lead_s: float | None
    waiting_s: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A stream selected for the next step, and why."""

    key: str
    reason: Reason


def choose(candidates: Sequence[Candidate], batch_size: int) -> list[Choice]:
    """Select at most ``batch_size`` streams, most pressing first."""
    ranked = sorted((_rank(c), i) for i, c in enumerate(candidates))[:batch_size]
    return [Choice(candidates[i].key, _reason(candidates[i])) for _, i in ranked]


def _reason(candidate: Candidate) -> Reason:
    if candidate.lead_s is None:
        return "no_audio_yet"
    if candidate.lead_s < RUNNING_DRY_S:
        return "running_dry"
    return "earliest_deadline" if candidate.lead_s <= FAR_AHEAD_S else "far_ahead"


_ORDER: dict[Reason, int] = {"running_dry": 0, "no_audio_yet": 1, "earliest_deadline": 2, "far_ahead": 3}


def _rank(candidate: Candidate) -> tuple[int, float]:
    urgency = -candidate.waiting_s if candidate.lead_s is None else candidate.lead_s
    return _ORDER[_reason(candidate)], urgency
