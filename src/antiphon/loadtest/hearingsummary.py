"""The figures of a load of recognition, over all its seeds."""

from collections import Counter
from dataclasses import dataclass

from antiphon.loadtest.effort import LATE_S
from antiphon.loadtest.hearing import Stream
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.run import Run
from antiphon.loadtest.wordrate import WordErrors


@dataclass(frozen=True, slots=True)
class HearingSummary:
    """What a load point showed. Spreads are in seconds; see `Dialogue` for what each is the time of.

    Attributes:
        streams: all of them; ``completed``: those that were answered up to their end.
        audio_per_s: seconds of audio sent in a second of the window, pauses among them.
        opened: due → the socket was open.
        first_partial, partial_interval, final, pause_final: the answers to each utterance.
        unanswered: utterances without a final text.
        wer: word error rate; None where no text is known.
        errors: failures by kind, refusals not among them.
        refused: streams answered with 429; ``refusal``: due → the refusal came.
        generator_cpu: processors the generator used; ``generator_late_s``: lateness of its loop, p95.
    """

    streams: int
    completed: int
    audio_per_s: float
    opened: Spread
    first_partial: Spread
    partial_interval: Spread
    final: Spread
    pause_final: Spread
    unanswered: int
    wer: float | None
    errors: dict[str, int]
    refused: int
    refusal: Spread
    generator_cpu: float
    generator_late_s: float

    @property
    def reliable(self) -> bool:
        """Whether the figures are the server's and not the generator's."""
        return self.generator_late_s <= LATE_S


def summarise_streams(*runs: Run[Stream]) -> HearingSummary:
    """The figures of one load point.

    Args:
        runs: of the same load, usually one a seed.
    """
    streams = [stream for run in runs for stream in run.requests]
    failed = [stream for stream in streams if stream.error is not None]
    answers = [stream.dialogue for stream in streams]
    wall_s = sum(run.effort.wall_s for run in runs) or 1.0
    return HearingSummary(
        streams=len(streams),
        completed=len(streams) - len(failed),
        audio_per_s=sum(stream.spoken_s for stream in streams) / wall_s,
        opened=Spread.of(stream.open_s for stream in streams if stream.open_s is not None),
        first_partial=Spread.of(s for answer in answers for s in answer.first_partials),
        partial_interval=Spread.of(s for answer in answers for s in answer.partial_intervals),
        final=Spread.of(s for answer in answers for s in answer.finals),
        pause_final=Spread.of(s for answer in answers for s in answer.pause_finals),
        unanswered=sum(answer.unanswered for answer in answers),
        wer=sum((stream.words for stream in streams), WordErrors()).rate,
        errors=dict(Counter(s.error for s in failed if s.error and not s.refused)),
        refused=sum(stream.refused for stream in failed),
        refusal=Spread.of(stream.done_s for stream in failed if stream.refused),
        generator_cpu=sum(run.effort.cpu_s for run in runs) / wall_s,
        generator_late_s=max((run.effort.late_p95_s for run in runs), default=0.0),
    )
