"""What the examples of the documents are answered with, and what is in the answers."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from antiphon.api.app import create_app
from antiphon.api.schemas.speech import EXAMPLE
from antiphon.api.schemas.tables import OPERATIONS, SOCKETS
from antiphon.api.server import listening
from antiphon.api.versions import BARE_VOICE_LIST, STRICT_VOICES, STRUCTURED_ERRORS
from support.everything import KEY, services_for_everything
from support.schemas import Checker

Document = dict[str, Any]

SOUND = b"\x00\x20" * 8000
SILENCE = bytes(16_000)
EXAMPLES = {
    f"{told} {name}": (told, example)
    for told, operation in OPERATIONS.items()
    if "{" not in told
    for content in operation.body
    for name, example in content.examples.items()
}


@pytest.fixture
async def port(tmp_path: Any) -> AsyncIterator[int]:
    with services_for_everything(tmp_path) as services:
        async with listening(create_app(services), services.settings, services.lifetime) as [port]:
            yield port


@pytest.fixture
async def client(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": KEY}) as client:
        yield client


def schema_of(openapi: Document, told: str, response: httpx.Response) -> Document:
    method, path = told.split()
    answer = openapi["paths"][path][method.lower()]["responses"][str(response.status_code)]
    return answer["content"][response.headers["content-type"].partition(";")[0]]["schema"]


def check(openapi: Document, told: str, response: httpx.Response) -> None:
    """Hold an answer to its schema; of a stream every event, by its data."""
    schema = schema_of(openapi, told, response)
    if response.headers["content-type"].startswith("text/event-stream"):
        schema = schema["properties"]["data"]["contentSchema"]
        for event in response.text.strip().split("\n\n"):
            data = next(
                line.removeprefix("data: ") for line in event.splitlines() if line.startswith("data: ")
            )
            Checker(openapi).check(schema, orjson.loads(data))
    elif schema.get("format") != "binary":
        Checker(openapi).check(schema, response.json())


@pytest.mark.parametrize(("told", "example"), EXAMPLES.values(), ids=EXAMPLES)
async def test_the_examples_work(
    told: str, example: Any, openapi: Document, client: httpx.AsyncClient
) -> None:
    method, path = told.split()
    # The oldest shape is that of the oldest version.
    version = BARE_VOICE_LIST if "__experimental" in str(example) else STRICT_VOICES
    answer = await client.request(method, path, json=example, headers={"Cartesia-Version": version})
    assert answer.status_code == 200, answer.text
    check(openapi, told, answer)


@pytest.mark.parametrize("version", ["", BARE_VOICE_LIST, "2025-04-16", STRUCTURED_ERRORS, STRICT_VOICES])
async def test_voices_are_as_told_in_every_version(
    version: str, openapi: Document, client: httpx.AsyncClient
) -> None:
    headers = {"Cartesia-Version": version}
    made = await client.post(
        "/voices/localize",
        json={"voice_id": "heart", "name": "A", "accent": "british"},
        headers=headers,
    )
    check(openapi, "POST /voices/localize", made)
    for told, path in (
        ("GET /voices", "/voices?limit=1"),
        ("GET /voices", "/voices?expand[]=embedding"),
        ("GET /voices/{name}", f"/voices/{made.json()['id']}"),
    ):
        check(openapi, told, await client.get(path, headers=headers))


@pytest.mark.parametrize("version", ["2025-11-04", STRUCTURED_ERRORS])
async def test_errors_are_as_told_in_every_version(
    version: str, openapi: Document, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/voices/nobody", headers={"Cartesia-Version": version})
    assert answer.status_code == 404
    schema = schema_of(openapi, "GET /voices/{name}", answer)
    structured = version >= STRUCTURED_ERRORS
    Checker(openapi).check(schema, answer.json() if structured else answer.text)
    assert answer.headers["content-type"].startswith("application/json" if structured else "text/plain")


@pytest.mark.parametrize("told", [told for told in OPERATIONS if told.startswith("GET") and "{" not in told])
async def test_what_can_be_got_is_as_told(told: str, openapi: Document, client: httpx.AsyncClient) -> None:
    answer = await client.get(told.partition(" ")[2])
    assert answer.status_code == 200
    check(openapi, told, answer)


@pytest.mark.parametrize("keyless", ["/openapi.json", "/asyncapi.json", "/v1/openapi.json/"])
async def test_the_documents_are_there_for_everyone(keyless: str, port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        document = (await client.get(keyless)).json()
    assert document["info"]["title"] == "Antiphon"
    if "asyncapi" in document:
        assert document["servers"]["here"] | {"security": []} == {
            "host": f"127.0.0.1:{port}",
            "protocol": "ws",
            "description": "Every path is also there under `/v1`.",
            "security": [],
        }


def examples(path: str) -> list[str]:
    return [
        orjson.dumps(example).decode()
        for message in SOCKETS[path].from_client
        for example in message.examples
        if example != CLOSE
    ]


CLOSE = {"type": "close"}
APPEND = orjson.dumps(
    {"type": "input_audio_buffer.append", "audio": base64.b64encode(SOUND).decode()}
).decode()
FLUSHED = orjson.dumps({**EXAMPLE, "context_id": "flushed", "flush": True}).decode()
RAW = "encoding=pcm_s16le&sample_rate=16000"
TALKS: dict[str, tuple[str, list[str | bytes], set[str]]] = {
    "/tts/websocket": (
        "",
        ["[]", *examples("/tts/websocket"), FLUSHED],
        {"chunk", "timestamps", "flush_done", "done", "error"},
    ),
    "/stt/websocket": (
        f"model=ink-whisper&{RAW}&timestamp_granularities[]=word",
        ["what?", SOUND, "finalize", SOUND, "close"],
        {"transcript", "flush_done", "done", "error"},
    ),
    "/stt/turns/websocket": (
        f"model=ink-2&{RAW}",
        ["{}", *examples("/stt/turns/websocket"), SOUND, SILENCE * 5, SOUND, orjson.dumps(CLOSE).decode()],
        {"connected", "turn.start", "turn.update", "turn.end", "error"},
    ),
    "/v1/realtime": (
        "intent=transcription",
        ["{}", *examples("/v1/realtime"), APPEND, '{"type": "input_audio_buffer.commit"}'],
        {
            "session.created",
            "session.updated",
            "input_audio_buffer.committed",
            "input_audio_buffer.cleared",
            "conversation.item.input_audio_transcription.completed",
            "error",
        },
    ),
}
"""The query of a socket, what a client sends, and some of what it then gets."""


@pytest.mark.parametrize("path", SOCKETS)
async def test_messages_of_sockets_are_as_told(path: str, asyncapi: Document, port: int) -> None:
    query, frames, expected = TALKS[path]
    channel = next(c for c in asyncapi["channels"].values() if c["address"] == path)
    told = {"anyOf": [channel["messages"][message.name]["payload"] for message in SOCKETS[path].from_server]}
    checker, seen = Checker(asyncapi), set()
    async with connect(f"ws://127.0.0.1:{port}{path}?{query}&api_key={KEY}") as socket:
        for frame in frames:
            await socket.send(frame)
        while not expected <= seen:
            message = orjson.loads(await socket.recv())
            checker.check(told, message)
            seen.add(message["type"])


@pytest.mark.parametrize("path", SOCKETS)
def test_the_examples_of_messages_are_as_told(path: str, asyncapi: Document) -> None:
    for message in SOCKETS[path].from_client:
        for example in message.examples:
            Checker(asyncapi).check(message.payload, example)


@pytest.mark.parametrize(("told", "example"), EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_of_requests_are_as_told(told: str, example: Any, openapi: Document) -> None:
    (content,) = OPERATIONS[told].body
    Checker(openapi).check(content.schema, example)
