"""Fields of a JSON object, read with their types: what is wrong is named, but never repeated.

In each, ``name`` is what errors call the field, if not by its key. All raise `BadRequest`.
"""

from collections.abc import Mapping
from typing import Any, cast

from antiphon.errors import BadRequest


def required_text(fields: Mapping[str, Any], key: str, name: str = "") -> str:
    """A string that must be there and not empty."""
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise wrong(name or key, value, "a string that is not empty")
    return value


def text_of(fields: Mapping[str, Any], key: str) -> str | None:
    """A string, or None."""
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise wrong(key, value, "a string or null")
    return value


def flag(fields: Mapping[str, Any], key: str) -> bool:
    """A boolean; absent is false."""
    value = fields.get(key)
    if value is not None and not isinstance(value, bool):
        raise wrong(key, value, "true or false")
    return bool(value)


def number(fields: Mapping[str, Any], key: str, name: str = "") -> float | None:
    """A number, or None."""
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(name or key, value, "a number")
    return float(value)


def object_of(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object; absent is empty."""
    value = fields.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong(key, value, "an object")
    return cast("dict[str, Any]", value)


def wrong(name: str, value: object, right: str) -> BadRequest:
    """The error that says what a field is and what it must be."""
    match value:
        case None:
            came = "missing"
        case bool():
            came = "a boolean"
        case int() | float():
            came = f"{value:g}"
        case str():
            # What the client wrote stays out of messages: it may be a transcript in the wrong place.
            came = "empty" if not value else "a string"
        case list():
            came = "an array"
        case _:
            came = "an object"
    return BadRequest(f"{name} is {came}; it must be {right}.")
