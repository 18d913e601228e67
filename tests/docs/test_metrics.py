from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from antiphon.telemetry import metrics

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
DECLARED = [m for m in vars(metrics).values() if isinstance(m, Counter | Gauge | Histogram)]


@pytest.mark.parametrize("metric", DECLARED, ids=lambda m: m._name)
def test_the_architecture_tells_of_every_metric_and_its_labels(metric: Counter) -> None:
    name = metric._name + ("_total" if isinstance(metric, Counter) else "")
    row = next((r for r in ARCHITECTURE.read_text().splitlines() if r.startswith(f"| `{name}` |")), None)
    assert row, f"docs/architecture.md has no row for {name}"
    assert ", ".join(f"`{label}`" for label in metric._labelnames) in row
