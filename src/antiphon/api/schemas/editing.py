"""Infill and voice changer: speech made to fit the client's audio."""

from antiphon.api.infill import MAX_TRANSCRIPT_CHARS
from antiphon.api.schemas import hearing, speech
from antiphon.api.schemas.operations import Answer, Content, Operation, event_stream
from antiphon.api.schemas.shapes import Schema, choice, constant, either, integer, named, number, record, text
from antiphon.api.tts.messages import PARTIAL_CONTENT
from antiphon.audio.encodings import OUTPUT_ENCODINGS
from antiphon.audio.formats import BIT_RATES, CONTENT_TYPES, SAMPLE_RATES
from antiphon.errors import UnsupportedAudio

TAG = "Editing"

_FORMAT: dict[str, Schema] = {
    "output_format[container]": choice(list(CONTENT_TYPES)),
    "output_format[sample_rate]": choice(SAMPLE_RATES, "In Hz."),
}
_FORMAT_REST: dict[str, Schema] = {
    "output_format[encoding]": choice(OUTPUT_ENCODINGS, "Required for `raw` and `wav`."),
    "output_format[bit_rate]": choice(BIT_RATES, "For `mp3`, in bit/s."),
}
_CLIP = Content(
    "multipart/form-data",
    record(
        {
            "clip": text("Audio in which somebody speaks.", format="binary"),
            "voice[id]": text("Id, name or alias of the voice to speak it again.", minLength=1),
            **_FORMAT,
        },
        _FORMAT_REST,
    ),
)
_REFUSALS = (*speech.REFUSALS, *(kind for kind in hearing.REFUSALS if kind not in speech.REFUSALS))

SCHEMAS: dict[str, Schema] = {
    "ChangedChunk": record(
        {
            "data": text("Audio.", contentEncoding="base64"),
            "done": constant(False),
            "sample_rate": integer("In Hz."),
            "status_code": constant(PARTIAL_CONTENT),
            "step_time": number("Milliseconds of computing.", minimum=0),
        }
    ),
    "ChangedDone": record({"done": constant(True), "status_code": constant(200)}),
}

OPERATIONS: dict[str, Operation] = {
    "POST /infill/bytes": Operation(
        id="infill",
        tag=TAG,
        summary="Speech that fits between two recordings, or next to one",
        description="Only the new speech is sent. At least one of the recordings must be there.",
        body=(
            Content(
                "multipart/form-data",
                record(
                    {
                        "model_id": speech.REQUIRED["model_id"],
                        "transcript": text("What to speak.", minLength=1, maxLength=MAX_TRANSCRIPT_CHARS),
                        "voice_id": text("Id, name or alias of a voice.", minLength=1),
                        **_FORMAT,
                    },
                    {
                        "left_audio": text("What comes before.", format="binary"),
                        "right_audio": text("What comes after.", format="binary"),
                        "language": text("A code such as `en`. Default: the voice's own."),
                        **_FORMAT_REST,
                    },
                ),
            ),
        ),
        answers={200: Answer("The speech, in the container asked for.", speech.AUDIO)},
        errors=(*speech.REFUSALS, UnsupportedAudio),
    ),
    "POST /voice-changer/bytes": Operation(
        id="change_voice",
        tag=TAG,
        summary="The words of a clip in another voice, when they were said",
        body=(_CLIP,),
        answers={200: Answer("The speech, as long as the clip.", speech.AUDIO)},
        errors=_REFUSALS,
    ),
    "POST /voice-changer/sse": Operation(
        id="change_voice_events",
        tag=TAG,
        summary="The same as server-sent events",
        body=(_CLIP,),
        answers={
            200: Answer(
                "Events named `chunk`, and `done` or `error` as the last.",
                (event_stream(either(named("ChangedChunk"), named("ChangedDone"), named("ErrorEvent"))),),
            )
        },
        errors=_REFUSALS,
    ),
}
