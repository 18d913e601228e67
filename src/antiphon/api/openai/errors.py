"""Errors in the form that OpenAI's clients read: which requests get it, and what it holds.

Source: https://platform.openai.com/docs/guides/error-codes and what its SDKs make of an answer: they go by
the status, and show ``message``, ``type``, ``code`` and ``param``.
"""

from http import HTTPStatus
from typing import Any

from starlette.requests import HTTPConnection

from antiphon.api import versions
from antiphon.errors import (
    AntiphonError,
    BadRequest,
    LanguageNotSupported,
    ModelNotFound,
    Overloaded,
    Unauthorized,
    UnsupportedAudio,
    VoiceNotFound,
)

_PATHS = ("/v1/audio/", "/v1/models", "/v1/realtime")

_PARAMS: dict[type[AntiphonError], str] = {
    ModelNotFound: "model",
    VoiceNotFound: "voice",
    LanguageNotSupported: "language",
    UnsupportedAudio: "file",
}

_CODES: dict[type[AntiphonError], str] = {
    Unauthorized: "invalid_api_key",
    Overloaded: "rate_limit_exceeded",
}

_STATUSES: dict[type[AntiphonError], int] = {ModelNotFound: 404, VoiceNotFound: 400, UnsupportedAudio: 400}
"""Where theirs differs from ours."""


class WrongField(BadRequest):
    """A field of a request that is malformed or not allowed.

    Args:
        param: its name, with dots between the levels.
        problem: what it is and what it must be, to follow the name.
    """

    def __init__(self, param: str, problem: str) -> None:
        super().__init__(f"{param} {problem}")
        self.param = param


def speaks_openai(connection: HTTPConnection) -> bool:
    """Whether a client of OpenAI's asks: the path is theirs, and the request names no version of Cartesia's.

    Cartesia's clients know some of these paths too (``/v1/audio/transcriptions``, ``/v1/models``).
    """
    path: str = connection.scope["path"]
    return path.startswith(_PATHS) and versions.version_of(connection) == versions.UNKNOWN


def status_of(error: AntiphonError) -> int:
    """The HTTP status that OpenAI answers such an error with."""
    status = _STATUSES.get(type(error), error.status)
    return HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status


def error_fields(error: AntiphonError) -> dict[str, Any]:
    """What stands under ``error`` in an HTTP body, an event of a stream and a message of a socket."""
    return {
        "message": error.message,
        "type": _type_of(error),
        "param": error.param if isinstance(error, WrongField) else _PARAMS.get(type(error)),
        "code": _CODES.get(type(error), error.code),
    }


def _type_of(error: AntiphonError) -> str:
    if isinstance(error, Overloaded):
        return "requests"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return "invalid_request_error"
