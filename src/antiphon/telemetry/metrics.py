"""Every metric of every process, declared once. Names and labels are fixed: dashboards and KEDA use them.

A process sets those of its own role; the others stay silent or at zero. All live in `REGISTRY`, which
`antiphon.telemetry.health` serves under ``/metrics`` in the Prometheus text format. Times are seconds.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# A second series per histogram and counter that only says when it was born: nobody here reads it.
disable_created_metrics()

REGISTRY = CollectorRegistry(auto_describe=True)
"""Private, so that a library's own metrics never mix with ours."""

ProcessCollector(registry=REGISTRY)

LATENCY_BUCKETS_S = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0,
)  # fmt: skip
"""From 1 ms, a step of the smallest model, to 10 s, where every client has given up."""

RTF_BUCKETS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.035,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.5,
    0.75,
    1.0,
    1.5,
    2.0,
    4.0,
)
"""Processing time / audio time; above 1.0 a listener runs dry."""

BATCH_ROWS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Rows a step."""

WORKER_LOAD = Gauge(
    "antiphon_worker_load",
    "Streams the worker holds.",
    ["kind", "model", "worker"],
    registry=REGISTRY,
)
"""Streams being processed; KEDA scales on its quotient with `WORKER_CAPACITY`."""

WORKER_CAPACITY = Gauge(
    "antiphon_worker_capacity",
    "Streams the worker can hold.",
    ["kind", "model", "worker"],
    registry=REGISTRY,
)
"""Streams the worker can hold: its ``max_streams``."""

WORKER_TTFA = Histogram(
    "antiphon_worker_ttfa_seconds",
    "Job accepted to first audible chunk out.",
    ["model"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""Job accepted → first audible chunk handed to the bus (TTS)."""

WORKER_RTF = Histogram(
    "antiphon_worker_rtf",
    "Processing time divided by audio time, per job.",
    ["kind", "model"],
    buckets=RTF_BUCKETS,
    registry=REGISTRY,
)
"""Processing time / audio time, observed once a job."""

WORKER_BATCH_ROWS = Histogram(
    "antiphon_worker_batch_rows",
    "Rows of an engine step.",
    ["model", "stage"],
    buckets=BATCH_ROWS_BUCKETS,
    registry=REGISTRY,
)
"""Rows a step, observed once a step of a stage (such as ``start``, ``step``, ``transcribe``, ``vad``)."""

WORKER_STEP = Histogram(
    "antiphon_worker_step_seconds",
    "Time of an engine step.",
    ["model", "stage"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""Time a step takes, observed once a step of a stage."""

WORKER_DECISIONS = Counter(
    "antiphon_worker_decisions_total",
    "Choices of the scheduling policy by reason.",
    ["reason"],
    registry=REGISTRY,
)
"""Why the policy chose the rows it chose."""

API_QUEUE_SIZE = Gauge(
    "antiphon_api_queue_size",
    "Requests that wait for a place on a worker.",
    ["offering"],
    registry=REGISTRY,
)
"""Requests waiting for a place; scaling from zero starts on it. ``offering`` is ``tts`` or ``stt``."""

API_UNSERVICEABLE_REQUESTS_SIZE = Gauge(
    "antiphon_api_unserviceable_requests_size",
    "Waiting requests that no worker present could ever serve.",
    ["offering"],
    registry=REGISTRY,
)
"""Requests no worker that is present could ever serve."""

API_QUEUE_WAIT = Histogram(
    "antiphon_api_queue_wait_seconds",
    "Place asked for to place got.",
    ["offering"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""Place asked for → place got, of every job that got one: most of them need not wait."""

API_REFUSALS = Counter(
    "antiphon_api_refusals_total",
    "Requests refused for want of a place, by reason.",
    ["offering", "reason"],
    registry=REGISTRY,
)
"""``full``, ``foreseen`` (it would have waited in vain), ``deadline`` (it did), or ``evicted`` (its place in
the queue went to a key with fewer requests there)."""

API_TTFA = Histogram(
    "antiphon_api_ttfa_seconds",
    "Request received to first audible chunk sent to the client.",
    ["model"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""Request received → first audible chunk sent: first audio as the listener sees it, less the network."""

API_UNDERRUNS = Counter(
    "antiphon_api_underruns_total",
    "Times a listener's buffer ran dry.",
    ["model"],
    registry=REGISTRY,
)
"""Times a listener ran dry, by the playback clock of the API."""

API_UNDERRUN_SECONDS = Counter(
    "antiphon_api_underrun_seconds_total",
    "Seconds listeners spent with a dry buffer.",
    ["model"],
    registry=REGISTRY,
)
"""Seconds of silence that underruns put into the listeners' ears."""

API_STREAMS = Gauge(
    "antiphon_api_streams",
    "Streams open at the API server.",
    registry=REGISTRY,
)
"""Streams (speech contexts and recognitions) open at this API server."""

API_REQUESTS = Counter(
    "antiphon_api_requests_total",
    "Requests by route and status.",
    ["route", "status"],
    registry=REGISTRY,
)
"""Requests answered; ``route`` is the template (``/voices/{id}``), never the path a client sent."""

API_FAILOVERS = Counter(
    "antiphon_api_failovers_total",
    "Jobs moved to another worker by cause.",
    ["kind", "cause"],
    registry=REGISTRY,
)
"""Jobs moved to another worker while they ran, because theirs was ``worker_gone``, gave ``no_answer``,
``hung``, ``stalled``, ``failed`` or was ``draining``; or segments that ended, as there was only an
``other_version`` left."""

STT_PARTIAL = Histogram(
    "antiphon_stt_partial_seconds",
    "Audio heard to the partial that holds it.",
    ["model"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""Audio heard → partial that holds it."""

STT_FINAL = Histogram(
    "antiphon_stt_final_seconds",
    "Finalize request or pause to the final text.",
    ["model"],
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
"""``finalize`` or the end of a pause → final text."""
