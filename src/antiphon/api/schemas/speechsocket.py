"""What the speech socket and the event stream send, and what the socket takes."""

from antiphon.api.schemas.common import timed
from antiphon.api.schemas.operations import Message, Socket
from antiphon.api.schemas.shapes import (
    Schema,
    constant,
    either,
    flag,
    integer,
    named,
    nullable,
    number,
    record,
    text,
)
from antiphon.api.schemas.speech import CONTEXT_ID, EVENTS, EXAMPLE, OPTIONAL, REQUIRED
from antiphon.api.tts import request
from antiphon.api.tts.messages import PARTIAL_CONTENT
from antiphon.api.tts.websocket import IDLE_TIMEOUT_S, MAX_CONTEXTS
from antiphon.api.versions import EARLY_SDKS

_FLUSH_ID = integer(
    f"1 up to the first flush, then 2, and so on; up to version {EARLY_SDKS} from 0. On the socket alone.",
    minimum=0,
)
_CONTEXT = {"context_id": text("On the event stream only if the request gave one.")}


def _event(kind: str, fields: dict[str, Schema], **more: Schema) -> Schema:
    head = {"type": constant(kind), "done": constant(False), "status_code": constant(PARTIAL_CONTENT)}
    return record({**head, **fields}, {**_CONTEXT, "flush_id": _FLUSH_ID, **more})


_CONTINUING: dict[str, Schema] = {
    "continue": nullable(flag("More text follows.", default=False)),
    "flush": nullable(flag("Speak at once what came so far; answered by `flush_done`.", default=False)),
}

SCHEMAS: dict[str, Schema] = {
    "SpeechChunk": _event(
        "chunk",
        {
            "data": text("Audio.", contentEncoding="base64"),
            "step_time": number("Milliseconds of computing.", minimum=0),
        },
    ),
    "SpeechTimestamps": _event("timestamps", {"word_timestamps": timed("words")}),
    "SpeechPhonemeTimestamps": _event("phoneme_timestamps", {"phoneme_timestamps": timed("phonemes")}),
    "SpeechFlushDone": _event("flush_done", {"flush_done": constant(True)}),
    "SpeechDone": record(
        {
            "type": constant("done"),
            "done": constant(True),
        },
        {
            "status_code": integer(
                f"{PARTIAL_CONTENT} on the socket, 200 on the event stream; absent there up to {EARLY_SDKS}."
            ),
            **_CONTEXT,
        },
    ),
    "SpeechEvent": either(
        named("SpeechChunk"),
        named("SpeechTimestamps"),
        named("SpeechPhonemeTimestamps"),
        named("SpeechDone"),
        named("ErrorEvent"),
        description="One event of a stream.",
    ),
    "SpeechSocketRequest": record(
        {**REQUIRED, "output_format": named("RawOutputFormat"), "context_id": CONTEXT_ID},
        {
            **OPTIONAL,
            **EVENTS,
            **_CONTINUING,
            "max_buffer_delay_ms": nullable(
                number(
                    "How long text may wait for more text.",
                    minimum=0,
                    maximum=request.MAX_BUFFER_DELAY_MS,
                    default=request.DEFAULT_BUFFER_DELAY_MS,
                )
            ),
        },
    ),
    "SpeechSocketInput": record(
        {"context_id": CONTEXT_ID, "transcript": text("Joined to the text before as it is.")},
        {name: OPTIONAL[name] for name in ("generation_config", "speed")} | _CONTINUING,
    ),
    "SpeechSocketCancel": record({"context_id": CONTEXT_ID, "cancel": constant(True)}),
}

SOCKETS: dict[str, Socket] = {
    "/tts/websocket": Socket(
        id="speech",
        title="Text to speech",
        description="A context is a stream of text that becomes one stream of audio; one socket carries up "
        f"to {MAX_CONTEXTS} at a time. Messages of one context come in order, those of different contexts in "
        f"any. The server closes the socket after {IDLE_TIMEOUT_S:g} s in which nothing happens.",
        query=record({}),
        from_client=(
            Message(
                "request",
                "Opens a context; with `continue` false or absent it is also its last text.",
                named("SpeechSocketRequest"),
                examples=(
                    {**EXAMPLE, "context_id": "greeting", "transcript": "Good ", "continue": True},
                    {**EXAMPLE, "context_id": "alone", "add_timestamps": True, "max_buffer_delay_ms": 0},
                ),
            ),
            Message(
                "input",
                "Adds text to an open context; its other fields may be repeated.",
                named("SpeechSocketInput"),
                examples=(
                    {"context_id": "greeting", "transcript": "morning. ", "continue": True},
                    {"context_id": "greeting", "transcript": "", "continue": True, "flush": True},
                    {"context_id": "greeting", "transcript": "", "continue": False},
                ),
            ),
            Message(
                "cancel",
                "Stops a context at once; no answer follows.",
                named("SpeechSocketCancel"),
                examples=({"context_id": "greeting", "cancel": True},),
            ),
        ),
        from_server=(
            Message("chunk", "Audio.", named("SpeechChunk")),
            Message("timestamps", "Words that begin in the next chunk.", named("SpeechTimestamps")),
            Message("phoneme_timestamps", "Phonemes that begin in it.", named("SpeechPhonemeTimestamps")),
            Message("flush_done", "All that came before a flush is spoken.", named("SpeechFlushDone")),
            Message("done", "The context has ended.", named("SpeechDone")),
            Message("error", "It ended badly, or a message was wrong.", named("ErrorEvent")),
        ),
    ),
}
