"""JSON Schema (draft 2020-12) in few words; keywords beyond the common are given by their own names.

OpenAPI 3.1 and AsyncAPI 3.0 both take such schemas, and both look for named ones in ``components/schemas``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

Schema = dict[str, Any]

_NAMED = "#/components/schemas/"


def record(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, **more: Any
) -> Schema:
    """An object with these properties; others may be there."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        **more,
    }


def extended(
    schema: Schema,
    required: Mapping[str, Schema] | None = None,
    optional: Mapping[str, Schema] | None = None,
    **more: Any,
) -> Schema:
    """An object with further properties, or others in their place."""
    required = required or {}
    properties = {**required, **schema["properties"], **(optional or {})}
    return {**schema, **more, "properties": properties, "required": [*required, *schema.get("required", [])]}


def text(description: str = "", **more: Any) -> Schema:
    """A string."""
    return _described({"type": "string", **more}, description)


def number(description: str = "", **more: Any) -> Schema:
    """A number, whole or not."""
    return _described({"type": "number", **more}, description)


def integer(description: str = "", **more: Any) -> Schema:
    """A whole number."""
    return _described({"type": "integer", **more}, description)


def flag(description: str = "", **more: Any) -> Schema:
    """True or false."""
    return _described({"type": "boolean", **more}, description)


def choice(allowed: Sequence[str | int], description: str = "", **more: Any) -> Schema:
    """One of these values."""
    return _described({"enum": list(allowed), **more}, description)


def constant(value: str | int | bool) -> Schema:
    """This value and no other."""
    return {"const": value}


def array(items: Schema, description: str = "", **more: Any) -> Schema:
    """Any number of such things."""
    return _described({"type": "array", "items": items, **more}, description)


def either(*schemas: Schema, description: str = "", **more: Any) -> Schema:
    """What fits at least one of these."""
    return _described({"anyOf": list(schemas), **more}, description)


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    description = schema.get("description", "")
    return either(
        {k: v for k, v in schema.items() if k != "description"}, {"type": "null"}, description=description
    )


def named(name: str) -> Schema:
    """The schema that has this name among the components."""
    return {"$ref": _NAMED + name}


def structs(*types: type[msgspec.Struct]) -> dict[str, Schema]:
    """The schemas of what msgspec reads and writes, by the names of the types (and of those they hold)."""
    _, schemas = msgspec.json.schema_components(types, ref_template=_NAMED + "{name}")
    return schemas


def names_in(value: Any) -> Iterator[str]:
    """The names that `named` put anywhere into a value made of dicts and lists."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        target = fields.get("$ref")
        if isinstance(target, str) and target.startswith(_NAMED):
            yield target.removeprefix(_NAMED)
        yield from names_in(list(fields.values()))
    elif isinstance(value, list | tuple):
        for part in cast("Sequence[Any]", value):
            yield from names_in(part)


def reachable(value: Any, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Those of ``schemas`` that a value names, directly or through others; sorted by name.

    Raises:
        KeyError: a name that none of them has.
    """
    found: dict[str, Schema] = {}
    waiting = list(names_in(value))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += names_in(found[name])
    return dict(sorted(found.items()))


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema
