"""Whose turn is it? A pure function of what the streams look like now and of what a step costs.

A listener who still has audio must never hear a gap that could be avoided, and one who waits for the first
sound should wait no longer than that demands. So newcomers go first exactly as long as every listener's
audio outlasts the steps that would then come before its own, earliest deadline first. When not all can be
saved, as many are as can be (Moore, "An n job, one machine sequencing algorithm", 1968), rather than all of
them failing a little, as pure earliest-deadline-first would have it.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from antiphon.engine.cost import StepCost

Reason = Literal["starved", "running_dry", "dry", "no_audio_yet", "earliest_deadline", "far_ahead"]
"""In the order of their claims; see `choose`."""

STARVED_S = 2.0
"""Whoever has heard nothing for this long comes before everybody, even in an overload without end."""

MARGIN_S = 0.03
"""Audio has to be made this much before it is due, for the way to the listener; and by as much more as steps
have lately overrun what was predicted."""

FAR_AHEAD_S = 5.0
"""A listener with more audio left than this can wait for any other."""

BASE_SHARE = 0.25
"""Rows join a step while what a step costs whatever its size is at least this share of it. Then another row
brings no throughput, but keeps the first one waiting: on a CPU, whose steps cost the sum of their rows."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stream that could use a step.

    Attributes:
        key: names the stream.
        lead_s: seconds of audio its listener has left, negative once it has run dry; None while nothing
            was sent.
        waiting_s: seconds since the stream joined.
        units: work of its next chunk, in units of the step's cost.
        start_s: what its next chunk costs beyond that, because it is the first.
    """

    key: str
    lead_s: float | None
    waiting_s: float
    units: float = 0.0
    start_s: float = 0.0

    @property
    def silent_s(self) -> float:
        """How long its listener has heard nothing."""
        return self.waiting_s if self.lead_s is None else max(0.0, -self.lead_s)


@dataclass(frozen=True, slots=True)
class Choice:
    """A stream selected for the next step, and why."""

    key: str
    reason: Reason


def choose(candidates: Sequence[Candidate], batch_size: int, cost: StepCost) -> list[Choice]:
    """Select at most ``batch_size`` streams for a step, most pressing first; at most one that starts.

    Order: those that have been silent too long; listeners that would run dry if anybody else came first;
    listeners that have run dry or can't be saved any more; streams with no audio yet, longest waiting
    first; the rest by deadline, those far ahead last. After the first, streams join while the step they
    share is worth it and makes no listener run dry.
    """
    starved = sorted((c for c in candidates if c.silent_s > STARVED_S), key=_longest_silence)
    awake = [c for c in candidates if c.silent_s <= STARVED_S]
    newcomers = sorted((c for c in awake if c.lead_s is None), key=_longest_silence)
    listeners = sorted((c for c in awake if c.lead_s is not None), key=_lead)
    saved = _most_that_can_be_saved(listeners, batch_size, cost)
    saved_keys = {c.key for c in saved}
    dry = [c for c in listeners if c.key not in saved_keys]
    others = (*starved, *dry, *newcomers)
    slacks = _slacks(saved, batch_size, cost)
    delay_s = _step_s(others[0], cost) if others else 0.0
    pressing = max((i for i, slack_s in enumerate(slacks, start=1) if slack_s < delay_s), default=0)
    slack_s = min(slacks[pressing:], default=math.inf)
    order: list[tuple[Candidate, Reason, float]] = [
        *((c, "starved", slack_s) for c in starved),
        *((c, "running_dry", _lead(c)) for c in saved[:pressing]),
        *((c, "dry", slack_s) for c in dry),
        *((c, "no_audio_yet", slack_s) for c in newcomers),
        *(
            (c, "earliest_deadline" if _lead(c) <= FAR_AHEAD_S else "far_ahead", _lead(c))
            for c in saved[pressing:]
        ),
    ]
    return _fill(order, batch_size, cost)


def _longest_silence(candidate: Candidate) -> float:
    return -candidate.silent_s


def _lead(candidate: Candidate) -> float:
    return math.inf if candidate.lead_s is None else candidate.lead_s


def _step_s(candidate: Candidate, cost: StepCost) -> float:
    return cost.predict(candidate.units) + candidate.start_s


def _work_s(candidate: Candidate, cost: StepCost) -> float:
    """What its chunk adds to a step."""
    return candidate.units * cost.unit_s + candidate.start_s


def _until_made(count: int, work_s: float, batch_size: int, cost: StepCost) -> float:
    """Seconds until ``count`` chunks that add so much together are made, in full steps."""
    return -(-count // batch_size) * cost.base_s + work_s


def _most_that_can_be_saved(
    listeners: Sequence[Candidate], batch_size: int, cost: StepCost
) -> list[Candidate]:
    """The largest set of listeners of whom none runs dry if nobody else comes between, by deadline."""
    kept: list[tuple[float, int]] = []  # heap of (-work, index)
    work_s = 0.0
    for index, listener in enumerate(listeners):
        heapq.heappush(kept, (-_work_s(listener, cost), index))
        work_s += _work_s(listener, cost)
        if _until_made(len(kept), work_s, batch_size, cost) > _lead(listener):
            work_s += heapq.heappop(kept)[0]
    return [listeners[index] for index in sorted(index for _, index in kept)]


def _slacks(saved: Sequence[Candidate], batch_size: int, cost: StepCost) -> list[float]:
    """How long each of the saved could wait for something else before its turn by deadline came too late.

    Their turns are the steps that would really be made of them, of which not all are full.
    """
    slacks: list[float] = []
    margin_s = MARGIN_S + cost.surprise_s
    made_s = 0.0
    while rest := saved[len(slacks) : len(slacks) + batch_size]:
        order: list[tuple[Candidate, Reason, float]] = [
            (c, "earliest_deadline", _lead(c) - made_s) for c in rest
        ]
        step = rest[: len(_fill(order, batch_size, cost))]
        made_s += cost.base_s + sum(_work_s(c, cost) for c in step)
        slacks.extend(_lead(c) - made_s - margin_s for c in step)
    return slacks


def _fill(order: Iterable[tuple[Candidate, Reason, float]], batch_size: int, cost: StepCost) -> list[Choice]:
    """The first of the order, and who may join it; each comes with how long the step may get for its sake."""
    choices: list[Choice] = []
    units_s = start_s = 0.0
    limit_s = math.inf
    for candidate, reason, its_limit_s in order:
        added_s = candidate.units * cost.unit_s
        step_s = cost.base_s + units_s + added_s + start_s + candidate.start_s
        if choices:
            if len(choices) == batch_size or cost.base_s < BASE_SHARE * (cost.base_s + units_s + added_s):
                break
            if candidate.start_s > 0.0 < start_s:
                continue
            if step_s > min(limit_s, its_limit_s):
                break
        limit_s = min(limit_s, its_limit_s)
        units_s += added_s
        start_s += candidate.start_s
        choices.append(Choice(candidate.key, reason))
    return choices
