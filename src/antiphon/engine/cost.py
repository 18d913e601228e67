"""What a step costs: ``a + b·n`` seconds for n units of work, learnt from the steps themselves."""

from dataclasses import dataclass

MEMORY = 0.98
"""Weight of each earlier step against the next newer one: a model remembers about fifty steps."""

OUTLIER = 3.0
"""A step that took this many times what was predicted was most likely interrupted; it counts as so many."""


UNMEASURED = 16
"""Streams that an engine promises room for while it knows nothing of its model."""

MOST_STREAMS = 1024
"""However quick the model, the rest of a worker holds no more."""

PATIENCE_BASE_S, PATIENCE_FACTOR = 0.25, 5.0
"""A stage that takes this much longer than predicted hangs."""


def patience(predicted_s: float) -> float:
    """Seconds after which a stage of so many predicted seconds must be thought to hang."""
    return PATIENCE_BASE_S + PATIENCE_FACTOR * predicted_s


CALM = 0.99
"""What is left of a surprise after each further step."""

MOST_SURPRISE_S = 0.25
"""However restless the machine, no more is kept in reserve."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an engine takes on.

    Attributes:
        batch_size: most rows a step.
        max_streams: streams to promise room for; None for as many as can be served in time.
    """

    batch_size: int = 1
    max_streams: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a worker promises; see `antiphon.contract.presence.Presence`.

    Attributes:
        wait_s: seconds until a job that comes now would bring its first audio or text.
        wait_per_job_s: by how much each job that comes after it waits longer.
        capacity: streams that can be held in real time.
    """

    wait_s: float
    wait_per_job_s: float
    capacity: int


class StepCost:
    """A least-squares line through the latest steps of one stage, newer ones weighing more.

    One imagined step of no work that took no time stands at the beginning: while all steps are of one size,
    nothing tells base from slope, and the line goes through zero.

    Attributes:
        base_s: seconds that a step takes whatever its size.
        unit_s: seconds that each unit adds.
        surprise_s: by how much steps have lately overrun what was predicted: the largest, slowly forgotten.
            Next to nothing on a machine of one's own; where others interrupt, it is to be prepared for.
    """

    def __init__(self) -> None:
        self.base_s = 0.0
        self.unit_s = 0.0
        self.surprise_s = 0.0
        self._weight = 1.0
        self._n = self._nn = self._t = self._nt = 0.0

    def predict(self, units: float) -> float:
        """Seconds that a step of so many units will take; zero before the first was seen."""
        return self.base_s + self.unit_s * units

    def units_within(self, seconds: float) -> float:
        """The most work that a step of so many seconds can hold."""
        if self.unit_s <= 0.0:
            return float("inf") if seconds >= self.base_s else 0.0
        return max(0.0, (seconds - self.base_s) / self.unit_s)

    def observe(self, units: float, seconds: float) -> None:
        """Learn from a step."""
        expected = self.predict(units)
        if expected > 0.0:
            self.surprise_s = min(max(seconds - expected, self.surprise_s * CALM), MOST_SURPRISE_S)
            seconds = min(seconds, OUTLIER * expected)
        self._weight = MEMORY * self._weight + 1.0
        self._n = MEMORY * self._n + units
        self._nn = MEMORY * self._nn + units * units
        self._t = MEMORY * self._t + seconds
        self._nt = MEMORY * self._nt + units * seconds
        spread = self._weight * self._nn - self._n * self._n
        slope = (self._weight * self._nt - self._n * self._t) / spread if spread > 0.0 else 0.0
        base = (self._t - slope * self._n) / self._weight
        if slope < 0.0:
            base, slope = self._t / self._weight, 0.0
        elif base < 0.0:
            base, slope = 0.0, self._nt / self._nn
        self.base_s, self.unit_s = base, slope


class Demand:
    """Seconds of engine time that a second of audio needs, all stages together, lately."""

    def __init__(self) -> None:
        self._busy_s = 0.0
        self._audio_s = 0.0

    def observe(self, busy_s: float, audio_s: float) -> None:
        """Learn from a finished job or a piece of a long one."""
        self._busy_s = MEMORY * self._busy_s + busy_s
        self._audio_s = MEMORY * self._audio_s + audio_s

    @property
    def per_audio_s(self) -> float:
        """Seconds of engine time for one of audio; zero while nothing is known."""
        return self._busy_s / self._audio_s if self._audio_s > 0.0 else 0.0

    def capacity(self, share: float) -> int:
        """Streams in real time that fill ``share`` of the engine's time; at least one."""
        if self._audio_s <= 0.0:
            return UNMEASURED
        return max(1, min(MOST_STREAMS, int(share / max(self.per_audio_s, 1e-9))))
