"""Speech to text: files, and the socket on which the client says when an utterance is over."""

from antiphon.api.schemas.common import INPUT_ENCODING, REQUEST_ID
from antiphon.api.schemas.operations import (
    Answer,
    Content,
    Message,
    Operation,
    Socket,
    event_stream,
    json_content,
)
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
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
from antiphon.api.stt import request
from antiphon.api.stt.live import IDLE_S
from antiphon.errors import (
    BadRequest,
    FileTooLarge,
    JobLost,
    LanguageNotSupported,
    ModelNotFound,
    NoWorker,
    Overloaded,
    UnsupportedAudio,
)

TAG = "Speech to text"

AUDIO_FILE = text("The audio.", format="binary")
AUDIO_FRAMES = text("Mono samples in the encoding of the query, of any number of bytes.", format="binary")

REFUSALS = (
    BadRequest,
    ModelNotFound,
    LanguageNotSupported,
    FileTooLarge,
    UnsupportedAudio,
    Overloaded,
    NoWorker,
    JobLost,
)
"""What any file to be recognised may come to."""

MODEL = text("Every name `ink-*` or `whisper*` stands for the model served here.", examples=["ink-whisper"])
SAMPLE_RATE = integer(
    "Of samples without a header, in Hz.",
    minimum=request.SAMPLE_RATES_HZ[0],
    maximum=request.SAMPLE_RATES_HZ[1],
)
KEYTERM = array(
    text(maxLength=request.MAX_KEYTERM_CHARACTERS),
    f"Words and phrases that are likely to be said, together {request.MAX_KEYTERM_CHARACTERS} characters.",
    maxItems=request.MAX_KEYTERMS,
)

FIELDS: dict[str, Schema] = {
    "language": text(
        "A code such as `en`; of `en-GB` the language alone counts.", default=request.DEFAULT_LANGUAGE
    ),
    "timestamp_granularities[]": array(choice(["word"]), "Give each word its times."),
    "word_timestamps": flag("The same.", default=False),
    "max_silence_duration_secs": number(
        "A pause this long ends an utterance; brought into "
        f"{request.MIN_SILENCE_S:g} to {request.MAX_SILENCE_S:g}, "
        f"by default {request.LIVE_PAUSE_S:g}, in files {request.FILE_PAUSE_S:g}.",
        minimum=0,
    ),
    "min_volume": number("Audio under this level (RMS) counts as silence.", minimum=0, maximum=1, default=0),
    "keyterm": KEYTERM,
}

_FORM: Content = Content(
    "multipart/form-data",
    record(
        {"file": AUDIO_FILE, "model": MODEL},
        {
            **FIELDS,
            "encoding": INPUT_ENCODING,
            "sample_rate": SAMPLE_RATE,
            "response_format": choice(["json"], default="json"),
            "stream": flag("Answer with events: the text as it comes.", default=False),
        },
    ),
)

_HEAD: dict[str, Schema] = {"type": constant("transcript"), "request_id": REQUEST_ID, "text": text()}

SCHEMAS: dict[str, Schema] = {
    "FileTranscript": record(
        {
            **_HEAD,
            "language": text(),
            "duration": number("Of the audio, in seconds.", minimum=0),
            "is_final": constant(True),
        },
        {"words": array(named("Word"), "Only if asked for.")},
    ),
    "Transcript": record(
        {
            **_HEAD,
            "is_final": flag("The text will not change; finals join as they are."),
            "duration": number("Of the utterance, in seconds.", minimum=0),
            "language": text(),
        },
        {"words": array(named("Word"), "With finals, if asked for.")},
    ),
    "FileProgress": record(
        {
            "type": constant("progress"),
            "heard": number("Seconds of the audio that were heard.", minimum=0),
            "total": nullable(number("Seconds that the file says it lasts.", minimum=0)),
        }
    ),
    "FilePart": record(
        {
            **_HEAD,
            "is_final": constant(True),
            "start": number("Where the utterance begins, in seconds of the audio.", minimum=0),
            "end": number("Where it ends.", minimum=0),
            "duration": number("Of the utterance, in seconds.", minimum=0),
            "language": text(),
        },
        {"words": array(named("Word"), "Only if asked for.")},
    ),
    "FileDone": record(
        {
            "type": constant("done"),
            "request_id": REQUEST_ID,
            "language": text(),
            "duration": number("Of the audio, in seconds.", minimum=0),
        }
    ),
    "FileEvent": either(*map(named, ("FileProgress", "FilePart", "FileDone", "ErrorEvent"))),
    "HearingFlushDone": record({"type": constant("flush_done"), "request_id": REQUEST_ID}),
    "HearingDone": record({"type": constant("done"), "request_id": REQUEST_ID}),
}


def _transcribe(operation_id: str) -> Operation:
    return Operation(
        id=operation_id,
        tag=TAG,
        summary="An audio file in, its text out",
        description="wav, flac, mp3, ogg, webm, mp4, m4a or mpeg; or samples without a header, with "
        "`encoding` and `sample_rate`. Fields may stand in the form or in the query.",
        query={"encoding": INPUT_ENCODING, "sample_rate": SAMPLE_RATE},
        body=(_FORM,),
        answers={
            200: Answer(
                "The text; with `stream` as events, each named after its `type`.",
                (
                    *json_content(named("FileTranscript")),
                    event_stream(named("FileEvent")),
                ),
            )
        },
        errors=REFUSALS,
    )


OPERATIONS: dict[str, Operation] = {
    "POST /stt": _transcribe("transcribe"),
    "POST /audio/transcriptions": _transcribe("transcribe_audio"),
}

SOCKETS: dict[str, Socket] = {
    "/stt/websocket": Socket(
        id="hearing",
        title="Speech to text",
        description="One socket is one stream. The client sends audio, and may say when an utterance is "
        f"over. The server closes the socket after `done`, or after {IDLE_S:g} s without a message.",
        query=record({"model": MODEL, "encoding": INPUT_ENCODING, "sample_rate": SAMPLE_RATE}, FIELDS),
        from_client=(
            Message("audio", "Audio.", AUDIO_FRAMES, "application/octet-stream"),
            Message("finalize", "Make final what came so far.", constant("finalize"), "text/plain"),
            Message(
                "close", "The end; `done` is an older name of it.", choice(["close", "done"]), "text/plain"
            ),
        ),
        from_server=(
            Message("transcript", "What is heard.", named("Transcript")),
            Message("flush_done", "All before a `finalize` is final.", named("HearingFlushDone")),
            Message("end", "All is heard.", named("HearingDone")),
            Message("error", "A message was wrong, or the stream ended badly.", named("ErrorEvent")),
        ),
    ),
}
