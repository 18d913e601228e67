"""Use of the API by web pages of other origins (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

import uuid

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp


class Cors(CORSMiddleware):
    """Tells browsers that pages may send any request and read any answer, errors too.

    Credentials of the browser (cookies) are never asked for: a page sends its access token itself, so every
    origin may be let in.

    Args:
        app: what answers.
        origins: those that are let in, with commas between them; ``*`` for all.
    """

    def __init__(self, app: ASGIApp, origins: str) -> None:
        super().__init__(
            app,
            allow_origins=[origin.strip() for origin in origins.split(",") if origin.strip()],
            allow_methods=["*"],
            allow_headers=["*"],
            # Pages of the internet may use a server on this machine or network.
            allow_private_network=True,
            expose_headers=["*"],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser that asks first, with a request id like every answer."""
        response = super().preflight_response(request_headers)
        response.headers["X-Request-ID"] = str(uuid.uuid4())
        return response
