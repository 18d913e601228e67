"""Which windows of which streams are heard next, and what hearing costs."""

from typing import NamedTuple

from antiphon.engine.cadence import PARTIAL_EVERY_S, Cadence
from antiphon.engine.cost import Demand, Limits, Outlook, StepCost
from antiphon.engine.ear import HearingStream, Reason
from antiphon.speech.listener import PARTIAL_GROWTH

STEP_S = 0.12
"""A batch that would take longer is cut: a final that becomes due meanwhile has to wait for it."""

FILE_STEP_S = 0.5
"""The same while no stream is live: files share a batch's fixed costs among more windows."""

STEP_AUDIO_S = 20.0
"""More audio in a batch brings no throughput; so much of a file is gathered for one."""

CAPACITY_SHARE = 0.85
"""How much of the engine's time real-time streams may fill."""

USUAL_S = 3.0
"""Length of a window that nobody has seen yet."""

STALLED_S = 1.0
"""A stream of which no audio came for so long is not counted with those that speak."""

UNKNOWN_S_PER_S = 0.25
"""What a second of audio is thought to take at most while nothing is known."""


class Due(NamedTuple):
    """A stream of which something should be recognised, and why."""

    stream: HearingStream
    reason: Reason


class HearingCosts:
    """What hearing costs, learnt as it is done.

    Attributes:
        judge: voice activity, by frames.
        recognise: a batch of windows, by seconds of audio; finals of live streams profit from their partials.
        demand: of all of it together, had partials come as often as wanted.
    """

    def __init__(self) -> None:
        self.judge = StepCost()
        self.recognise: dict[Reason, StepCost] = {
            "final": StepCost(),
            "partial": StepCost(),
            "file": StepCost(),
        }
        self.demand = Demand()


class Attention:
    """Decides what an engine's step recognises.

    Args:
        limits: rows of a step, streams held.
        costs: learnt by who takes the steps.
    """

    def __init__(self, limits: Limits, costs: HearingCosts) -> None:
        self._limits = limits
        self._costs = costs
        self._cadence = Cadence()
        self._live = False

    def worked(self, needed_s: float, elapsed_s: float) -> None:
        """Learn that so much of the time that passed went into what can't wait."""
        self._cadence.worked(needed_s, elapsed_s)

    def due(self, streams: list[HearingStream], now: float) -> list[Due]:
        """The streams of which something should be recognised, the first first.

        Finals that somebody waits for come before everything, then the first words of who begins to speak;
        other partials and files take turns.
        """
        self._live = any(stream.job.partials for stream in streams)
        self._cadence.plan(sum(self._partial_share(stream, now) for stream in streams))
        wishes: list[tuple[HearingStream, Reason | None]] = [
            (stream, stream.due(self._cadence.every_s)) for stream in streams
        ]
        due = [Due(stream, reason) for stream, reason in wishes if reason]
        return sorted(due, key=_rank)

    def batch(self, due: list[Due]) -> list[HearingStream]:
        """Whose windows are heard in one step without keeping others waiting: each named once a window."""
        reason = due[0].reason
        step_s = STEP_S if self._live else FILE_STEP_S
        most_s = min(STEP_AUDIO_S, self._costs.recognise[reason].units_within(step_s))
        rows = [(s, length_s) for s, why in due if why == reason for length_s in s.listener.windows_s]
        chosen: list[HearingStream] = []
        audio_s = 0.0
        for stream, length_s in rows[: self._limits.batch_size]:
            audio_s += length_s
            if chosen and audio_s > most_s:
                break
            chosen.append(stream)
        return chosen

    def predict(self, reason: Reason, audio_s: float) -> float:
        """Seconds that recognising so much audio will take."""
        return self._costs.recognise[reason].predict(audio_s) or UNKNOWN_S_PER_S * audio_s

    def count_demand(self, stream: HearingStream, now: float) -> None:
        """Learn what the stream has needed since the last time."""
        needed_s, audio_s = stream.needed()
        if stream.job.partials:
            wanted_s = self._partial_share(stream, now) * audio_s
            self._costs.demand.observe(needed_s + wanted_s, audio_s)

    def outlook(self, due: list[Due]) -> Outlook:
        """A newcomer's first partial waits for all that is due, and for the step that runs already."""
        costs = self._costs.recognise
        own_s = costs["partial"].predict(USUAL_S)
        ahead_s = sum(costs[reason].predict(sum(stream.listener.windows_s)) for stream, reason in due)
        capacity = self._limits.max_streams or self._costs.demand.capacity(CAPACITY_SHARE)
        return Outlook(ahead_s + own_s, own_s, capacity)

    def _partial_share(self, stream: HearingStream, now: float) -> float:
        """The share of the time that partials of this stream would take if they came as often as wanted."""
        if not stream.listener.speaking or now - stream.judged_at > STALLED_S:
            return 0.0
        length_s = sum(stream.listener.windows_s)
        interval_s = max(PARTIAL_EVERY_S, PARTIAL_GROWTH * length_s)
        return self._costs.recognise["partial"].predict(length_s) / interval_s


def _rank(due: Due) -> tuple[bool, bool, int]:
    begins = due.reason == "partial" and due.stream.listener.fresh
    return due.reason != "final", not begins, due.stream.last_turn
