"""Pronunciation dictionaries."""

from antiphon.api.dictionaries import DictionaryChanges, NewDictionary
from antiphon.api.schemas.common import PAGE, page_of
from antiphon.api.schemas.operations import Answer, Operation, json_answer, json_content
from antiphon.api.schemas.shapes import Schema, array, flag, named, record, structs, text
from antiphon.api.versions import STRICT_VOICES
from antiphon.errors import BadRequest, FileTooLarge, NotFound

TAG = "Pronunciation dictionaries"

_NAME = {"name": "Id of a dictionary."}
_ITEMS = [{"text": "GIF", "alias": "jif"}, {"text": "cat", "alias": "<<k|æ|t>>"}]

SCHEMAS: dict[str, Schema] = {
    **structs(NewDictionary, DictionaryChanges),
    "Dictionary": record(
        {
            "id": text(),
            "name": text(),
            "description": text(),
            "items": array(
                record(
                    {
                        "text": text("What it applies to."),
                        "alias": text("What is spoken instead: words, or phonemes as `<<k|æ|t>>`."),
                        "pronunciation": text("The same, by its newer name."),
                        "case_sensitive": flag(),
                    }
                )
            ),
            "owner_id": text("Who made it."),
            "pinned": flag("Kept for clients; nothing here goes by it."),
            "created_at": text(format="date-time"),
        }
    ),
    "DictionaryPage": page_of("Dictionary"),
}

OPERATIONS: dict[str, Operation] = {
    "GET /pronunciation-dicts": Operation(
        id="list_dictionaries",
        tag=TAG,
        summary="The dictionaries, the newest first",
        about=PAGE,
        answers={200: json_answer("A page of them.", named("DictionaryPage"))},
    ),
    "POST /pronunciation-dicts": Operation(
        id="create_dictionary",
        tag=TAG,
        summary="Make a dictionary",
        description=f"Before version {STRICT_VOICES} capitals of an entry count unless it says otherwise.",
        body=json_content(named("NewDictionary"), two={"name": "Ours", "items": _ITEMS}),
        answers={200: json_answer("The dictionary.", named("Dictionary"))},
        errors=(BadRequest, FileTooLarge),
    ),
    "GET /pronunciation-dicts/{name}": Operation(
        id="get_dictionary",
        tag=TAG,
        summary="One dictionary",
        about=_NAME,
        answers={200: json_answer("The dictionary.", named("Dictionary"))},
        errors=(NotFound,),
    ),
    "PATCH /pronunciation-dicts/{name}": Operation(
        id="update_dictionary",
        tag=TAG,
        summary="Change a dictionary; items are replaced as a whole",
        about=_NAME,
        body=json_content(named("DictionaryChanges"), pin={"pinned": True}),
        answers={200: json_answer("The dictionary.", named("Dictionary"))},
        errors=(BadRequest, FileTooLarge, NotFound),
    ),
    "DELETE /pronunciation-dicts/{name}": Operation(
        id="delete_dictionary",
        tag=TAG,
        summary="Forget a dictionary",
        about=_NAME,
        answers={204: Answer("It is gone.")},
        errors=(NotFound,),
    ),
}
