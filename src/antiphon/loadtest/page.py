"""A report as one HTML page that needs nothing else."""

from html import escape

from antiphon.loadtest.figures import figures
from antiphon.loadtest.plot import line_chart
from antiphon.loadtest.report import Report, Table, tables, verdict
from antiphon.loadtest.sweep import Point

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1180px; margin: 2rem auto; padding: 0 1rem;
       color: #1b1f24; background: #fff; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 1rem; }
table { border-collapse: collapse; margin: 0 0 1.5rem; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
.prose th, .prose td { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; }
"""

# Title with unit, factor, and the lines: name and figure.
_PLOTS: dict[str, tuple[tuple[str, float, dict[str, str]], ...]] = {
    "tts": (
        ("First audible sample, ms", 1000.0, {"P50": "ttfa_p50", "P95": "ttfa_p95"}),
        ("Throughput, seconds of audio a second", 1.0, {"audio": "audio_per_s"}),
    ),
    "stt": (
        ("Final text after finalize, ms", 1000.0, {"P50": "final_p50", "P95": "final_p95"}),
        ("Time between partials, ms", 1000.0, {"P50": "partial_interval_p50", "P95": "partial_interval_p95"}),
        ("Throughput, seconds of audio a second", 1.0, {"audio": "audio_per_s"}),
    ),
}


def to_html(report: Report) -> str:
    """The findings as HTML with their plots."""
    title = report.title
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in report.facts.items())
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in verdict(report))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><ul>{said}</ul>"
        f'<div class="plots">{"".join(_plots(report))}</div>'
        f"{''.join(map(_table, tables(report)))}<h2>How it was measured</h2><dl>{facts}</dl></html>\n"
    )


def _plots(report: Report) -> list[str]:
    points = [point for point in report.points if isinstance(point, Point)]
    loads = [point.load for point in points]
    values = [figures(point.summary) for point in points]
    return [
        line_chart(
            title,
            report.axis,
            loads,
            {name: [_times(v[figure], factor) for v in values] for name, figure in lines.items()},
        )
        for title, factor, lines in _PLOTS.get(report.kind, ())
    ]


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in table.rows)
    prose = ' class="prose"' if table.prose else ""
    cells = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f"<h2>{escape(table.title)}</h2><table{prose}>{cells}</table>"
