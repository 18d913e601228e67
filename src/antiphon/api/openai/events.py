"""What both streams of events have in common: their frame, and the tokens they count."""

from typing import Any

import orjson

CHARS_PER_TOKEN = 4
SPOKEN_TOKENS_PER_S = 20
HEARD_TOKENS_PER_S = 10
"""OpenAI counts a token for 50 ms of audio that it makes, and one for 100 ms of audio that it hears."""


def data_event(message: dict[str, Any]) -> bytes:
    """A message as a server-sent event without a name, as OpenAI sends it: the type is in the data."""
    return b"data: %b\n\n" % orjson.dumps(message)


def text_tokens(text: str) -> int:
    """About as many tokens as OpenAI would count; the models here have tokens of their own."""
    return -(-len(text) // CHARS_PER_TOKEN)


def token_usage(received: int, made: int) -> dict[str, int]:
    """The ``usage`` of a request that is counted in tokens."""
    return {"input_tokens": received, "output_tokens": made, "total_tokens": received + made}
