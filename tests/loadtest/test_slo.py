import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import OperatorError
from antiphon.loadtest.figures import figures
from antiphon.loadtest.hearingsummary import summarise_streams
from antiphon.loadtest.slo import STT_SLO, TTS_SLO, missed, parse_slo
from antiphon.loadtest.summary import summarise

FIGURES = {"ttfa_p95": 0.1, "underruns": 0.0, "silence_p95": None, "underrun_share": 0.02}


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("ttfa_p95<=100ms", ()),
        ("ttfa_p95 <= 0.1s, underruns==0", ()),
        ("ttfa_p95<100ms,underruns==0", ("ttfa_p95<100ms",)),
        ("ttfa_p95<=99.9ms", ("ttfa_p95<=99.9ms",)),
        ("ttfa_p95>=0.1", ()),
        ("ttfa_p95>100ms", ("ttfa_p95>100ms",)),
        ("underrun_share<=2%", ()),
        ("underrun_share<2%", ("underrun_share<2%",)),
        ("silence_p95<=1s", ("silence_p95<=1s",)),  # what was never measured is not kept
    ],
)
def test_bounds_are_held_or_missed(text: str, gone: tuple[str, ...]) -> None:
    assert missed(parse_slo(text, FIGURES), FIGURES) == gone


@settings(deadline=None)
@given(st.floats(0, 10), st.integers(0, 10_000))
def test_milliseconds_and_seconds_mean_the_same(value: float, bound_ms: int) -> None:
    figures = {"ttfa_p95": value}
    in_ms, in_s = (
        parse_slo(f"ttfa_p95<={text}", figures) for text in (f"{bound_ms}ms", f"{bound_ms / 1000:.3f}s")
    )
    assert in_ms[0].bound == pytest.approx(in_s[0].bound)


@pytest.mark.parametrize(
    "text", ["", "ttfa_p95", "ttfa_p95<=fast", "ttfa_p95<=100h", "ttfa_p95=100ms", ",", "x<=1"]
)
def test_what_can_not_be_read_is_told(text: str) -> None:
    with pytest.raises(OperatorError, match="--slo"):
        parse_slo(text, FIGURES)


def test_an_unknown_figure_tells_which_there_are() -> None:
    with pytest.raises(OperatorError, match="ttfa_p95, underruns"):
        parse_slo("tftb<=1s", FIGURES)


def test_the_defaults_are_of_figures_that_are_there() -> None:
    assert len(parse_slo(TTS_SLO, figures(summarise()))) == 4
    assert len(parse_slo(STT_SLO, figures(summarise_streams()))) == 4
