"""The figures of a load, over all its seeds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from antiphon.loadtest.effort import LATE_S
from antiphon.loadtest.percentiles import Spread
from antiphon.loadtest.request import Request
from antiphon.loadtest.run import Run

TTFA_GOAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Summary:
    """What a load point showed. Spreads are in seconds and over completed requests, but where told.

    Attributes:
        requests: all of them.
        completed: those that got all their audio.
        ttfa: due → the first audible sample came.
        first_byte: due → the first audio came.
        rtf: seconds until the last audio came, for each second of audio.
        gap: between two pieces of audio of one request.
        underruns: moments without anything to play, of all requests with audio, failed ones too.
        underrun_share: of these requests, those with any.
        silence_s: silence heard in them, together; ``silence``: of each.
        chars_per_s, audio_per_s: characters and seconds of audio delivered in a second of the window.
        goodput: requests a second that kept the TTFA goal and had no underrun.
        errors: failures by kind, refusals not among them.
        refused: requests answered with 429; ``refusal``: due → the refusal came.
        generator_cpu: processors the generator used; ``generator_late_s``: lateness of its loop, p95.
    """

    requests: int
    completed: int
    ttfa: Spread
    first_byte: Spread
    rtf: Spread
    gap: Spread
    underruns: int
    underrun_share: float
    silence_s: float
    silence: Spread
    chars_per_s: float
    audio_per_s: float
    goodput: float
    errors: dict[str, int]
    refused: int
    refusal: Spread
    generator_cpu: float
    generator_late_s: float

    @property
    def reliable(self) -> bool:
        """Whether the figures are the server's and not the generator's."""
        return self.generator_late_s <= LATE_S


def summarise(*runs: Run[Request], ttfa_goal_s: float = TTFA_GOAL_S) -> Summary:
    """The figures of one load point.

    Throughput counts what came within each run's window, requests by the share of their audio: neither the
    requests that end after it nor those that began before distort it.

    Args:
        runs: of the same load, usually one a seed.
        ttfa_goal_s: what a request must keep to be good.
    """
    requests = [request for run in runs for request in run.requests]
    completed = [r for r in requests if r.error is None]
    failed = [r for r in requests if r.error is not None]
    heard = [r for r in requests if r.arrivals]
    good = {id(r) for r in completed if _known(r.audible_s) <= ttfa_goal_s and not r.underruns}
    window_s = sum(run.window_s for run in runs) or 1.0
    shares = [(r, _share(r, run.window_s)) for run in runs for r in run.requests if r.error is None]
    return Summary(
        requests=len(requests),
        completed=len(completed),
        ttfa=Spread.of(_known(r.audible_s) for r in completed),
        first_byte=Spread.of(_known(r.first_byte_s) for r in completed),
        rtf=Spread.of(r.rtf for r in completed),
        gap=Spread.of(gap for r in completed for gap in _gaps(r)),
        underruns=sum(r.underruns for r in heard),
        underrun_share=sum(r.underruns > 0 for r in heard) / max(1, len(heard)),
        silence_s=sum(r.silence_s for r in heard),
        silence=Spread.of(r.silence_s for r in heard),
        chars_per_s=sum(r.characters * share for r, share in shares) / window_s,
        audio_per_s=sum(r.audio_s * share for r, share in shares) / window_s,
        goodput=sum(share for r, share in shares if id(r) in good) / window_s,
        errors=dict(Counter(r.error for r in failed if r.error and not r.refused)),
        refused=sum(r.refused for r in failed),
        refusal=Spread.of(r.done_s for r in failed if r.refused),
        generator_cpu=sum(run.effort.cpu_s for run in runs) / (sum(run.effort.wall_s for run in runs) or 1.0),
        generator_late_s=max((run.effort.late_p95_s for run in runs), default=0.0),
    )


def _known(seconds: float | None) -> float:
    """What every completed request has."""
    return float("inf") if seconds is None else seconds


def _share(request: Request, window_s: float) -> float:
    return request.audio_within(window_s) / request.audio_s


def _gaps(request: Request) -> Iterable[float]:
    return (later - earlier for (earlier, _), (later, _) in pairwise(request.arrivals))
