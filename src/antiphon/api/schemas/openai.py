"""OpenAI's paths for audio."""

from antiphon.api.openai.forms import FORMATS, GRANULARITIES
from antiphon.api.openai.requests import SPEECH_FORMATS, SPEEDS
from antiphon.api.openai.transcripts import SPEAKER
from antiphon.api.schemas import hearing, speech, status
from antiphon.api.schemas.operations import (
    Answer,
    Content,
    Operation,
    event_stream,
    json_answer,
    json_content,
)
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
    constant,
    either,
    extended,
    flag,
    integer,
    named,
    nullable,
    number,
    record,
    text,
)
from antiphon.audio.formats import MEDIA_TYPES, SAMPLE_RATES
from antiphon.errors import ModelNotFound

TAG = "OpenAI"

_AUDIO_TYPES = ("audio/pcm", *(kind for form, kind in MEDIA_TYPES.items() if form != "raw"))

_USAGE: dict[str, Schema] = {
    "input_tokens": integer("About as many as OpenAI would count.", minimum=0),
    "output_tokens": integer(minimum=0),
    "total_tokens": integer(minimum=0),
}
_DURATION = number("In seconds.", minimum=0)

_SEGMENT: dict[str, Schema] = {
    "id": integer(minimum=0),
    "seek": constant(0),
    "start": number("In seconds."),
    "end": number("In seconds."),
    "text": text(),
    "tokens": array(integer(), "Empty, as what follows is fixed: the recogniser does not tell."),
    "temperature": number(),
    "avg_logprob": number(),
    "compression_ratio": number(),
    "no_speech_prob": number(),
}

SCHEMAS: dict[str, Schema] = {
    "OpenAIProblem": record(
        {
            "message": text("What was wrong, and what would be right."),
            "type": text("What kind of error it is."),
            "param": nullable(text("The field that was wrong.")),
            "code": nullable(text()),
        }
    ),
    "OpenAIError": record({"error": named("OpenAIProblem")}),
    "OpenAIErrorEvent": record({"type": constant("error"), "error": named("OpenAIProblem")}),
    "OpenAISpeechRequest": record(
        {"input": text("What to speak.", minLength=1)},
        {
            "model": nullable(
                text("`tts-1`, `gpt-4o-mini-tts` and `kokoro` stand for the model served here.")
            ),
            "voice": nullable(
                either(
                    text("Id, name or alias of a voice; for those of OpenAI and Kokoro the default speaks."),
                    record({}, {"id": nullable(text())}),
                )
            ),
            "response_format": nullable(choice(SPEECH_FORMATS, default="mp3")),
            "speed": nullable(number("Factor of the pace.", minimum=SPEEDS[0], maximum=SPEEDS[1], default=1)),
            "stream_format": nullable(choice(["audio", "sse"], default="audio")),
            "instructions": {"description": "Without effect."},
            "volume_multiplier": nullable(
                number("Factor of the amplitude.", minimum=0, maximum=100, default=1)
            ),
            "sample_rate": nullable(choice(SAMPLE_RATES, "In Hz.")),
        },
    ),
    "OpenAISpeechEvent": either(
        record({"type": constant("speech.audio.delta"), "audio": text("Audio.", contentEncoding="base64")}),
        record({"type": constant("speech.audio.done"), "usage": record(_USAGE)}),
        named("OpenAIErrorEvent"),
    ),
    "OpenAIDurationUsage": record({"type": constant("duration"), "seconds": _DURATION}),
    "OpenAITranscript": record(
        {
            "text": text(),
            "usage": named("OpenAIDurationUsage"),
            **{
                name: hearing.SCHEMAS["FileTranscript"]["properties"][name]
                for name in ("type", "request_id", "language", "duration", "is_final")
            },
        },
        {"words": array(named("Word"), "Only if asked for.")},
        description="`json`; with the keys that Cartesia's clients read at this path.",
    ),
    "OpenAIVerboseTranscript": record(
        {
            "task": choice(["transcribe", "translate"]),
            "language": text(),
            "duration": _DURATION,
            "text": text(),
            "usage": named("OpenAIDurationUsage"),
        },
        {"words": array(named("Word")), "segments": array(record(_SEGMENT))},
        description="`verbose_json`; segments unless words alone were asked for.",
    ),
    "OpenAISpokenSegment": record(
        {
            "type": constant("transcript.text.segment"),
            "id": text(),
            "start": number("In seconds."),
            "end": number("In seconds."),
            "speaker": constant(SPEAKER),
            "text": text(),
        },
        description="Speakers are not told apart.",
    ),
    "OpenAIDiarizedTranscript": record(
        {
            "task": choice(["transcribe", "translate"]),
            "duration": _DURATION,
            "text": text(),
            "segments": array(named("OpenAISpokenSegment")),
            "usage": named("OpenAIDurationUsage"),
        },
        description="`diarized_json`.",
    ),
    "OpenAITranscriptEvent": either(
        record({"type": constant("transcript.text.delta"), "delta": text()}),
        named("OpenAISpokenSegment"),
        record(
            {
                "type": constant("transcript.text.done"),
                "text": text(),
                "usage": record({"type": constant("tokens"), **_USAGE}),
            }
        ),
        named("OpenAIErrorEvent"),
    ),
    "OpenAIModel": extended(
        status.SCHEMAS["Model"],
        {"object": constant("model"), "created": integer("Seconds since 1970."), "owned_by": text()},
        description="With the keys of `GET /models`, whose clients ask at this path too.",
    ),
    "OpenAIModels": record(
        {
            "object": constant("list"),
            "data": array(named("OpenAIModel")),
            "has_more": flag(),
            "next_page": {"type": "null"},
        }
    ),
    "OpenAIVoices": record({"voices": array(record({"id": text(), "name": text()}))}),
}


