"""What is told of a path or a socket beyond what its route's signature says.

The routes read bodies by hand (any Content-Type will do, and files may be larger than memory), so the
framework can't tell what is in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.api.schemas.shapes import Schema, record, text
from antiphon.errors import AntiphonError


@dataclass(frozen=True, slots=True)
class Content:
    """A body in one media type.

    Attributes:
        media_type: such as ``application/json``.
        schema: of the body; where it is a stream of events, of each.
        examples: bodies that work, by what they show.
    """

    media_type: str
    schema: Schema
    examples: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers when all is well."""

    description: str
    contents: tuple[Content, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        id: name of the operation in clients made from the document.
        tag: the group it stands in.
        summary: what it does, in a few words.
        answers: by status.
        errors: what it may answer instead, beside what every path may.
        description: what the summary leaves out.
        body: what the client sends; any one of these.
        about: what the parameters of the route's signature mean, by name.
        query: parameters of the query that the route reads by hand.
        keyless: nobody is asked for a key.
        of_openai: the path is OpenAI's, and its errors have OpenAI's form.
    """

    id: str
    tag: str
    summary: str
    answers: Mapping[int, Answer]
    errors: tuple[type[AntiphonError], ...] = ()
    description: str = ""
    body: tuple[Content, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    keyless: bool = False
    of_openai: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message on a socket.

    Attributes:
        name: as the document calls it; unique on its socket.
        summary: when it is sent, and what it does.
        payload: schema of the message.
        media_type: of the frame: JSON, bare text or bytes.
        examples: messages that work.
    """

    name: str
    summary: str
    payload: Schema
    media_type: str = "application/json"
    examples: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Socket:
    """One WebSocket path.

    Attributes:
        id: the channel's name in the document.
        title: what it is for, in a few words.
        description: how a conversation goes.
        query: schema of the query's parameters, beside key and version.
        from_client: what the client may send.
        from_server: what it may get.
    """

    id: str
    title: str
    description: str
    query: Schema
    from_client: tuple[Message, ...]
    from_server: tuple[Message, ...]


def json_content(schema: Schema, **examples: Any) -> tuple[Content]:
    """A body of JSON."""
    return (Content("application/json", schema, examples),)


def event_stream(data: Schema) -> Content:
    """A body of server-sent events, whose data are JSON."""
    told = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return Content("text/event-stream", record({"data": told}, {"event": text("What the data are.")}))


def json_answer(description: str, schema: Schema, **examples: Any) -> Answer:
    """An answer of JSON."""
    return Answer(description, json_content(schema, **examples))
