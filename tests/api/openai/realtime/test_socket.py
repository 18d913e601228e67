import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from antiphon.api.openai.realtime import socket as realtime_socket
from antiphon.audio.encodings import encode
from antiphon.errors import JobLost, Overloaded
from antiphon.telemetry.metrics import API_STREAMS

RATES = {
    "audio/pcm": ("pcm_s16le", 24_000),
    "audio/pcmu": ("pcm_mulaw", 8_000),
    "audio/pcma": ("pcm_alaw", 8_000),
}


@dataclass
class Client:
    socket: ClientConnection

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(orjson.dumps({"type": kind, **fields}).decode())

    async def read(self) -> dict[str, Any]:
        return orjson.loads(await self.socket.recv())

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """The messages up to the first whose type ends so."""
        messages = [await self.read()]
        while not messages[-1]["type"].endswith(kind):
            messages.append(await self.read())
        return messages

    async def update(self, **fields: Any) -> dict[str, Any]:
        await self.send("session.update", session={"type": "transcription", "audio": {"input": fields}})
        return (await self.until("session.updated"))[-1]

    async def hears(self, *stretches: float, form: str = "audio/pcm") -> None:
        """Send sound and silence by turns, each so many seconds, in pieces of 100 ms."""
        encoding, rate = RATES[form]
        parts = []
        for i, seconds in enumerate(stretches):
            times = np.arange(round(seconds * rate)) / rate
            parts.append(0.5 * np.sin(2 * np.pi * 700 * times) * (i % 2 == 0))
        data = encode(np.concatenate(parts).astype(np.float32), encoding)
        size = len(data) // max(1, round(sum(stretches) * 10)) // 2 * 2
        for start in range(0, len(data), size):
            audio = base64.b64encode(data[start : start + size]).decode()
            await self.send("input_audio_buffer.append", audio=audio)


@pytest.fixture
def address(served: Any) -> str:
    return f"{served.ws}/v1/realtime?intent=transcription"


@pytest.fixture
async def client(served: Any, address: str) -> AsyncIterator[Client]:
    async with connect(address, additional_headers=served.headers) as socket:
        yield Client(socket)