def _form(required: dict[str, Schema], optional: dict[str, Schema]) -> tuple[Content]:
    fields = hearing.FIELDS | {
        "encoding": hearing.INPUT_ENCODING,
        "sample_rate": hearing.SAMPLE_RATE,
        "response_format": choice(FORMATS, default="json"),
        "timestamp_granularities[]": array(
            choice(GRANULARITIES), "Times to give, in `json` and `verbose_json`."
        ),
        "stream": flag("Answer with events, as text comes.", default=False),
        "prompt": text("Without effect."),
        "temperature": number("Without effect."),
    }
    schema = record({"file": hearing.AUDIO_FILE, "model": hearing.MODEL, **required}, fields | optional)
    return (Content("multipart/form-data", schema),)


_TRANSCRIPTS = Answer(
    "The text, in the form asked for.",
    (
        Content(
            "application/json",
            either(
                named("OpenAITranscript"), named("OpenAIVerboseTranscript"), named("OpenAIDiarizedTranscript")
            ),
        ),
        Content("text/plain", text("`text` and `srt`.")),
        Content("text/vtt", text("`vtt`.")),
        event_stream(named("OpenAITranscriptEvent")),
    ),
)
_LANGUAGE = {
    "language": {**hearing.FIELDS["language"], "description": "Of the audio; nothing here translates."}
}

OPERATIONS: dict[str, Operation] = {
    "POST /v1/audio/speech": Operation(
        id="openai_speak",
        tag=TAG,
        summary="Text in, an audio file or events out as they are made",
        body=json_content(
            named("OpenAISpeechRequest"),
            mp3={"model": "tts-1", "input": "Good morning.", "voice": "alloy"},
            events={"input": "Good morning.", "response_format": "pcm", "stream_format": "sse"},
        ),
        answers={
            200: Answer(
                "The audio, or events with it.",
                (
                    *(Content(kind, {"type": "string", "format": "binary"}) for kind in _AUDIO_TYPES),
                    event_stream(named("OpenAISpeechEvent")),
                ),
            )
        },
        errors=speech.REFUSALS,
        of_openai=True,
    ),
    "POST /v1/audio/transcriptions": Operation(
        id="openai_transcribe",
        tag=TAG,
        summary="An audio file in, its text out",
        description="Cartesia's clients use this path too: a request that names a `Cartesia-Version` gets "
        "errors in the form of that version.",
        body=_form({}, {}),
        answers={200: _TRANSCRIPTS},
        errors=hearing.REFUSALS,
        of_openai=True,
    ),
    "POST /v1/audio/translations": Operation(
        id="openai_translate",
        tag=TAG,
        summary="The same for audio that is in English already",
        body=_form(_LANGUAGE, {}),
        answers={200: _TRANSCRIPTS},
        errors=hearing.REFUSALS,
        of_openai=True,
    ),
    "GET /v1/models": Operation(
        id="openai_list_models",
        tag=TAG,
        summary="The models, and well-known names that stand for them",
        about=status.CAPABILITY,
        answers={200: json_answer("All of them.", named("OpenAIModels"))},
        of_openai=True,
    ),
    "GET /v1/models/{name}": Operation(
        id="openai_get_model",
        tag=TAG,
        summary="One model",
        about={"name": "A name of a model, or one that stands for it."},
        answers={200: json_answer("The model.", named("OpenAIModel"))},
        errors=(ModelNotFound,),
        of_openai=True,
    ),
    "GET /v1/audio/voices": Operation(
        id="openai_list_voices",
        tag=TAG,
        summary="The voices, and OpenAI's names for them",
        answers={200: json_answer("All of them.", named("OpenAIVoices"))},
        of_openai=True,
    ),
}
