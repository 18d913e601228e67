from dataclasses import dataclass

from antiphon.loadtest.figures import figures
from antiphon.loadtest.percentiles import Spread


@dataclass
class Found:
    requests: int
    wer: float | None
    ttfa: Spread
    errors: dict[str, int]


def test_every_number_has_a_name() -> None:
    found = Found(3, None, Spread(0.1, 0.2, 0.3), {"cut": 2, "timeout": 1})
    assert figures(found) == {
        "requests": 3,
        "wer": None,
        "ttfa_p50": 0.1,
        "ttfa_p95": 0.2,
        "ttfa_p99": 0.3,
        "errors": 3,
    }
