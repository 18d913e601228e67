"""Whether pauses are the ends of turns: the turn model's part of a worker's step, in batches over streams."""

from collections.abc import Iterable, Sequence

from antiphon.engine.cost import Limits, StepCost
from antiphon.engine.ear import HearingStream
from antiphon.models.protocols import TurnModel
from antiphon.telemetry.logs import get_logger

BATCH_S = 0.12
"""Finals of other streams wait for a batch; one that would take longer is cut."""

UNKNOWN_S = 0.1
"""What a row is thought to take at most while nothing is known."""

_log = get_logger(__name__)


class Endings:
    """Judges the pauses of all streams that ask for it.

    Args:
        model: judges.
        limits: rows of a batch.
    """

    def __init__(self, model: TurnModel, limits: Limits) -> None:
        self._model = model
        self._limits = limits
        self._cost = StepCost()

    def due(self, streams: Iterable[HearingStream]) -> list[HearingStream]:
        """The streams to judge in one batch: those that have waited longest."""
        waiting = sorted((s for s in streams if s.pause_due), key=lambda stream: stream.judged_at)
        rows = min(self._limits.batch_size, int(BATCH_S / self.predict(1)))
        return waiting[: max(1, rows)]

    def predict(self, rows: int) -> float:
        """Seconds that a batch will take."""
        return self._cost.predict(rows) or UNKNOWN_S * rows

    def observe(self, rows: int, seconds: float) -> None:
        """Learn from a batch."""
        self._cost.observe(rows, seconds)

    def judge(self, streams: Sequence[HearingStream]) -> list[float | None]:
        """How likely the speaker of each has finished; None where the model failed."""
        try:
            return [*self._model.step([stream.listener.open_audio() for stream in streams])]
        except Exception:
            # A pause that nobody judged ends an utterance later; that is no reason to lose the stream.
            _log.exception("pauses_not_judged", jobs=[stream.job.job for stream in streams])
            return [None] * len(streams)
