"""When turns begin and end, as clients say it: in the query of the socket, and later in ``config`` messages.

Source of names, ranges and defaults: https://docs.cartesia.ai/api-reference/stt/turns/websocket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from antiphon.errors import BadRequest
from antiphon.speech.turns import TurnSettings


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the wire.

    Attributes:
        name: in a config message; in the query ``turn_`` stands before it.
        field: of `TurnSettings`.
        low, high: what it may be.
        units: how many of them are one of the field.
    """

    name: str
    field: str
    low: float
    high: float
    units: float = 1.0


SETTINGS = (
    Setting("start_threshold", "start", 0.5, 0.9),
    Setting("eager_end_threshold", "eager_end", 0.3, 0.6),
    Setting("end_threshold", "end", 0.05, 0.5),
    Setting("end_timeout_ms", "end_timeout_s", 640, 11_200, units=1000),
)


def settings_of_query(fields: Iterable[tuple[str, str]]) -> TurnSettings:
    """The settings that a socket begins with.

    Raises:
        BadRequest: naming the parameter, what came and what is allowed.
    """
    given: dict[str, float | str] = {}
    for name, value in fields:
        if name.startswith("turn_") and value:
            if given.get(name, value) != value:
                raise BadRequest(f"{name} was given twice; give one.")
            given[name] = value
    return _changed(TurnSettings(), given, "turn_")


def settings_of_config(message: Mapping[str, Any], current: TurnSettings) -> TurnSettings:
    """The settings that a config message leads to: those it does not name stay as they are.

    Raises:
        BadRequest: as above; nothing is changed then.
    """
    turn = message.get("turn")
    if turn is None:
        return current
    if not isinstance(turn, dict):
        raise BadRequest("turn must be an object.")
    return _changed(current, cast("dict[str, Any]", turn), "")


def _changed(settings: TurnSettings, given: Mapping[str, Any], prefix: str) -> TurnSettings:
    changes = {
        setting.field: _number(setting, prefix, given[name]) / setting.units
        for setting in SETTINGS
        if given.get(name := prefix + setting.name) is not None
    }
    settings = replace(settings, **changes)
    if not settings.start > settings.eager_end > settings.end:
        raise BadRequest(
            f"{prefix}start_threshold ({settings.start:g}) must be above {prefix}eager_end_threshold "
            f"({settings.eager_end:g}), and that above {prefix}end_threshold ({settings.end:g})."
        )
    return settings


def _number(setting: Setting, prefix: str, value: object) -> float:
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        )
    except (ValueError, OverflowError):
        number = None
    if number is None or not setting.low <= number <= setting.high:
        raise BadRequest(
            f"{prefix}{setting.name} is {str(value)[:40]!r}; "
            f"it must be a number from {setting.low:g} to {setting.high:g}."
        )
    return number
