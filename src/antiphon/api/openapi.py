"""``GET /openapi.json``: the HTTP paths as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1).

The paths, and the parameters that signatures declare, come from the routes themselves; the rest from
`antiphon.api.schemas`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from antiphon import __version__
from antiphon.api import ignored
from antiphon.api.bodies import json_response
from antiphon.api.errors import Unprocessable
from antiphon.api.openai.errors import status_of
from antiphon.api.schemas.common import REQUEST_ID, VERSION
from antiphon.api.schemas.operations import Answer, Content, Operation
from antiphon.api.schemas.shapes import Schema, named, reachable, text
from antiphon.api.schemas.tables import OPERATIONS, SCHEMAS, TAGS
from antiphon.api.versions import STRUCTURED_ERRORS
from antiphon.errors import AntiphonError, Forbidden, InternalError, Overloaded, Unauthorized

router = APIRouter()

_IGNORED_HEADER = {ignored.HEADER: "Fields of the request that change nothing, if there are any."}
_RETRY_HEADERS = {
    "Retry-After": "Seconds after which to try again.",
    "retry-after-ms": "The same in milliseconds.",
}


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """Describe the HTTP paths."""
    app: FastAPI = request.app
    app.openapi_schema = app.openapi_schema or openapi_document(app.routes)
    return json_response(app.openapi_schema)


def openapi_document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Describe the HTTP paths among these routes.

    Raises:
        KeyError: a path that no table tells of.
    """
    signatures: dict[str, Any] = get_openapi(title="", version="", routes=http_routes(routes))["paths"]
    paths = {
        path: {
            method: _operation(OPERATIONS[f"{method.upper()} {path}"], signature.get("parameters", []))
            for method, signature in methods.items()
        }
        for path, methods in signatures.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Antiphon",
            "version": __version__,
            "summary": "Text to speech and speech to text, in real time, on your own machines.",
            "description": "Speaks the wire protocol of Cartesia, and that of OpenAI for audio. "
            "`/asyncapi.json` describes the WebSockets.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Every path but `/` is also there under `/v1`."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "security": [{"bearer": []}, {"header": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or an access token."},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
            },
            "parameters": {"version": _parameter("header", "Cartesia-Version", VERSION)},
            "headers": {"request_id": {"description": REQUEST_ID["description"], "schema": text()}},
            "schemas": reachable(paths, SCHEMAS),
        },
    }


def http_routes(routes: Sequence[BaseRoute]) -> list[RouteContext]:
    """The HTTP routes that are to be told of.

    Of two for the same path the first takes the requests. The form under ``/v1`` of a path that is there
    without it goes without saying.
    """
    found: dict[tuple[str, ...], RouteContext] = {}
    for route in iter_route_contexts(routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        path, methods = str(route.path_format), sorted(route.methods or ())
        twin = found.get((path.removeprefix("/v1"), *methods))
        if twin is None or twin.endpoint is not route.endpoint:
            found.setdefault((path, *methods), route)
    return list(found.values())


def _operation(operation: Operation, signature: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kinds = [*operation.errors, InternalError]
    if signature:
        kinds.append(Unprocessable)
    parameters = [_declared(parameter, operation.about) for parameter in signature]
    parameters += [_parameter("query", name, schema) for name, schema in operation.query.items()]
    told: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.description:
        told["description"] = operation.description
    if operation.keyless:
        told["security"] = []
    else:
        kinds += [Unauthorized, Forbidden]
    if not operation.keyless and not operation.of_openai:
        parameters.append({"$ref": "#/components/parameters/version"})
    if parameters:
        told["parameters"] = parameters
    if operation.body:
        told["requestBody"] = {"required": True, "content": _contents(operation.body)}
    more = _IGNORED_HEADER if operation.body else {}
    answers = {str(status): _answer(answer, more) for status, answer in operation.answers.items()}
    refusals = _openai_refusals(kinds) if operation.of_openai else _refusals(kinds)
    told["responses"] = dict(sorted((refusals | answers).items()))
    return told


def _parameter(place: str, name: str, schema: Schema) -> dict[str, Any]:
    """A parameter that is read by hand; what its schema says of it moves up."""
    told = dict(schema)
    description, examples = told.pop("description", ""), told.pop("examples", [])
    found = {"name": name, "in": place, "description": description, "schema": told}
    return found | {"example": examples[0]} if examples else found


def _declared(parameter: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
    """A parameter of a route's signature; the framework's ``title`` is its name once more."""
    schema = {key: value for key, value in parameter["schema"].items() if key != "title"}
    return {**parameter, "description": about[parameter["name"]], "schema": schema}


def _answer(answer: Answer, headers: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description, "headers": _headers(headers)}
    if answer.contents:
        told["content"] = _contents(answer.contents)
    return told


def _contents(contents: Iterable[Content]) -> dict[str, Any]:
    return {content.media_type: _content(content) for content in contents}


def _content(content: Content) -> dict[str, Any]:
    told: dict[str, Any] = {"schema": content.schema}
    if content.examples:
        told["examples"] = {name: {"value": value} for name, value in content.examples.items()}
    return told


def _refusals(kinds: Iterable[type[AntiphonError]]) -> dict[str, Any]:
    contents = {
        "application/json": {"schema": named("Error")},
        "text/plain": {"schema": text(f"Before version {STRUCTURED_ERRORS}: `Title: Message`.")},
    }
    return _by_status(((kind.status, kind) for kind in kinds), contents)


def _openai_refusals(kinds: Iterable[type[AntiphonError]]) -> dict[str, Any]:
    contents = {"application/json": {"schema": named("OpenAIError")}}
    return _by_status(((status_of(kind("")), kind) for kind in kinds), contents)


def _by_status(
    kinds: Iterable[tuple[int, type[AntiphonError]]], contents: Mapping[str, Any]
) -> dict[str, Any]:
    """Responses by status; kinds of error that share one are listed together."""
    by_status: dict[int, list[type[AntiphonError]]] = {}
    for status, kind in kinds:
        by_status.setdefault(status, []).append(kind)
    return {
        str(status): {
            "description": "; ".join(dict.fromkeys(_called(kind) for kind in same)),
            "headers": _headers(_RETRY_HEADERS if Overloaded in same else {}),
            "content": contents,
        }
        for status, same in by_status.items()
    }


def _called(kind: type[AntiphonError]) -> str:
    return f"{kind.title} (`{kind.code}`)" if kind.code else kind.title


def _headers(about: Mapping[str, str]) -> dict[str, Any]:
    own = {name: {"description": description, "schema": text()} for name, description in about.items()}
    return {"X-Request-ID": {"$ref": "#/components/headers/request_id"}, **own}
