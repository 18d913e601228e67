"""All that is told, from every part of the API."""

from antiphon.api.schemas import (
    common,
    dictionaries,
    editing,
    hearing,
    openai,
    realtime,
    speech,
    speechsocket,
    status,
    tokens,
    turns,
    voices,
)
from antiphon.api.schemas.operations import Operation, Socket
from antiphon.api.schemas.shapes import Schema

TAGS: dict[str, str] = {
    speech.TAG: "Text in, audio out.",
    hearing.TAG: "Audio in, text out.",
    editing.TAG: "Speech made to fit audio.",
    voices.TAG: "The voices that can be named in a request.",
    dictionaries.TAG: "What is to be spoken as what.",
    tokens.TAG: "What pages in browsers send in the place of a key.",
    openai.TAG: "The same for clients of OpenAI.",
    status.TAG: "Is it there, and what can it do.",
}

OPERATIONS: dict[str, Operation] = {
    **speech.OPERATIONS,
    **hearing.OPERATIONS,
    **editing.OPERATIONS,
    **voices.OPERATIONS,
    **dictionaries.OPERATIONS,
    **tokens.OPERATIONS,
    **openai.OPERATIONS,
    **realtime.OPERATIONS,
    **status.OPERATIONS,
}
"""By method and path, such as ``POST /tts/bytes``."""

SOCKETS: dict[str, Socket] = {
    **speechsocket.SOCKETS,
    **hearing.SOCKETS,
    **turns.SOCKETS,
    **realtime.SOCKETS,
}
"""By path."""

SCHEMAS: dict[str, Schema] = {
    **common.SCHEMAS,
    **speech.SCHEMAS,
    **speechsocket.SCHEMAS,
    **hearing.SCHEMAS,
    **turns.SCHEMAS,
    **editing.SCHEMAS,
    **voices.SCHEMAS,
    **dictionaries.SCHEMAS,
    **tokens.SCHEMAS,
    **openai.SCHEMAS,
    **realtime.SCHEMAS,
    **status.SCHEMAS,
}
"""By the name under which both documents hold them."""