def types(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"].rpartition(".")[2] for message in messages]


async def test_the_session_is_told_first(client: Client) -> None:
    created = await client.read()
    assert created["type"] == "session.created"
    assert created["event_id"].startswith("event_")
    session = created["session"]
    assert session["type"] == "transcription"
    assert session["audio"]["input"]["transcription"]["model"] == "moonshine-tiny-en"
    assert session["audio"]["input"]["turn_detection"]["type"] == "server_vad"


@pytest.mark.parametrize("form", RATES)
async def test_turns_are_found_and_told(client: Client, form: str) -> None:
    await client.update(format={"type": form})
    await client.hears(1.1, 0.8, 0.6, 0.8, form=form)
    first = await client.until("completed")
    second = await client.until("completed")
    assert types(first)[0] == "speech_started"
    assert types(first)[-4:] == ["speech_stopped", "committed", "delta", "completed"]
    assert {"one"} <= {message["delta"] for message in first if "delta" in message}
    assert "".join(m["delta"] for m in first if "delta" in m) == "one two three four."
    assert first[-1]["transcript"] == "one two three four."
    assert second[-1]["transcript"] == "one two."
    assert len({message["item_id"] for message in first}) == 1
    assert second[0]["item_id"] != first[0]["item_id"]
    started, stopped = first[0], first[-4]
    assert started["audio_start_ms"] == pytest.approx(0, abs=50)
    assert stopped["audio_end_ms"] == pytest.approx(1300, abs=80)
    assert len({message["event_id"] for message in first + second}) == len(first + second)


async def test_pauses_are_judged_by_their_sound_if_the_client_asks(client: Client, ears: Any) -> None:
    await client.update(turn_detection={"type": "semantic_vad", "eagerness": "high"})
    await client.hears(1.1, 2.5)
    messages = await client.until("completed")
    assert types(messages)[0] == "speech_started"
    assert messages[-1]["transcript"] == "one two three four."
    assert ears.streams[0].job.hesitation_s > 0
    await client.update(turn_detection={"type": "server_vad"})
    await client.hears(1.1, 0.8)
    await client.until("completed")
    assert ears.streams[1].job.hesitation_s == 0


async def test_commits_make_items_without_turn_detection(client: Client, ears: Any) -> None:
    await client.update(turn_detection=None, transcription={"model": "gpt-4o-transcribe"})
    await client.hears(0.8, 0.7, 0.6)
    await client.send("input_audio_buffer.commit")
    messages = await client.until("completed")
    assert "speech_started" not in types(messages)
    assert "committed" in types(messages)
    assert messages[-1]["transcript"] == "one two three four five six seven eight."
    assert ears.streams[0].closed.is_set()
    await client.hears(0.6)
    await client.send("input_audio_buffer.commit")
    assert (await client.until("completed"))[-1]["transcript"] == "one two."
    assert len(ears.streams) == 2


async def test_clearing_forgets_audio(client: Client, ears: Any, served: Any) -> None:
    await client.update(turn_detection=None)
    await client.hears(0.8)
    await client.send("input_audio_buffer.clear")
    await client.until("cleared")
    await served.until(ears.streams[0].closed.is_set)
    await client.hears(0.3)
    await client.send("input_audio_buffer.commit")
    assert (await client.until("completed"))[-1]["transcript"] == "one."


async def test_the_older_dialect_is_spoken_with_who_speaks_it(served: Any, address: str) -> None:
    headers = {**served.headers, "OpenAI-Beta": "realtime=v1"}
    async with connect(address, additional_headers=headers) as socket:
        client = Client(socket)
        assert (await client.read())["type"] == "transcription_session.created"
        session = {"input_audio_format": "pcm16", "turn_detection": None}
        await client.send("transcription_session.update", session=session)
        updated = await client.read()
        assert updated["type"] == "transcription_session.updated"
        assert updated["session"]["input_audio_format"] == "pcm16"


async def test_the_query_may_name_model_and_language(served: Any) -> None:
    for query, name, language in (
        ("model=Systran/faster-whisper-small.en&language=en-US", "Systran/faster-whisper-small.en", "en"),
        ("model=gpt-realtime&transcription_model=whisper-1", "whisper-1", None),
    ):
        address = f"{served.ws}/v1/realtime?intent=transcription&{query}"
        async with connect(address, additional_headers=served.headers) as socket:
            session = (await Client(socket).read())["session"]
            assert session["input_audio_transcription"]["model"] == name
            assert session["input_audio_transcription"]["language"] == language


async def test_errors_name_the_message_and_end_nothing(client: Client) -> None:
    await client.read()
    bad = {
        "input_audio_buffer.commit": ("input_audio_buffer_commit_empty", None),
        "response.create": (None, "type"),
        "input_audio_buffer.append": (None, "audio"),
    }
    for kind, (code, param) in bad.items():
        await client.send(kind, event_id="mine")
        error = await client.read()
        assert error["type"] == "error"
        told = error["error"]
        assert (told["type"], told["code"], told["param"]) == ("invalid_request_error", code, param)
        assert told["event_id"] == "mine"
    for broken in ("{", "[]", b"\xff", "null"):
        await client.socket.send(broken)
        assert (await client.read())["error"]["type"] == "invalid_request_error"
    await client.send("session.update", session={"input_audio_transcription": {"model": "llama"}})
    assert (await client.read())["error"]["code"] == "model_not_found"
    await client.send("session.update", session={"input_audio_transcription": {"language": "de"}})
    assert (await client.read())["error"]["code"] == "language_not_supported"
    assert (await client.update())["type"] == "session.updated"


@pytest.mark.parametrize(
    ("failure", "code", "kind"),
    [(JobLost("gone"), 1013, "server_error"), (KeyError("x"), 1011, "server_error")],
)
async def test_lost_recognition_fails_the_item_and_closes(
    client: Client, ears: Any, failure: Exception, code: int, kind: str
) -> None:
    await client.update(turn_detection=None)
    ears.failure = failure
    await client.hears(0.5)
    messages = await client.until("error")
    assert types(messages)[-2:] == ["failed", "error"]
    assert messages[-1]["error"]["type"] == kind
    with pytest.raises(ConnectionClosed) as closed:
        await client.read()
    assert closed.value.rcvd.code == code


async def test_overload_is_told_and_closes(client: Client, ears: Any) -> None:
    ears.refusal = Overloaded("full")
    await client.hears(0.2)
    error = (await client.until("error"))[-1]["error"]
    assert error["code"] == "rate_limit_exceeded"
    with pytest.raises(ConnectionClosed) as closed:
        await client.read()
    assert closed.value.rcvd.code == 1013


async def test_a_client_that_leaves_frees_its_job(served: Any, address: str, ears: Any) -> None:
    before = API_STREAMS._value.get()
    async with connect(address, additional_headers=served.headers) as socket:
        await Client(socket).hears(0.5)
        await served.until(lambda: bool(ears.streams))
    await served.until(ears.streams[0].closed.is_set)
    await served.until(lambda: API_STREAMS._value.get() == before)


async def test_an_idle_socket_is_closed(served: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime_socket, "IDLE_S", 0.1)
    async with connect(address, additional_headers=served.headers) as socket:
        await socket.recv()
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "connection idle timeout")


@pytest.mark.parametrize(
    ("query", "key", "status"), [("intent=conversation", None, 400), ("intent=transcription", "wrong", 401)]
)
async def test_the_upgrade_is_refused_in_openais_form(
    served: Any, query: str, key: str | None, status: int
) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else served.headers
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{served.ws}/v1/realtime?{query}", additional_headers=headers):
            pass
    assert refused.value.response.status_code == status
    assert orjson.loads(refused.value.response.body)["error"]["type"] == "invalid_request_error"


async def test_a_browser_sends_its_key_as_a_subprotocol(served: Any, address: str) -> None:
    (key,) = served.headers.values()
    protocols = ["realtime", f"openai-insecure-api-key.{key}"]
    async with connect(address, subprotocols=protocols) as socket:
        assert socket.subprotocol == "realtime"
        assert (await Client(socket).read())["type"] == "session.created"


async def test_a_client_secret_opens_a_session_and_nothing_else(
    http: httpx.AsyncClient, served: Any, address: str
) -> None:
    session = {"type": "transcription", "audio": {"input": {"turn_detection": None}}}
    body = {"expires_after": {"anchor": "created_at", "seconds": 60}, "session": session}
    answer = (await http.post("/v1/realtime/client_secrets", json=body)).json()
    assert answer.keys() == {"value", "expires_at", "session"}
    assert answer["session"]["turn_detection"] is None
    bearer = {"Authorization": f"Bearer {answer['value']}"}
    async with connect(address, additional_headers=bearer) as socket:
        assert (await Client(socket).read())["type"] == "session.created"
    async with httpx.AsyncClient(base_url=served.http, headers=bearer) as holder:
        speech = await holder.post(
            "/v1/audio/speech", json={"model": "tts-1", "input": "x", "voice": "alloy"}
        )
        assert speech.status_code == 403
        assert (await holder.post("/v1/realtime/client_secrets", json={})).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{"expires_after": {"seconds": 5}}, {"expires_after": 1}, {"session": []}, {"session": {"type": "x"}}],
)
async def test_a_client_secret_of_nonsense_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await http.post("/v1/realtime/client_secrets", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
