"""OpenAI's realtime transcription."""

from antiphon.api.openai.realtime.config import (
    DEFAULT_SILENCE_MS,
    EAGERNESS,
    OLD_NAMES,
    PCM_RATE_HZ,
)
from antiphon.api.openai.realtime.secrets import SecretRequest
from antiphon.api.openai.realtime.socket import IDLE_S
from antiphon.api.schemas.openai import TAG
from antiphon.api.schemas.operations import Message, Operation, Socket, json_answer, json_content
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
    constant,
    either,
    extended,
    integer,
    named,
    nullable,
    number,
    record,
    structs,
    text,
)
from antiphon.api.stt.request import MAX_SILENCE_S, SAMPLE_RATES_HZ
from antiphon.errors import BadRequest, FileTooLarge, LanguageNotSupported, ModelNotFound

_ITEM = text("Names a stretch of audio and its transcript.")
_DELTA = "conversation.item.input_audio_transcription."

_TRANSCRIPTION = record(
    {},
    {name: nullable(text()) for name in ("model", "language")}
    | {"prompt": nullable(text("Without effect."))},
)
_REDUCTION = nullable(record({}, description="Told back, without effect."))
_INPUT: dict[str, Schema] = {
    "format": nullable(
        either(
            choice(list(OLD_NAMES.values())),
            record(
                {},
                {
                    "type": choice([*OLD_NAMES, *OLD_NAMES.values()]),
                    "rate": nullable(
                        integer(
                            "Of `audio/pcm`, in Hz; the others have 8000.",
                            minimum=SAMPLE_RATES_HZ[0],
                            maximum=SAMPLE_RATES_HZ[1],
                            default=PCM_RATE_HZ,
                        )
                    ),
                },
            ),
        )
    ),
    "transcription": nullable(_TRANSCRIPTION),
    "turn_detection": nullable(
        either(
            record(
                {},
                {
                    "type": constant("server_vad"),
                    "silence_duration_ms": nullable(
                        number(
                            "A pause this long ends a turn.",
                            exclusiveMinimum=0,
                            maximum=MAX_SILENCE_S * 1000,
                            default=DEFAULT_SILENCE_MS,
                        )
                    ),
                    "threshold": {"description": "Without effect."},
                    "prefix_padding_ms": {"description": "Without effect."},
                },
            ),
            record({"type": constant("semantic_vad")}, {"eagerness": nullable(choice(list(EAGERNESS)))}),
            description="Null: the client ends turns, by commits.",
        )
    ),
    "noise_reduction": _REDUCTION,
}
_OLD_INPUT: dict[str, Schema] = {
    "input_audio_format": _INPUT["format"],
    "input_audio_transcription": _INPUT["transcription"],
    "input_audio_noise_reduction": _REDUCTION,
    "turn_detection": _INPUT["turn_detection"],
}


def _event(kind: str, **fields: Schema) -> Schema:
    return record({"event_id": text(), "type": constant(kind), **fields})


def _item_event(kind: str, **fields: Schema) -> Schema:
    return _event(_DELTA + kind, item_id=_ITEM, content_index=constant(0), **fields)


_BODIES = structs(SecretRequest)

