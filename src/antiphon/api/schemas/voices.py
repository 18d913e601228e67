"""Voices, and the accents they may have."""

from typing import get_args

from antiphon.api import versions
from antiphon.api.accents import AccentsToAdd
from antiphon.api.schemas.common import PAGE, page_of
from antiphon.api.schemas.hearing import AUDIO_FILE
from antiphon.api.schemas.operations import Answer, Content, Operation, json_answer, json_content
from antiphon.api.schemas.shapes import (
    Schema,
    array,
    choice,
    either,
    extended,
    flag,
    named,
    nullable,
    number,
    record,
    structs,
    text,
)
from antiphon.api.voice_making import CloneForm, Localization, Mixture, NewVoice
from antiphon.api.voices import VoiceChanges
from antiphon.catalog import embeddings
from antiphon.catalog.custom import Gender
from antiphon.errors import BadRequest, FileTooLarge, NotFound, UnsupportedAudio, VoiceNotFound

TAG = "Voices"

_VISIBILITY = ["owner", "all"]
_ACCESS = ["private", "public"]
_NAME = {"name": "Id, name or alias of a voice."}

_EMBEDDING = array(number(), minItems=embeddings.SIZE, maxItems=embeddings.SIZE)
_METADATA: dict[str, Schema] = {
    "id": text(),
    "name": text(),
    "description": text(),
    "tagline": text(),
    "language": text("A code such as `en`."),
    "access": either(
        choice(_ACCESS),
        record({"type": choice(_ACCESS), "visibility": choice(_VISIBILITY)}),
        description=f"A string from version {versions.STRICT_VOICES} on, an object before.",
    ),
    "visibility": choice(_VISIBILITY),
    "user_id": text("Who made it."),
    "created_at": text(format="date-time"),
}
_IS_PUBLIC = {"is_public": flag()}
_ZEROS = {"embedding": {**_EMBEDDING, "description": "In the oldest version, or by `expand[]=embedding`."}}
_EXPAND: dict[str, Schema] = {
    "expand[]": array(choice(["embedding", "preview_file_url"]), "Further keys of voices."),
}

_LOCATED: dict[str, Schema] = {"locale": text(), "is_native": flag()}

_CLIP: dict[str, Schema] = {"clip": AUDIO_FILE}
_BODIES = structs(VoiceChanges, CloneForm, Localization, NewVoice, Mixture, AccentsToAdd)

SCHEMAS: dict[str, Schema] = {
    **_BODIES,
    "CloneForm": extended(_BODIES["CloneForm"], _CLIP),
    "Voice": record(
        {
            **_METADATA,
            **_IS_PUBLIC,
            "locales": array(record(_LOCATED)),
            "accents": array(record({"accent": text(), **_LOCATED})),
            "is_owner": flag(),
            "is_pro": flag(),
            "is_starred": flag(),
            "status": text(),
            "accent": text(),
            "gender": nullable(choice(get_args(Gender))),
            "country": nullable(text()),
            "preview_file_url": nullable(text()),
        },
        _ZEROS,
    ),
    "VoiceMetadata": record(
        _METADATA, {**_IS_PUBLIC, **_ZEROS}, description="What is told of a voice that was just made."
    ),
    "VoicePage": page_of("Voice"),
    "Embedding": record({"embedding": _EMBEDDING}),
    "Accent": record(
        {
            "id": text(),
            "name": text(),
            "language": text(),
            "locale": text(),
            "is_locale_default": flag(),
            "is_localizable": flag("A voice can be given it."),
        }
    ),
    "Accents": record({"accents": array(named("Accent"))}),
}

_WRONG = (BadRequest, FileTooLarge)

