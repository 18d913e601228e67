"""What a benchmark found, in the forms it is kept in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from antiphon.loadtest.effort import LATE_S
from antiphon.loadtest.figures import figures
from antiphon.loadtest.sweep import Point


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are shown; with ``prose`` they are read from the left, as text is."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings that are reported together.

    Attributes:
        label: its name.
        summary: what it showed.
        missed: the terms of the objective that it did not keep.
    """

    label: str
    summary: Any
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's findings.

    Attributes:
        kind: ``tts``, ``stt`` or ``quality``.
        axis: what the load is counted in, such as ``concurrency``; ``group`` of recordings.
        facts: how it was measured, by name.
        slo: the objective.
        points: what each load or group showed.
        most: the highest load that kept the objective, where it was searched for.
        details: further tables.
    """

    kind: str
    axis: str
    facts: dict[str, str]
    slo: str
    points: Sequence[Point | Group]
    most: int | None = None
    details: tuple[Table, ...] = ()

    @property
    def title(self) -> str:
        """What was measured."""
        return "How well speech is heard" if self.kind == "quality" else f"{self.kind.upper()} under load"

    @property
    def kept(self) -> bool:
        """Whether the objective was kept: by every load, or by any where the most was searched for."""
        if self.most is not None:
            return self.most > 0
        return bool(self.points) and not any(point.missed for point in self.points)


Show = Callable[[float], str]
_Column = tuple[str, str, Show]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"


def _decimals(count: int) -> Show:
    return lambda value: f"{value:.{count}f}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}"


def _hundredths(share: float) -> str:
    return f"{share * 100:+.2f}"


_GENERATOR: tuple[_Column, ...] = (
    ("refusal P95 ms", "refusal_p95", _ms),
    ("load CPU %", "generator_cpu", _percent),
    ("load late P95 ms", "generator_late_s", _ms),
)
_TABLES: dict[str, dict[str, tuple[_Column, ...]]] = {
    "tts": {
        "Speed": (
            ("TTFA P50 ms", "ttfa_p50", _ms),
            ("TTFA P95 ms", "ttfa_p95", _ms),
            ("RTF P50", "rtf_p50", _decimals(3)),
            ("RTF P95", "rtf_p95", _decimals(3)),
            ("chars/s", "chars_per_s", _decimals(0)),
            ("audio s/s", "audio_per_s", _decimals(1)),
            ("good/s", "goodput", _decimals(2)),
        ),
        "Listening": (
            ("requests", "requests", _decimals(0)),
            ("underruns", "underruns", _decimals(0)),
            ("in %", "underrun_share", _percent),
            ("silence s", "silence_s", _decimals(2)),
            ("silence P95 ms", "silence_p95", _ms),
            ("gap P99 ms", "gap_p99", _ms),
            ("refused", "refused", _decimals(0)),
            ("errors", "errors", _decimals(0)),
        ),
        "Wire": (
            ("TTFA P99 ms", "ttfa_p99", _ms),
            ("first byte P50 ms", "first_byte_p50", _ms),
            ("P95 ms", "first_byte_p95", _ms),
            ("P99 ms", "first_byte_p99", _ms),
            *_GENERATOR,
        ),
    },
    "stt": {
        "Speed": (
            ("final P50 ms", "final_p50", _ms),
            ("final P95 ms", "final_p95", _ms),
            ("final P99 ms", "final_p99", _ms),
            ("after a pause P50 ms", "pause_final_p50", _ms),
            ("P95 ms", "pause_final_p95", _ms),
            ("partial every P50 ms", "partial_interval_p50", _ms),
            ("P95 ms", "partial_interval_p95", _ms),
        ),
        "Hearing": (
            ("streams", "streams", _decimals(0)),
            ("audio s/s", "audio_per_s", _decimals(1)),
            ("first partial P50 ms", "first_partial_p50", _ms),
            ("P95 ms", "first_partial_p95", _ms),
            ("unanswered", "unanswered", _decimals(0)),
            ("WER %", "wer", _percent),
            ("refused", "refused", _decimals(0)),
            ("errors", "errors", _decimals(0)),
        ),
        "Wire": (
            ("open P50 ms", "opened_p50", _ms),
            ("P95 ms", "opened_p95", _ms),
            *_GENERATOR,
        ),
    },
    "quality": {
        "Words": (
            ("recordings", "recordings", _decimals(0)),
            ("words", "words", _decimals(0)),
            ("WER %", "wer", _percent),
            ("from", "wer_low", _percent),
            ("to (95 %)", "wer_high", _percent),
            ("replaced", "replaced", _decimals(0)),
            ("dropped", "dropped", _decimals(0)),
            ("inserted", "inserted", _decimals(0)),
            ("streamed WER %", "stream_wer", _percent),
            ("loss, points", "stream_loss", _hundredths),
            ("turns WER %", "turns_wer", _percent),
        ),
        "Speed": (
            ("audio s", "audio_s", _decimals(0)),
            ("first partial P50 ms", "first_partial_p50", _ms),
            ("P95 ms", "first_partial_p95", _ms),
            ("final P50 ms", "final_p50", _ms),
            ("P95 ms", "final_p95", _ms),
            ("turn end P50 ms", "turn_end_p50", _ms),
            ("P95 ms", "turn_end_p95", _ms),
            ("turns cut %", "turns_cut", _percent),
            ("file RTF P50", "rtf_p50", _decimals(3)),
            ("P95", "rtf_p95", _decimals(3)),
            ("errors", "errors", _decimals(0)),
        ),
    },
}


def tables(report: Report) -> tuple[Table, ...]:
    """The findings as tables; the first has the columns that vendors publish."""
    return *overview(report.kind, report.axis, report.points), *report.details


def overview(kind: str, axis: str, points: Sequence[Point | Group]) -> tuple[Table, ...]:
    """The tables of a kind of report, with a row a point."""
    return tuple(
        Table(
            title,
            (axis, *(header for header, _, _ in columns)),
            tuple(_row(point, columns) for point in points),
        )
        for title, columns in _TABLES[kind].items()
    )


def _row(point: Point | Group, columns: tuple[_Column, ...]) -> tuple[str, ...]:
    values = figures(point.summary)
    cells = ((values[name], show) for _, name, show in columns)
    return (point.label, *("–" if value is None else show(value) for value, show in cells))


def verdict(report: Report) -> tuple[str, ...]:
    """What is to be said about the findings, a sentence each."""
    if not report.points:
        return ("Nothing was measured.",)
    said: list[str] = []
    if report.most is not None:
        said.append(f"Most {report.axis} that keep {report.slo}: {report.most}.")
    else:
        said += [
            f"{report.axis} {point.label} misses {', '.join(point.missed)}."
            for point in report.points
            if point.missed
        ] or [f"Every {'group' if report.kind == 'quality' else 'load'} keeps {report.slo}."]
    for point in report.points:
        kinds = ", ".join(f"{count} × {kind}" for kind, count in point.summary.errors.items())
        said += [f"{report.axis} {point.label}: errors: {kinds}."] * bool(kinds)
        if not point.summary.reliable:
            late = _ms(point.summary.generator_late_s)
            said.append(
                f"{report.axis} {point.label}: unreliable: the generator was late by p95 {late} ms "
                f"(more than {LATE_S * 1000:g})."
            )
    return tuple(said)


def to_markdown(report: Report) -> str:
    """The findings as a Markdown text."""
    lines = [f"# {report.title}", ""]
    lines += [f"- {name}: {fact}" for name, fact in report.facts.items()]
    for table in tables(report):
        rule = "---" if table.prose else "---:"
        lines += ["", f"## {table.title}", "", _line(table.header), _line([rule] * len(table.header))]
        lines += [_line(row) for row in table.rows]
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in verdict(report)), ""])


def _line(cells: Sequence[str]) -> str:
    whole = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(whole)} |"


def to_json(report: Report) -> bytes:
    """Every figure; times are in seconds."""
    points: list[dict[str, Any]] = [
        {
            **({"load": point.load} if isinstance(point, Point) else {"group": point.label}),
            "missed": point.missed,
            "figures": figures(point.summary),
            "errors": point.summary.errors,
        }
        for point in report.points
    ]
    whole = {"kind": report.kind, "axis": report.axis, "facts": report.facts, "slo": report.slo}
    details = [
        dict(zip(table.header, row, strict=True)) | {"table": table.title}
        for table in report.details
        for row in table.rows
    ]
    return orjson.dumps(
        whole | {"kept": report.kept, "most": report.most, "points": points, "details": details},
        option=orjson.OPT_INDENT_2,
    )