SCHEMAS: dict[str, Schema] = {
    "RealtimeSettings": record(
        {},
        {
            "type": constant("transcription"),
            "audio": nullable(record({}, {"input": nullable(record({}, _INPUT))})),
            **_OLD_INPUT,
        },
        description="What is not named stays. The flat names are those of older clients.",
    ),
    "RealtimeSession": record(
        {
            "id": text(),
            "object": constant("realtime.transcription_session"),
            "type": constant("transcription"),
            "audio": record({"input": record(_INPUT)}),
            **_OLD_INPUT,
            "include": array(text()),
        }
    ),
    "RealtimeUpdate": record(
        {
            "type": choice(["session.update", "transcription_session.update"]),
            "session": named("RealtimeSettings"),
        },
        {"event_id": text("Told back in errors.")},
    ),
    "RealtimeAppend": record(
        {"type": constant("input_audio_buffer.append"), "audio": text("Samples.", contentEncoding="base64")}
    ),
    "RealtimeCommit": record({"type": constant("input_audio_buffer.commit")}),
    "RealtimeClear": record({"type": constant("input_audio_buffer.clear")}),
    "RealtimeCreated": record(
        {
            "event_id": text(),
            "type": choice(["session.created", "transcription_session.created"]),
            "session": named("RealtimeSession"),
        }
    ),
    "RealtimeUpdated": record(
        {
            "event_id": text(),
            "type": choice(["session.updated", "transcription_session.updated"]),
            "session": named("RealtimeSession"),
        }
    ),
    "RealtimeSpeechStarted": _event(
        "input_audio_buffer.speech_started", audio_start_ms=integer("Of the session."), item_id=_ITEM
    ),
    "RealtimeSpeechStopped": _event(
        "input_audio_buffer.speech_stopped", audio_end_ms=integer("Of the session."), item_id=_ITEM
    ),
    "RealtimeCommitted": _event(
        "input_audio_buffer.committed", item_id=_ITEM, previous_item_id=nullable(_ITEM)
    ),
    "RealtimeCleared": _event("input_audio_buffer.cleared"),
    "RealtimeDelta": _item_event("delta", delta=text("Joins those before it.")),
    "RealtimeCompleted": _item_event(
        "completed", transcript=text("All of the item."), usage=named("OpenAIDurationUsage")
    ),
    "RealtimeFailed": _item_event("failed", error=named("OpenAIProblem")),
    "RealtimeError": _event(
        "error",
        error=record(
            {"message": text(), "type": text(), "param": nullable(text()), "code": nullable(text())},
            {"event_id": {"description": "Of the message that was wrong."}},
        ),
    ),
    **_BODIES,
    "SecretRequest": extended(
        _BODIES["SecretRequest"], optional={"session": nullable(named("RealtimeSettings"))}
    ),
    "ClientSecret": record(
        {
            "value": text("To be sent where a key would be."),
            "expires_at": integer("Seconds since 1970."),
            "session": named("RealtimeSession"),
        }
    ),
}

OPERATIONS: dict[str, Operation] = {
    "POST /v1/realtime/client_secrets": Operation(
        id="openai_create_client_secret",
        tag=TAG,
        summary="A key for a browser, which may hear and nothing else, for a while",
        description="The settings of the session are told back, and not kept.",
        body=json_content(named("SecretRequest"), minute={"expires_after": {"seconds": 60}}),
        answers={200: json_answer("The secret.", named("ClientSecret"))},
        errors=(BadRequest, FileTooLarge, ModelNotFound, LanguageNotSupported),
        of_openai=True,
    ),
}

_UPDATE = {
    "type": "session.update",
    "session": {
        "type": "transcription",
        "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "turn_detection": None}},
    },
}

SOCKETS: dict[str, Socket] = {
    "/v1/realtime": Socket(
        id="realtime",
        title="OpenAI's realtime transcription",
        description="A session is a row of items, each a stretch of audio and its transcript. With turn "
        "detection an item is what was said between two pauses, else what was sent between two commits. The "
        f"server closes the socket after {IDLE_S:g} s without a message.",
        query=record(
            {},
            {
                "intent": constant("transcription"),
                "model": text("Taken if it stands for a model that hears."),
                "transcription_model": text("The same, and looked at first."),
                "language": text("A code such as `en`."),
            },
        ),
        from_client=(
            Message("update", "Changes settings.", named("RealtimeUpdate"), examples=(_UPDATE,)),
            Message(
                "append",
                "Audio.",
                named("RealtimeAppend"),
                examples=({"type": "input_audio_buffer.append", "audio": "AAAAAA=="},),
            ),
            Message(
                "commit",
                "Ends the item.",
                named("RealtimeCommit"),
                examples=({"type": "input_audio_buffer.commit"},),
            ),
            Message(
                "clear",
                "Forgets audio that is not committed.",
                named("RealtimeClear"),
                examples=({"type": "input_audio_buffer.clear"},),
            ),
        ),
        from_server=(
            Message("created", "The first message.", named("RealtimeCreated")),
            Message("updated", "Settings were changed.", named("RealtimeUpdated")),
            Message("speech_started", "A turn begins.", named("RealtimeSpeechStarted")),
            Message("speech_stopped", "It is over.", named("RealtimeSpeechStopped")),
            Message("committed", "Its audio is an item.", named("RealtimeCommitted")),
            Message("cleared", "Audio was forgotten.", named("RealtimeCleared")),
            Message("delta", "More of an item is heard.", named("RealtimeDelta")),
            Message("completed", "All of it is heard.", named("RealtimeCompleted")),
            Message("failed", "It could not be heard.", named("RealtimeFailed")),
            Message("error", "A message was wrong, or the stream ended badly.", named("RealtimeError")),
        ),
    ),
}
