"""Checks values against the schemas of a document, and more strictly than the document asks."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

Schema = Mapping[str, Any]


class Checker:
    """Checks what the server sends: nothing may be in it that its schema does not name.

    Clients must bear keys that they don't know, so the documents leave objects open; a key that is sent and
    not told is a defect of the document all the same.
    """

    def __init__(self, document: Schema) -> None:
        self._components = closed(document["components"])

    def check(self, schema: Schema, value: Any) -> None:
        root = {**closed(schema), "components": self._components}
        Draft202012Validator(root, validate_formats=True).validate(value)


def closed(schema: Any) -> Any:
    """The same, with every object that names properties closed to others."""
    match schema:
        case {"type": "object", "properties": _}:
            return {"additionalProperties": False} | {key: closed(value) for key, value in schema.items()}
        case dict():
            return {key: closed(value) for key, value in schema.items()}
        case list():
            return [closed(value) for value in schema]
        case _:
            return schema
