import asyncio
import re
from typing import Any

import httpx
import orjson
import pytest

from antiphon.api.stt import files
from antiphon.errors import JobLost, Overloaded
from antiphon.telemetry.metrics import API_STREAMS

TEXT = "one two three. one two."


async def post(
    http: httpx.AsyncClient, audio: bytes | None, path: str = "/v1/audio/transcriptions", **fields: Any
) -> httpx.Response:
    files = {} if audio is None else {"file": ("speech.wav", audio)}
    fields = {"model": "whisper-1", **fields}
    data = {name.replace("__", "[]"): value for name, value in fields.items() if value is not None}
    return await http.post(path, files=files, data=data)


def error_of(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"message", "type", "param", "code"}
    return body["error"]


def events(body: str) -> list[dict[str, Any]]:
    return [orjson.loads(block.removeprefix("data: ")) for block in body.strip().split("\n\n")]


async def test_json_serves_openais_clients_and_cartesias(http: httpx.AsyncClient, recording: bytes) -> None:
    response = await post(http, recording)
    assert response.json() == {
        "text": TEXT,
        "usage": {"type": "duration", "seconds": 4.35},
        "type": "transcript",
        "request_id": response.headers["x-request-id"],
        "language": "en",
        "duration": 4.35,
        "is_final": True,
    }


async def test_text_is_the_text(http: httpx.AsyncClient, recording: bytes) -> None:
    response = await post(http, recording, response_format="text")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == f"{TEXT}\n"


async def test_verbose_json_has_segments_unless_words_alone_were_asked_for(
    http: httpx.AsyncClient, recording: bytes
) -> None:
    answer = (await post(http, recording, response_format="verbose_json")).json()
    assert answer.keys() == {"task", "language", "duration", "text", "usage", "segments"}
    assert (answer["task"], answer["text"]) == ("transcribe", TEXT)
    assert [segment["text"] for segment in answer["segments"]] == ["one two three.", "one two."]
    first, second = answer["segments"]
    assert (first["id"], second["id"]) == (0, 1)
    assert 0 <= first["start"] < first["end"] <= second["start"] < second["end"] <= answer["duration"]
    assert second["start"] == pytest.approx(3.3, abs=0.05)
    words = {"response_format": "verbose_json", "timestamp_granularities__": ["word"]}
    answer = (await post(http, recording, **words)).json()
    assert "segments" not in answer
    assert [word["word"] for word in answer["words"]] == ["one", "two", "three.", "one", "two."]
    both = {**words, "timestamp_granularities__": ["word", "segment"]}
    assert {"words", "segments"} <= (await post(http, recording, **both)).json().keys()


async def test_subtitles(http: httpx.AsyncClient, recording: bytes) -> None:
    srt = await post(http, recording, response_format="srt")
    assert re.fullmatch(
        r"1\n00:00:00,\d{3} --> 00:00:01,\d{3}\none two three\.\n\n"
        r"2\n00:00:03,\d{3} --> 00:00:04,\d{3}\none two\.\n\n",
        srt.text,
    )
    vtt = await post(http, recording, response_format="vtt")
    assert vtt.headers["content-type"].startswith("text/vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.")


async def test_diarized_json_knows_one_speaker_and_says_so(http: httpx.AsyncClient, recording: bytes) -> None:
    response = await post(http, recording, response_format="diarized_json")
    answer = response.json()
    assert answer.keys() == {"task", "duration", "text", "segments", "usage"}
    assert {segment["speaker"] for segment in answer["segments"]} == {"A"}
    assert [segment["id"] for segment in answer["segments"]] == ["seg_0", "seg_1"]
    assert {segment["type"] for segment in answer["segments"]} == {"transcript.text.segment"}
    assert response.headers["antiphon-ignored"] == "diarization"


async def test_a_stream_tells_text_as_it_comes(http: httpx.AsyncClient, recording: bytes) -> None:
    response = await post(http, recording, stream="true")
    assert response.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(response.text)
    assert [(event["type"], event["delta"]) for event in deltas] == [
        ("transcript.text.delta", "one two three."),
        ("transcript.text.delta", " one two."),
    ]
    assert done == {
        "type": "transcript.text.done",
        "text": TEXT,
        "usage": {"type": "tokens", "input_tokens": 44, "output_tokens": 6, "total_tokens": 50},
    }


async def test_a_stream_tells_segments_when_asked(http: httpx.AsyncClient, recording: bytes) -> None:
    for fields in ({"response_format": "diarized_json"}, {"timestamp_granularities__": ["segment"]}):
        told = events((await post(http, recording, stream="true", **fields)).text)
        segments = [event for event in told if event["type"] == "transcript.text.segment"]
        assert [(event["id"], event["text"]) for event in segments] == [
            ("seg_0", "one two three."),
            ("seg_1", "one two."),
        ]


async def test_a_stream_without_text_is_done_at_once(http: httpx.AsyncClient, make_wav: Any) -> None:
    (done,) = events((await post(http, make_wav(0.0, 1.0), stream="true")).text)
    assert (done["type"], done["text"]) == ("transcript.text.done", "")


@pytest.mark.parametrize(
    "model",
    [
        "whisper-1",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-transcribe-diarize",
        "Systran/faster-whisper-small.en",
        "moonshine-tiny-en",
    ],
)
async def test_every_well_known_model_hears(
    http: httpx.AsyncClient, ears: Any, recording: bytes, model: str
) -> None:
    assert (await post(http, recording, model=model)).status_code == 200
    assert ears.streams[0].job.model == "moonshine-tiny-en"


