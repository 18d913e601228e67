import pytest
from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from antiphon.telemetry import metrics

# The table of docs/architecture.md, "Metrics that others build on".
TABLE = {
    "antiphon_worker_load": (Gauge, ("kind", "model", "worker")),
    "antiphon_worker_capacity": (Gauge, ("kind", "model", "worker")),
    "antiphon_worker_ttfa_seconds": (Histogram, ("model",)),
    "antiphon_worker_rtf": (Histogram, ("kind", "model")),
    "antiphon_worker_batch_rows": (Histogram, ("model", "stage")),
    "antiphon_worker_step_seconds": (Histogram, ("model", "stage")),
    "antiphon_worker_decisions_total": (Counter, ("reason",)),
    "antiphon_api_queue_size": (Gauge, ("offering",)),
    "antiphon_api_unserviceable_requests_size": (Gauge, ("offering",)),
    "antiphon_api_queue_wait_seconds": (Histogram, ("offering",)),
    "antiphon_api_refusals_total": (Counter, ("offering", "reason")),
    "antiphon_api_ttfa_seconds": (Histogram, ("model",)),
    "antiphon_api_underruns_total": (Counter, ("model",)),
    "antiphon_api_underrun_seconds_total": (Counter, ("model",)),
    "antiphon_api_streams": (Gauge, ()),
    "antiphon_api_requests_total": (Counter, ("route", "status")),
    "antiphon_api_failovers_total": (Counter, ("kind", "cause")),
    "antiphon_stt_partial_seconds": (Histogram, ("model",)),
    "antiphon_stt_final_seconds": (Histogram, ("model",)),
}


def _declared() -> dict[str, MetricWrapperBase]:
    found = (value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase))
    return {metric._name + ("_total" if isinstance(metric, Counter) else ""): metric for metric in found}


def test_every_metric_of_the_table_is_declared_and_no_other() -> None:
    assert _declared().keys() == TABLE.keys()


@pytest.mark.parametrize("name", TABLE)
def test_type_and_labels_are_those_of_the_table(name: str) -> None:
    metric = _declared()[name]
    assert (type(metric), metric._labelnames) == TABLE[name]


@pytest.mark.parametrize(
    "buckets", [metrics.LATENCY_BUCKETS_S, metrics.RTF_BUCKETS, metrics.BATCH_ROWS_BUCKETS]
)
def test_buckets_rise(buckets: tuple[float, ...]) -> None:
    assert list(buckets) == sorted(set(buckets))


def test_the_page_parses_and_tells_of_the_process_too() -> None:
    metrics.API_REQUESTS.labels(route="/status", status="200").inc()
    page = generate_latest(metrics.REGISTRY).decode()
    families = {family.name for family in text_string_to_metric_families(page)}
    assert {"antiphon_api_requests", "process_resident_memory_bytes"} <= families
    assert "_created" not in page
