"""Errors on the wire: HTTP bodies by path and version, and the events of sockets and event streams."""

import math
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from antiphon.api import versions
from antiphon.api.openai.errors import error_fields, speaks_openai, status_of
from antiphon.errors import (
    AntiphonError,
    BadRequest,
    FileTooLarge,
    Forbidden,
    InternalError,
    NotFound,
    NotOffered,
    Overloaded,
    RequestError,
    Unauthorized,
)
from antiphon.telemetry.logs import get_logger

log = get_logger("api")


class MethodNotAllowed(RequestError):
    """A path that is there, asked with a method that is not."""

    title = "Method not allowed"
    status = 405


class Unprocessable(RequestError):
    """A query or form field of the wrong type."""

    title = "Unprocessable request"
    status = 422


_BY_STATUS: dict[int, type[RequestError]] = {
    error.status: error for error in (Unauthorized, Forbidden, NotFound, MethodNotAllowed, FileTooLarge)
}


def translate(error: Exception) -> AntiphonError:
    """Turn what the framework (or a defect) raised into one of our own errors."""
    match error:
        case AntiphonError():
            return error
        case RequestValidationError():
            return Unprocessable(_first_problem(error))
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _BY_STATUS.get(status, BadRequest)(_plain(status, str(error.detail)))
        case _:
            return InternalError(
                "Something failed on our side; the log holds the cause under the request id."
            )


def report(error: Exception, *, request_id: str) -> AntiphonError:
    """`translate`; the cause of a defect goes to the log, under the id that its client is told."""
    if not isinstance(error, AntiphonError):
        log.error("stream failed", request_id=request_id, exc_info=error)
    return translate(error)


def fields(error: AntiphonError, request_id: str) -> dict[str, Any]:
    """The structured form of an error (versions from 2026-03-01 on)."""
    return {
        "error_code": error.code,
        "title": error.title,
        "message": error.message,
        "request_id": request_id,
    }


def response(error: AntiphonError, connection: HTTPConnection, *, request_id: str) -> Response:
    """The HTTP response for an error, in the form that its client reads.

    On OpenAI's paths that is theirs; elsewhere JSON from 2026-03-01 on, ``Title: Message`` as text before.
    """
    headers: dict[str, str] = {}
    if isinstance(error, Overloaded):
        headers["retry-after"] = str(math.ceil(error.retry_after_s))
        headers["retry-after-ms"] = str(math.ceil(error.retry_after_s * 1000))
    if isinstance(error, NotOffered):
        headers["x-should-retry"] = "false"  # SDKs would try a 501 again
    if speaks_openai(connection):
        body = orjson.dumps({"error": error_fields(error)})
        return Response(body, status_of(error), headers, media_type="application/json")
    if versions.version_of(connection) >= versions.STRUCTURED_ERRORS:
        body = orjson.dumps(fields(error, request_id))
        return Response(body, error.status, headers, media_type="application/json")
    return Response(f"{error.title}: {error.message}", error.status, headers, media_type="text/plain")


def event(error: AntiphonError, *, request_id: str, context_id: str | None = None) -> dict[str, Any]:
    """The error message of a socket or event stream.

    It joins the keys of every version (``error`` as text, ``code`` and ``status_code``, the structured ones):
    each client finds those that it reads.
    """
    message: dict[str, Any] = {
        "type": "error",
        "done": True,
        "status_code": error.status,
        "code": error.status,
        "error": f"{error.title}: {error.message}",
        **fields(error, request_id),
    }
    if context_id is not None:
        message["context_id"] = context_id
    return message


def _first_problem(error: RequestValidationError) -> str:
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}."


def _plain(status: int, detail: str) -> str:
    known = {404: "There is no such path here.", 405: "This path does not take that method."}
    return known.get(status, detail)