OPERATIONS: dict[str, Operation] = {
    "GET /voices": Operation(
        id="list_voices",
        tag=TAG,
        summary="The voices",
        about={
            **PAGE,
            "q": "Part of the name, description or id.",
            "gender": "Only these.",
            "language": "Only those of this language.",
            "is_owner": "`true`: only those that were made here.",
        },
        query=_EXPAND,
        answers={
            200: json_answer(
                "A page of them.",
                either(
                    named("VoicePage"),
                    array(named("Voice"), f"Up to version {versions.BARE_VOICE_LIST}: all that were found."),
                ),
            )
        },
    ),
    "GET /voices/{name}": Operation(
        id="get_voice",
        tag=TAG,
        summary="One voice",
        about=_NAME,
        query=_EXPAND,
        answers={200: json_answer("The voice.", named("Voice"))},
        errors=(VoiceNotFound,),
    ),
    "PATCH /voices/{name}": Operation(
        id="update_voice",
        tag=TAG,
        summary="Change what is told of a voice that was made here",
        about=_NAME,
        body=json_content(named("VoiceChanges"), rename={"name": "Alma", "description": "Calm."}),
        answers={200: json_answer("The voice.", named("Voice"))},
        errors=(*_WRONG, VoiceNotFound, NotFound),
    ),
    "DELETE /voices/{name}": Operation(
        id="delete_voice",
        tag=TAG,
        summary="Forget a voice that was made here",
        about=_NAME,
        answers={204: Answer("It is gone.")},
        errors=(BadRequest, VoiceNotFound),
    ),
    "POST /voices": Operation(
        id="create_voice",
        tag=TAG,
        summary="A voice of an embedding",
        body=json_content(
            named("NewVoice"), plain={"name": "Alma", "embedding": [0.0] * embeddings.SIZE, "language": "en"}
        ),
        answers={200: json_answer("The voice.", named("Voice"))},
        errors=(*_WRONG, VoiceNotFound, NotFound),
    ),
    "POST /voices/clone": Operation(
        id="clone_voice",
        tag=TAG,
        summary="A voice of a clip",
        description="The clip is kept. The base voice speaks: no model here can learn from a clip.",
        body=(Content("multipart/form-data", named("CloneForm")),),
        answers={200: json_answer("The voice.", named("VoiceMetadata"))},
        errors=(*_WRONG, VoiceNotFound, NotFound, UnsupportedAudio),
    ),
    "POST /voices/clone/clip": Operation(
        id="embed_clip",
        tag=TAG,
        summary="An embedding that stands for a clip",
        body=(Content("multipart/form-data", record(_CLIP)),),
        answers={200: json_answer("The embedding.", named("Embedding"))},
        errors=(*_WRONG, UnsupportedAudio),
    ),
    "POST /voices/localize": Operation(
        id="localize_voice",
        tag=TAG,
        summary="A voice of another one, with another accent",
        description="It is spoken as the other one is. With an `embedding` in the place of `voice_id`, it is "
        "given back.",
        body=json_content(
            named("Localization"),
            british={"voice_id": "heart", "name": "Heart, British", "accent": "british"},
        ),
        answers={200: json_answer("The voice.", either(named("VoiceMetadata"), named("Embedding")))},
        errors=(*_WRONG, VoiceNotFound, NotFound),
    ),
    "POST /voices/mix": Operation(
        id="mix_voices",
        tag=TAG,
        summary="Voices and embeddings mixed into an embedding",
        body=json_content(named("Mixture"), one={"voices": [{"id": "heart", "weight": 1.0}]}),
        answers={200: json_answer("The embedding.", named("Embedding"))},
        errors=(*_WRONG, VoiceNotFound),
    ),
    "GET /accents": Operation(
        id="list_accents",
        tag=TAG,
        summary="The accents that can be named",
        about={"language": "Only those of this language."},
        answers={200: json_answer("All of them.", named("Accents"))},
    ),
    **{
        f"{method} /voices/{{name}}/accents": Operation(
            id=operation_id,
            tag=TAG,
            summary="Add accents to a voice that was made here",
            about=_NAME,
            body=json_content(named("AccentsToAdd"), british={"accents": ["british"]}),
            answers={200: json_answer("The voice.", named("Voice"))},
            errors=(*_WRONG, VoiceNotFound, NotFound),
        )
        for method, operation_id in (("PATCH", "add_accents"), ("POST", "attach_accents"))
    },
    "DELETE /voices/{name}/accents/{accent}": Operation(
        id="remove_accent",
        tag=TAG,
        summary="Take an accent away that was added",
        about={**_NAME, "accent": "Id of the accent."},
        answers={200: json_answer("The voice.", named("Voice"))},
        errors=(BadRequest, VoiceNotFound, NotFound),
    ),
}
