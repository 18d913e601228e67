"""``GET /``, ``GET /status``, and the documents about all this."""

from typing import get_args

from antiphon.api.schemas.operations import Operation, json_answer
from antiphon.api.schemas.shapes import Schema, array, choice, constant, flag, integer, named, record, text
from antiphon.contract.subjects import Kind

TAG = "Platform"

CAPABILITY = {"capability": "Only those that speak (`tts`) or hear (`stt`)."}

SCHEMAS: dict[str, Schema] = {
    "Root": record({"ok": constant(True), "version": text("Version of the server.")}),
    "Status": record(
        {
            "ok": flag("Requests can be taken."),
            "version": text("Version of the server."),
            "bus": choice(["connected", "disconnected"], "What the API server and the workers meet on."),
            "draining": flag("The server is about to stop."),
            "offerings": record({kind: named("Offering") for kind in get_args(Kind)}),
        }
    ),
    "Model": record(
        {
            "id": text(),
            "name": text(),
            "capability": choice(get_args(Kind)),
            "is_default": flag("It is meant by the names that hosted models have."),
            "languages": array(text()),
            "aliases": array(text(), "Names that stand for it; `*` for any letters."),
        }
    ),
    "Models": record(
        {"data": array(named("Model")), "has_more": constant(False), "next_page": {"type": "null"}}
    ),
    "Offering": record(
        {
            "workers": integer(minimum=0),
            "load": integer("Streams that run.", minimum=0),
            "capacity": integer("Streams that can run at a time.", minimum=0),
            "models": array(text()),
            "languages": array(text()),
        },
        description="What the workers of one kind have to offer.",
    ),
}

OPERATIONS: dict[str, Operation] = {
    "GET /": Operation(
        id="root",
        tag=TAG,
        summary="Is it there",
        answers={200: json_answer("It is.", named("Root"))},
        keyless=True,
    ),
    "GET /status": Operation(
        id="status",
        tag=TAG,
        summary="What can be served now",
        about={"offering": "Only with a worker of this kind can requests be taken."},
        answers={
            200: json_answer("Requests can be taken.", named("Status")),
            503: json_answer("They can't.", named("Status")),
        },
        keyless=True,
    ),
    "GET /models": Operation(
        id="list_models",
        tag=TAG,
        summary="The models",
        about=CAPABILITY,
        answers={200: json_answer("All of them.", named("Models"))},
    ),
    "GET /openapi.json": Operation(
        id="openapi",
        tag=TAG,
        summary="This document",
        answers={200: json_answer("OpenAPI 3.1.", {"type": "object"})},
        keyless=True,
    ),
    "GET /asyncapi.json": Operation(
        id="asyncapi",
        tag=TAG,
        summary="The document about the WebSockets",
        answers={200: json_answer("AsyncAPI 3.0.", {"type": "object"})},
        keyless=True,
    ),
}
