"""``GET /asyncapi.json``: the WebSockets as an AsyncAPI 3.0 document.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0. Operations are named from the server's
side: what a client sends is what is received here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon import __version__
from antiphon.api.bodies import json_response
from antiphon.api.schemas.common import VERSION
from antiphon.api.schemas.operations import Message, Socket
from antiphon.api.schemas.shapes import Schema, reachable
from antiphon.api.schemas.tables import SCHEMAS, SOCKETS

router = APIRouter()

_SECURITY: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, or an access token."},
    "header": {"type": "httpApiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
    "api_key": {"type": "httpApiKey", "in": "query", "name": "api_key", "description": "A key."},
    "access_token": {
        "type": "httpApiKey",
        "in": "query",
        "name": "access_token",
        "description": "An access token: browsers can't set headers on a socket.",
    },
}


@router.get("/asyncapi.json")
async def asyncapi(request: Request) -> Response:
    """Describe the WebSockets, on the host that was asked."""
    protocol = "wss" if request.url.scheme == "https" else "ws"
    return json_response(asyncapi_document(SOCKETS, host=request.url.netloc, protocol=protocol))


def asyncapi_document(sockets: Mapping[str, Socket], *, host: str, protocol: str) -> dict[str, Any]:
    """Describe sockets.

    Args:
        sockets: by path.
        host: name and port where they are.
        protocol: ``ws`` or ``wss``.
    """
    channels = {socket.id: _channel(path, socket) for path, socket in sockets.items()}
    operations: dict[str, Any] = {}
    for socket in sockets.values():
        operations[f"{socket.id}_receive"] = _operation("receive", socket, socket.from_client)
        operations[f"{socket.id}_send"] = _operation("send", socket, socket.from_server)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Antiphon",
            "version": __version__,
            "description": "The WebSockets; `/openapi.json` describes the HTTP paths.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "here": {
                "host": host,
                "protocol": protocol,
                "description": "Every path is also there under `/v1`.",
                "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY],
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"securitySchemes": _SECURITY, "schemas": reachable(channels, SCHEMAS)},
    }


def _channel(path: str, socket: Socket) -> dict[str, Any]:
    query = {**socket.query, "properties": {**socket.query["properties"], "cartesia_version": VERSION}}
    headers: Schema = {"type": "object", "properties": {"Cartesia-Version": VERSION}}
    return {
        "address": path,
        "title": socket.title,
        "description": socket.description,
        "messages": {m.name: _message(m) for m in (*socket.from_client, *socket.from_server)},
        "bindings": {"ws": {"method": "GET", "query": query, "headers": headers, "bindingVersion": "0.1.0"}},
    }


def _message(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": message.name,
        "summary": message.summary,
        "contentType": message.media_type,
        "payload": message.payload,
    }
    if message.examples:
        told["examples"] = [{"payload": example} for example in message.examples]
    return told


def _operation(action: str, socket: Socket, messages: Sequence[Message]) -> dict[str, Any]:
    channel = f"#/channels/{socket.id}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": f"{socket.title}: what the {'client' if action == 'receive' else 'server'} sends",
        "messages": [{"$ref": f"{channel}/messages/{message.name}"} for message in messages],
    }
