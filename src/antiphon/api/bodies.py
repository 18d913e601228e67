"""JSON in and out of HTTP."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from antiphon.errors import BadRequest, FileTooLarge

T = TypeVar("T")


def json_response(content: Any, status: int = 200) -> Response:
    """An HTTP response of JSON."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        BadRequest: telling the byte at which the JSON breaks, or that it is no object.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        byte = len(error.doc[: error.pos].encode())
        raise BadRequest(f"The message is not JSON: {error.msg} at byte {byte}.") from None
    if not isinstance(value, dict):
        raise BadRequest("The message must be a JSON object.")
    return cast("dict[str, Any]", value)


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """Read a request's body as a JSON object, whatever its Content-Type says.

    Raises:
        BadRequest: the body is not a JSON object.
        FileTooLarge: it has more than ``limit`` bytes.
    """
    return parse_object(await read_body(request, limit))


async def read_as(request: Request, limit: int, form: type[T]) -> T:
    """Read a request's body as a JSON object of this form (a struct of msgspec).

    Raises:
        BadRequest: the body is not a JSON object, or a field is missing or wrong.
        FileTooLarge: it has more than ``limit`` bytes.
    """
    return as_form(await read_object(request, limit), form)


def as_form(value: Any, form: type[T]) -> T:
    """Check what came from JSON against a form.

    Raises:
        BadRequest: naming the field, what it is and what it must be.
    """
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        field = place.strip(".`")
        raise BadRequest(f"{field}: {problem}." if field else f"{problem}.") from None


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body, giving up as soon as it is known to have more than ``limit`` bytes.

    Raises:
        FileTooLarge: it has.
    """
    if _declared_length(request.headers) > limit:
        raise FileTooLarge(f"The body may have {limit} bytes.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise FileTooLarge(f"The body may have {limit} bytes.")
    return bytes(body)


def _declared_length(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
