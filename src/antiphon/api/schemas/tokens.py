"""Access tokens."""

from antiphon.api.access_token import TokenRequest
from antiphon.api.schemas.operations import Operation, json_answer, json_content
from antiphon.api.schemas.shapes import Schema, named, record, structs, text
from antiphon.errors import BadRequest, FileTooLarge

TAG = "Access tokens"

SCHEMAS: dict[str, Schema] = {
    **structs(TokenRequest),
    "AccessToken": record({"token": text("To be sent where a key would be.")}),
}

OPERATIONS: dict[str, Operation] = {
    "POST /access-token": Operation(
        id="create_access_token",
        tag=TAG,
        summary="A key gives out a part of what it may do, for a while",
        body=json_content(named("TokenRequest"), speaking={"expires_in": 600, "grants": {"tts": True}}),
        answers={200: json_answer("The token.", named("AccessToken"))},
        errors=(BadRequest, FileTooLarge),
    ),
}
