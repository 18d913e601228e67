import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import meta
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from starlette.routing import WebSocketRoute

from antiphon.api.app import OPENAI_ROUTERS, ROUTERS
from antiphon.api.schemas.tables import OPERATIONS, SCHEMAS, SOCKETS, TAGS

Document = dict[str, Any]


def routes(*, sockets: bool) -> set[str]:
    """What the app serves: ``GET /voices`` and the like, or the paths of sockets."""
    found: set[str] = set()
    for route in (route for router in (*ROUTERS, *OPENAI_ROUTERS) for route in router.routes):
        if isinstance(route, WebSocketRoute):
            found |= {route.path} if sockets else set()
        elif not sockets:
            found |= {f"{method} {route.path_format}" for method in route.methods}
    return found


def operations(openapi: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    }


def references(value: object) -> Iterator[str]:
    match value:
        case {"$ref": str(target)}:
            yield target
        case dict():
            for part in value.values():
                yield from references(part)
        case list():
            for part in value:
                yield from references(part)


def resolve(document: Document, target: str) -> Any:
    for part in target.removeprefix("#/").split("/"):
        document = document[part]
    return document


def test_every_path_of_the_app_is_told_and_no_other(openapi: Document) -> None:
    assert set(operations(openapi)) == routes(sockets=False) == set(OPERATIONS)


def test_every_socket_of_the_app_is_told_and_no_other(asyncapi: Document) -> None:
    told = {channel["address"] for channel in asyncapi["channels"].values()}
    assert told == routes(sockets=True) == set(SOCKETS)
    assert len(asyncapi["channels"]) == len(SOCKETS)


def test_the_document_is_one_of_openapi(openapi: Document) -> None:
    OPENAPI_31_VALIDATOR.validate(openapi)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    meta.validate(SCHEMAS[name])


@pytest.mark.parametrize("document", ["openapi", "asyncapi"])
def test_whatever_is_named_is_there(document: str, request: pytest.FixtureRequest) -> None:
    told = request.getfixturevalue(document)
    found = list(references(told))
    assert found
    for target in found:
        assert resolve(told, target)


def test_no_schema_is_told_that_nothing_names(openapi: Document, asyncapi: Document) -> None:
    told = set(openapi["components"]["schemas"]) | set(asyncapi["components"]["schemas"])
    assert told == set(SCHEMAS)


def test_operations_have_ids_of_their_own_and_tags_that_are_told(openapi: Document) -> None:
    told = list(operations(openapi).values())
    ids = [operation["operationId"] for operation in told]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", one) for one in ids)
    assert {tag for operation in told for tag in operation["tags"]} == set(TAGS)


def test_every_parameter_says_what_it_is_for(openapi: Document) -> None:
    for operation in operations(openapi).values():
        for parameter in operation.get("parameters", []):
            assert "$ref" in parameter or parameter["description"], parameter


def test_messages_of_an_operation_are_those_of_its_channel(asyncapi: Document) -> None:
    said = {
        message["$ref"] for operation in asyncapi["operations"].values() for message in operation["messages"]
    }
    there = {
        f"#/channels/{name}/messages/{message}"
        for name, channel in asyncapi["channels"].items()
        for message in channel["messages"]
    }
    assert said == there
