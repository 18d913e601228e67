from typing import Any

import pytest

from antiphon.api.stt.thresholds import SETTINGS, settings_of_config, settings_of_query
from antiphon.errors import BadRequest
from antiphon.speech.turns import TurnSettings


def test_defaults_lie_in_their_ranges() -> None:
    defaults = TurnSettings()
    for setting in SETTINGS:
        assert setting.low <= getattr(defaults, setting.field) * setting.units <= setting.high
    assert settings_of_query([]) == defaults


def test_a_query_sets_what_it_names() -> None:
    query = [
        ("turn_start_threshold", "0.7"),
        ("turn_eager_end_threshold", "0.5"),
        ("turn_eager_end_threshold", "0.5"),
        ("turn_end_threshold", ""),
        ("turn_end_timeout_ms", "640"),
        ("turn_other", "x"),
    ]
    assert settings_of_query(query) == TurnSettings(0.7, 0.5, 0.2, 0.64)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (None, TurnSettings(0.7)),
        ({}, TurnSettings(0.7)),
        ({"eager_end_threshold": 0.6}, TurnSettings(0.7, 0.6)),
        ({"end_threshold": 0.05, "start_threshold": 0.9}, TurnSettings(0.9, 0.4, 0.05)),
        ({"end_timeout_ms": 11200, "end_threshold": None, "other": 1}, TurnSettings(0.7, end_timeout_s=11.2)),
        ({"start_threshold": "0.8"}, TurnSettings(0.8)),
    ],
)
def test_a_config_changes_what_it_names_and_nothing_else(turn: Any, expected: TurnSettings) -> None:
    assert settings_of_config({"type": "config", "turn": turn}, TurnSettings(0.7)) == expected


def test_a_config_without_turn_changes_nothing() -> None:
    assert settings_of_config({"type": "config"}, TurnSettings(0.7)) == TurnSettings(0.7)


@pytest.mark.parametrize(
    ("turn", "problem"),
    [
        ({"start_threshold": 0.49}, "start_threshold is '0.49'; it must be a number from 0.5 to 0.9."),
        ({"start_threshold": 0.91}, "start_threshold"),
        ({"eager_end_threshold": 0.29}, "eager_end_threshold"),
        ({"eager_end_threshold": 0.61}, "eager_end_threshold"),
        ({"end_threshold": 0.04}, "end_threshold"),
        ({"end_threshold": 0.51}, "end_threshold"),
        ({"end_timeout_ms": 639}, "end_timeout_ms is '639'; it must be a number from 640 to 11200."),
        ({"end_timeout_ms": 11201}, "end_timeout_ms"),
        ({"end_timeout_ms": "nan"}, "end_timeout_ms"),
        ({"end_timeout_ms": 10**400}, "end_timeout_ms"),
        ({"end_timeout_ms": True}, "end_timeout_ms"),
        ({"end_timeout_ms": [640]}, "end_timeout_ms"),
        ({"end_timeout_ms": "soon"}, "end_timeout_ms"),
        ({"end_threshold": 0.45}, "must be above"),
        ({"end_threshold": 0.4}, "must be above"),
        ({"eager_end_threshold": 0.6, "start_threshold": 0.6}, "start_threshold (0.6) must be above"),
        ([], "turn must be an object"),
    ],
)
def test_what_is_out_of_range_or_order_is_refused(turn: Any, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        settings_of_config({"turn": turn}, TurnSettings())
    assert problem in refused.value.message


def test_a_query_is_refused_in_its_own_names() -> None:
    with pytest.raises(BadRequest, match="turn_end_threshold is '2'"):
        settings_of_query([("turn_end_threshold", "2")])
    with pytest.raises(BadRequest, match=r"turn_eager_end_threshold \(0.3\), and that above turn_end_thr"):
        settings_of_query([("turn_end_threshold", "0.4"), ("turn_eager_end_threshold", "0.3")])
    with pytest.raises(BadRequest, match="turn_end_threshold was given twice"):
        settings_of_query([("turn_end_threshold", "0.1"), ("turn_end_threshold", "0.2")])