async def test_words_are_timed_only_where_they_are_needed(
    http: httpx.AsyncClient, ears: Any, recording: bytes
) -> None:
    for form in ("json", "text", "srt", "verbose_json"):
        await post(http, recording, response_format=form)
    assert [stream.job.word_timestamps for stream in ears.streams] == [False, False, True, True]
    assert all(stream.closed.is_set() for stream in ears.streams)


async def test_what_has_no_effect_is_named(http: httpx.AsyncClient, recording: bytes) -> None:
    response = await post(
        http,
        recording,
        prompt="Names: Ada.",
        temperature="0.2",
        include__=["logprobs"],
        **{"chunking_strategy[type]": "server_vad"},
        hotwords="",
        language="en",
        keyterm="Ada",
    )
    assert response.status_code == 200
    assert response.headers["antiphon-ignored"] == "chunking_strategy, include, keyterm, prompt, temperature"


async def test_headerless_samples_are_taken_as_with_stt(http: httpx.AsyncClient) -> None:
    fields = {"encoding": "pcm_mulaw", "sample_rate": "8000"}
    answer = (await post(http, b"\xff" * 8000, **fields)).json()
    assert (answer["text"], answer["duration"]) == ("", 1.0)


async def test_english_is_translated_into_english(http: httpx.AsyncClient, recording: bytes) -> None:
    path = "/v1/audio/translations"
    answer = (await post(http, recording, path, language="en", response_format="verbose_json")).json()
    assert (answer["task"], answer["text"]) == ("translate", TEXT)
    response = await post(http, recording, path)
    assert response.status_code == 400
    assert error_of(response)["param"] == "language"
    assert "language=en" in error_of(response)["message"]


BAD: dict[str, tuple[dict[str, Any], int, str | None, str | None]] = {
    "no model": ({"model": None}, 400, "model", None),
    "unknown model": ({"model": "llama"}, 404, "model", "model_not_found"),
    "a model that speaks": ({"model": "tts-1"}, 404, "model", "model_not_found"),
    "unknown format": ({"response_format": "yaml"}, 400, "response_format", None),
    "two formats": ({"response_format": ["json", "text"]}, 400, "response_format", None),
    "stream that is neither": ({"stream": "maybe"}, 400, "stream", None),
    "unknown granularity": (
        {"timestamp_granularities__": "line"},
        400,
        "timestamp_granularities[]",
        None,
    ),
    "unknown language": ({"language": "de"}, 400, "language", "language_not_supported"),
    "an encoding without its rate": ({"encoding": "pcm_s16le"}, 400, None, None),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_told_in_openais_form(
    http: httpx.AsyncClient, recording: bytes, case: str
) -> None:
    fields, status, param, code = BAD[case]
    response = await post(http, recording, **fields)
    assert response.status_code == status, response.text
    error = error_of(response)
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_what_is_no_audio_is_told(http: httpx.AsyncClient, ears: Any, stream: str) -> None:
    response = await post(http, b"This is no audio.", stream=stream)
    assert response.status_code == 400
    assert error_of(response) | {"message": ""} == {
        "message": "",
        "type": "invalid_request_error",
        "param": "file",
        "code": "unsupported_audio_format",
    }
    assert not ears.streams


async def test_a_form_without_a_file_is_told(http: httpx.AsyncClient) -> None:
    assert (await post(http, None)).status_code == 400
    response = await http.post("/v1/audio/transcriptions", json={"model": "whisper-1"})
    assert (response.status_code, error_of(response)["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("stream", ["true", "false"])
async def test_overload_is_a_429_with_retry_after(
    http: httpx.AsyncClient, ears: Any, recording: bytes, stream: str
) -> None:
    ears.refusal = Overloaded("full", retry_after_s=1.5)
    response = await post(http, recording, stream=stream)
    assert (response.status_code, error_of(response)["code"]) == (429, "rate_limit_exceeded")
    assert response.headers["retry-after"] == "2"


async def test_a_failure_amid_the_stream_is_an_event(
    http: httpx.AsyncClient, ears: Any, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear_file = files.hear_file

    async def fails_late(*args: Any, **kwargs: Any) -> Any:
        await hear_file(*args, **kwargs)
        raise JobLost("gone")

    monkeypatch.setattr(files, "hear_file", fails_late)
    *deltas, error = events((await post(http, recording, stream="true")).text)
    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert (error["type"], error["error"]["type"]) == ("error", "server_error")


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No audio comes to the worker."""

    async def never(*args: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("antiphon.api.stt.files._feed", never)


@pytest.mark.usefixtures("deaf")
@pytest.mark.parametrize("stream", ["true", "false"])
async def test_a_client_that_leaves_frees_its_job(
    http: httpx.AsyncClient, served: Any, ears: Any, recording: bytes, stream: str
) -> None:
    before = API_STREAMS._value.get()
    asking = asyncio.create_task(post(http, recording, stream=stream))
    await served.until(lambda: bool(ears.streams))
    asking.cancel()
    await served.until(ears.streams[0].closed.is_set)
    await served.until(lambda: API_STREAMS._value.get() == before)
