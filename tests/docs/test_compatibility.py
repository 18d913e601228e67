import re
from pathlib import Path
from typing import Any

import pytest

from antiphon.api.schemas.common import error_codes
from antiphon.api.schemas.operations import Operation, Socket
from antiphon.api.schemas.shapes import Schema, reachable
from antiphon.api.schemas.tables import OPERATIONS, SCHEMAS, SOCKETS
from antiphon.api.unsupported import _INSTEAD

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
CODE = re.findall(r"`([^`]+)`", PAGE)
WORDS = {word for code in CODE for word in re.findall(r"[\w\[\]-]+", code)}

# OpenAI's have a page of their own.
CARTESIA = {told: operation for told, operation in OPERATIONS.items() if not operation.of_openai}
CHANNELS = {path: socket for path, socket in SOCKETS.items() if path != "/v1/realtime"}


def fields_of(schema: Any) -> set[str]:
    """Every field that a schema tells of, at any depth; of bare arrays of the wire too."""
    found: set[str] = set()
    match schema:
        case dict():
            if isinstance(properties := schema.get("properties"), dict):
                found |= set(properties)
            found |= {field for part in schema.values() for field in fields_of(part)}
        case list() | tuple():
            found |= {field for part in schema for field in fields_of(part)}
    return found


def told_by(thing: Operation | Socket) -> set[str]:
    schemas: list[Schema] = []
    match thing:
        case Operation():
            contents = [*thing.body, *(c for answer in thing.answers.values() for c in answer.contents)]
            schemas = [content.schema for content in contents]
            parameters = {*thing.about, *thing.query} - {"name"}
        case Socket():
            messages = (*thing.from_client, *thing.from_server)
            schemas = [thing.query, *(message.payload for message in messages)]
            parameters = {part for message in messages for part in message.name.split(".")} - {
                "request",
                "input",
            }
    return parameters | fields_of([*schemas, *reachable(schemas, SCHEMAS).values()])


@pytest.mark.parametrize("told", CARTESIA)
def test_every_path_is_in_the_table(told: str) -> None:
    assert f"`{told.replace('{name}', '{id}')}`" in PAGE


@pytest.mark.parametrize("path", CHANNELS)
def test_every_socket_is_in_the_table(path: str) -> None:
    assert f"`WS {path}`" in PAGE


@pytest.mark.parametrize("told", [*CARTESIA, *CHANNELS])
def test_every_field_and_message_is_in_the_table(told: str) -> None:
    assert told_by({**CARTESIA, **CHANNELS}[told]) - WORDS == set()


def test_every_path_that_is_not_offered_is_in_the_table() -> None:
    section = PAGE.partition("## Not offered")[2]
    assert [first for first in _INSTEAD if f"`/{first}" not in section] == []


def test_every_code_of_an_error_is_in_the_table() -> None:
    assert set(error_codes()) <= WORDS


def test_no_row_is_without_a_word_of_what_becomes_of_it() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| | ")]
    assert len(rows) > 90
    for row in rows:
        assert re.fullmatch(r"\| .+ \| .+ \|", row)
