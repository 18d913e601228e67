"""Text to speech: what a request may hold, in every shape that the wire ever had."""

from antiphon.api import versions
from antiphon.api.schemas.operations import Answer, Content, Operation, event_stream, json_content
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
    either,
    flag,
    named,
    nullable,
    number,
    record,
    text,
)
from antiphon.api.tts import request
from antiphon.audio.formats import CONTENT_TYPES
from antiphon.errors import (
    BadRequest,
    FileTooLarge,
    JobLost,
    LanguageNotSupported,
    ModelNotFound,
    NotFound,
    NoWorker,
    Overloaded,
    VoiceNotFound,
)

TAG = "Text to speech"

REFUSALS = (
    BadRequest,
    ModelNotFound,
    LanguageNotSupported,
    VoiceNotFound,
    NotFound,
    FileTooLarge,
    Overloaded,
    NoWorker,
    JobLost,
)
"""What any request to speak may come to."""

_SPEED = either(choice(list(request.NAMED_SPEEDS)), number())

_EMOTION = either(text(), array(text()), description="Without effect: the voices here have none.")

_CONTROLS = record(
    {},
    {
        "speed": nullable({**_SPEED, "description": "A name, or from -1 (slowest) over 0 to 1 (fastest)."}),
        "emotion": nullable(_EMOTION),
    },
    description="The pace as clients of 2024 give it.",
    deprecated=True,
)

_VOICE = either(
    text(minLength=1),
    record(
        {"id": text(minLength=1)}, {"mode": text("Without effect."), "__experimental_controls": _CONTROLS}
    ),
    record(
        {"embedding": array(number())},
        {"mode": text("Without effect."), "__experimental_controls": _CONTROLS},
        description=f"Spoken by the default voice; refused from version {versions.STRICT_VOICES} on.",
        deprecated=True,
    ),
    description="Id, name or alias of a voice.",
)

_GENERATION_CONFIG = record(
    {},
    {
        "speed": nullable(
            number(
                f"Factor of the pace; brought into {request.MIN_SPEED:g} to {request.MAX_SPEED:g}.", default=1
            )
        ),
        "volume": nullable(
            number(
                f"Factor of the amplitude; brought into {request.MIN_VOLUME:g} to {request.MAX_VOLUME:g}.",
                default=1,
            )
        ),
        "emotion": nullable(_EMOTION),
    },
)

REQUIRED: dict[str, Schema] = {
    "model_id": text(
        "Every name `sonic*` stands for the model served here.", minLength=1, examples=["sonic-3"]
    ),
    "transcript": text("What to speak."),
    "voice": _VOICE,
}

OPTIONAL: dict[str, Schema] = {
    "language": nullable(
        text("A code such as `en`; of `en-GB` the language alone counts. Default: the voice's own.")
    ),
    "locale": nullable(text("The same as `language`; from 2026-08-14 on only one of them may be given.")),
    "generation_config": nullable(_GENERATION_CONFIG),
    "pronunciation_dict_id": nullable(text("Id of a pronunciation dictionary.")),
    "speed": nullable(
        {**_SPEED, "description": "An older form of `generation_config.speed`.", "deprecated": True}
    ),
    "__experimental_controls": nullable(_CONTROLS),
    "normalization": nullable(
        text("`auto`, `off` (read text as it is), or the locale by whose habits it is read.", default="auto")
    ),
    "duration": nullable(number("Seconds that the speech is to last.", exclusiveMinimum=0)),
    "stream": nullable(flag("Without effect: whatever can stream does.", deprecated=True)),
}

EVENTS: dict[str, Schema] = {
    "add_timestamps": nullable(flag("Send the times of words.", default=False)),
    "add_phoneme_timestamps": nullable(flag("Send the times of phonemes.", default=False)),
    "use_original_timestamps": nullable(flag("An older name, of opposite meaning.", deprecated=True)),
    "use_normalized_timestamps": nullable(
        flag("Words as they are spoken, not as they are written.", default=False)
    ),
}

CONTEXT_ID = text("Names the context.", minLength=1, maxLength=request.MAX_CONTEXT_ID_CHARS)

EXAMPLE = {
    "model_id": "sonic-3",
    "transcript": "Good morning.",
    "voice": {"id": "heart"},
    "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24000},
}
_WAV = {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 24000}
_MP3 = {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000}
_OLDEST_VOICE = {
    "mode": "id",
    "id": "a0e99841-438c-4a64-b679-ae501e7d6091",
    "__experimental_controls": {"speed": "fast", "emotion": ["positivity:high"]},
}

SCHEMAS: dict[str, Schema] = {
    "SpeechRequest": record(
        {**REQUIRED, "output_format": named("OutputFormat")},
        {**OPTIONAL, "save": nullable(flag("Without effect."))},
    ),
    "SpeechStreamRequest": record(
        {**REQUIRED, "output_format": named("RawOutputFormat")},
        {
            **OPTIONAL,
            **EVENTS,
            "context_id": nullable({**CONTEXT_ID, "description": "Given back in every event."}),
        },
    ),
}

AUDIO = tuple(
    Content(media_type, {"type": "string", "format": "binary"}) for media_type in CONTENT_TYPES.values()
)

OPERATIONS: dict[str, Operation] = {
    "POST /tts/bytes": Operation(
        id="speak",
        tag=TAG,
        summary="Text in, an audio file out as it is made",
        description="A failure before the first audio is an error; a later one cuts the connection.",
        body=json_content(
            named("SpeechRequest"),
            wav={**EXAMPLE, "output_format": _WAV},
            mp3={**EXAMPLE, "output_format": _MP3, "generation_config": {"speed": 1.2, "volume": 0.8}},
            oldest={**EXAMPLE, "voice": _OLDEST_VOICE},
        ),
        answers={200: Answer("The audio, in the container asked for.", AUDIO)},
        errors=REFUSALS,
    ),
    "POST /tts/sse": Operation(
        id="speak_events",
        tag=TAG,
        summary="Text in, audio and timestamps out as server-sent events",
        description="A failure before the first event is an error; a later one an event.",
        body=json_content(
            named("SpeechStreamRequest"),
            plain=EXAMPLE,
            timestamps={
                **EXAMPLE,
                "add_timestamps": True,
                "add_phoneme_timestamps": True,
                "context_id": "one",
            },
        ),
        answers={
            200: Answer(
                "Events, named by the `type` of their data; `done` or `error` is the last.",
                (event_stream(named("SpeechEvent")),),
            )
        },
        errors=REFUSALS,
    ),
}
