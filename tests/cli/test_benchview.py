"""What ``antiphon bench`` prints at the end."""

from typing import Any, cast

import pytest

from antiphon.cli import benchview
from antiphon.loadtest.report import Report, Table


class _Measured:
    points = (1,)


def test_a_table_in_a_pipe_shows_every_word_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "there are [some → bold] speech errors and a hundred other words behind them all the same"
    table = Table("Errors", ("recording", "said → heard"), (("one.wav", said),), prose=True)
    monkeypatch.setattr(benchview, "tables", lambda _: [table])
    monkeypatch.setattr(benchview, "verdict", lambda _: [])
    benchview.show(cast("Report", cast("Any", _Measured())))
    assert said in capsys.readouterr().out
