"""The messages of the WebSocket and the event stream about speech, as JSON text."""

from typing import Any

import orjson
import pybase64

from antiphon.api.tts.output import Chunk, Output, Phonemes, Words
from antiphon.api.versions import is_early
from antiphon.contract.events import Word
from antiphon.speech.context import End, FlushDone

PARTIAL_CONTENT = 206


def fields(output: Output, *, done_status: int) -> dict[str, Any]:
    """An output as the keys that both transports give it.

    Args:
        output: what to tell.
        done_status: ``status_code`` of the last message.
    """
    match output:
        case Chunk():
            return {
                "type": "chunk",
                "data": pybase64.b64encode_as_string(output.data),
                "done": False,
                "status_code": PARTIAL_CONTENT,
                "step_time": round(output.step_ms, 3),
            }
        case Words():
            return _timed("timestamps", "word_timestamps", "words", output.words)
        case Phonemes():
            return _timed("phoneme_timestamps", "phoneme_timestamps", "phonemes", output.phonemes)
        case FlushDone():
            return {
                "type": "flush_done",
                "done": False,
                "flush_done": True,
                "status_code": PARTIAL_CONTENT,
            }
        case End():
            return {"type": "done", "done": True, "status_code": done_status}


def socket_message(output: Output, context_id: str, version: str) -> str:
    """An output as a WebSocket message."""
    message = fields(output, done_status=PARTIAL_CONTENT)
    message["context_id"] = context_id
    if not isinstance(output, End):
        message["flush_id"] = output.flush_id - 1 if is_early(version) else output.flush_id
    return orjson.dumps(message).decode()


def stream_event(output: Output, context_id: str | None, version: str) -> bytes:
    """An output as a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    message = fields(output, done_status=200)
    if isinstance(output, End) and is_early(version):
        # SDK 2 passes over events that it can't read, and hands on the others as audio.
        del message["status_code"]
    if context_id is not None:
        message["context_id"] = context_id
    return server_sent(message)


def server_sent(message: dict[str, Any]) -> bytes:
    """A message as a server-sent event of its type."""
    return b"event: %b\ndata: %b\n\n" % (message["type"].encode(), orjson.dumps(message))


def _timed(kind: str, key: str, unit: str, entries: tuple[Word, ...]) -> dict[str, Any]:
    times = {
        unit: [entry.text for entry in entries],
        "start": [round(entry.start_s, 4) for entry in entries],
        "end": [round(entry.end_s, 4) for entry in entries],
    }
    return {"type": kind, "done": False, "status_code": PARTIAL_CONTENT, key: times}
