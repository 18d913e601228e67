"""The tables of a comparison, as Markdown."""

from collections.abc import Mapping, Sequence
from statistics import median

from antiphon.loadtest.loads import Run
from antiphon.loadtest.summary import Summary, summarise

Points = dict[tuple[str, float], list[Run]]
"""Runs, one a round, by server and requests a second."""


def loads_table(rps: float, points: Points, whats: Mapping[str, str], ours: str) -> str:
    """One load: each server's figures over all rounds, and ours against the best of the others."""
    runs = {name: points[name, rps] for name in whats if points.get((name, rps))}
    summaries = {name: summarise(*each) for name, each in runs.items()}
    lines = [
        f"### {rps:g} requests/s",
        "",
        "| server | requests | TTFA p50 ms | p95 | p95 by round | underruns | silence s | errors | chars/s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, summary in summaries.items():
        rounds = " ".join(_ms(summarise(run).ttfa.p95) for run in runs[name])
        cells = (
            f"{name}: {whats[name]}",
            summary.requests,
            _ms(summary.ttfa.p50),
            _ms(summary.ttfa.p95),
            rounds,
            summary.underruns,
            f"{summary.silence_s:.2f}",
            _failures(summary),
            f"{summary.chars_per_s:.0f}",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", *_against(summaries, runs, ours)]
    late = [name for name, summary in summaries.items() if not summary.reliable]
    if late:
        lines.append(f"The load generator itself was late: distrust {', '.join(late)}.")
    return "\n".join(lines)


def listeners_table(listeners: Mapping[str, Sequence[int]], whats: Mapping[str, str], ours: str) -> str:
    """The most listeners of each server, and ours against the best of the others."""
    lines = [
        "### Real-time listeners at TTFA p95 ≤ 100 ms, no underrun, no error",
        "",
        "| server | listeners (median) | by round |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name}: {whats[name]} | {median(each):g} | {' '.join(map(str, each))} |"
        for name, each in listeners.items()
    ]
    peers = {name: median(each) for name, each in listeners.items() if name != ours}
    if ours in listeners and peers:
        best = max(peers, key=peers.__getitem__)
        ratio = median(listeners[ours]) / max(1.0, peers[best])
        lines += ["", f"{ours} / best peer ({best}): {ratio:.2f} × as many"]
    return "\n".join(lines)


def _against(summaries: Mapping[str, Summary], runs: Mapping[str, Sequence[Run]], ours: str) -> list[str]:
    """Our TTFA as a share of the best peer's: all rounds together, and round by round."""
    peers = [name for name in summaries if name != ours and not summaries[name].errors]
    if ours not in summaries or not peers:
        return []
    lines: list[str] = []
    for title, percentile in (("p50", _p50), ("p95", _p95)):
        best = min(peers, key=lambda name: percentile(summaries[name]))
        rounds = [
            percentile(summarise(own)) / min(percentile(summarise(runs[peer][number])) for peer in peers)
            for number, own in enumerate(runs[ours])
            if all(number < len(runs[peer]) for peer in peers)
        ]
        by_round = " ".join(f"{ratio:.2f}" for ratio in rounds)
        ratio = percentile(summaries[ours]) / percentile(summaries[best])
        lines.append(f"- {ours} / best peer ({best}), TTFA {title}: {ratio:.2f} × (by round: {by_round})")
    return lines


def _p50(summary: Summary) -> float:
    return float("inf") if summary.ttfa.p50 is None else summary.ttfa.p50


def _p95(summary: Summary) -> float:
    return float("inf") if summary.ttfa.p95 is None else summary.ttfa.p95


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f}"


def _failures(summary: Summary) -> str:
    counts = summary.errors | ({"429": summary.refused} if summary.refused else {})
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "0"
