"""The outermost layer: a request id on everything, one form of each path, and no error without an answer."""

import uuid
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.api import errors
from antiphon.telemetry.logs import get_logger
from antiphon.telemetry.metrics import API_REQUESTS

_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})

CLIENT_CLOSED_REQUEST = 499
"""Nobody reads this answer; it is for the metrics (nginx's code for a client that left)."""

log = get_logger("api")


def request_id_of(connection: HTTPConnection) -> str:
    """The id that ``X-Request-ID`` tells the client, and the log us."""
    return connection.scope["state"]["request_id"]


class Envelope:
    """ASGI middleware around every request and socket.

    It gives each an id and tells it in ``X-Request-ID``, takes the slash off the end of a path (clients write
    both forms and follow no redirect), and answers an exception that nobody expected with a plain 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        scope["path"] = scope["path"].rstrip("/") or "/"
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] in _STARTS:
                started = True
                status = message.get("status", HTTPStatus.SWITCHING_PROTOCOLS)
                API_REQUESTS.labels(route=_template(scope), status=str(int(status))).inc()
                message.setdefault("headers", [])
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            if not started:
                await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, send_with_id)
        except Exception as error:
            log.exception("request failed", request_id=request_id, path=scope["path"])
            if started:
                # The status is out, so the one way left to say that the answer is not whole is to cut it.
                raise
            told = errors.translate(error)
            response = errors.response(told, HTTPConnection(scope), request_id=request_id)
            await response(scope, receive, send_with_id)


def _template(scope: Scope) -> str:
    """The route a connection took, as it was declared; what no route took is counted as one."""
    return getattr(scope.get("route"), "path", "none").removeprefix("/v1")
