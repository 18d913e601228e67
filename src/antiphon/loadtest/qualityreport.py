"""What `quality` found, as a report: by group, by source, and every word that was heard wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from antiphon.loadtest.figures import figures
from antiphon.loadtest.quality import Heard, summarise_quality
from antiphon.loadtest.report import Group, Report, Table, overview
from antiphon.loadtest.run import Run
from antiphon.loadtest.slo import Term, missed
from antiphon.loadtest.wordrate import Edit, word_edits

_KIND = "quality"


def quality_report(run: Run[Heard], terms: tuple[Term, ...], slo: str, facts: dict[str, str]) -> Report:
    """Report what was heard.

    Args:
        run: what was heard.
        terms: the objective, which every group has to keep.
        slo: the objective as it was written.
        facts: how it was measured.
    """
    late_s = run.effort.late_p95_s
    groups: list[Group] = []
    for name in _distinct(heard.clip.group for heard in run.requests):
        summary = summarise_quality([heard for heard in run.requests if heard.clip.group == name], late_s)
        groups.append(Group(name, summary, missed(terms, figures(summary))))
    return Report(_KIND, "group", facts, slo, groups, details=(_sources(run.requests), _edits(run.requests)))


def _sources(all_heard: Sequence[Heard]) -> Table:
    """The words of each source."""
    rows = [
        Group(name, summarise_quality([heard for heard in all_heard if heard.clip.source == name]))
        for name in _distinct(heard.clip.source for heard in all_heard)
    ]
    words, *_ = overview(_KIND, "source", rows)
    return replace(words, title="Words by source")


def _edits(all_heard: Sequence[Heard]) -> Table:
    """Every error, in the order of the recordings; what several ways have in common stands once."""
    rows: list[tuple[str, ...]] = []
    for heard in all_heard:
        found = {"file": heard.file, "stream": heard.stream, "turns": heard.turns}
        ways: dict[str, list[str]] = {}
        for way, answer in found.items():
            for edit in word_edits(heard.clip.text, answer.text) if answer else ():
                ways.setdefault(_shown(edit), []).append(way)
        rows += [(heard.clip.path.name, ", ".join(way), error) for error, way in ways.items()]
    return Table("Errors", ("recording", "heard as", "said → heard"), tuple(rows), prose=True)


def _shown(edit: Edit) -> str:
    """An error between its neighbours; nothing said or heard is a dash."""
    return f"{edit.before} [{edit.said or '–'} → {edit.heard or '–'}] {edit.after}".strip()


def _distinct(names: Iterable[str]) -> Iterable[str]:
    """Each name once, in the order of its first appearance."""
    return dict.fromkeys(names)
