"""OpenAI's own SDK, unmodified, and the real models."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from antiphon.audio.encodings import encode
from antiphon.audio.files import decode_file
from support.platform import KEY, Platform
from support.spoken import RECORDED, RECORDING, TEXT
from support.words import word_error_rate

pytestmark = pytest.mark.models

PAGE = Path(__file__).parents[2] / "docs" / "openai.md"


@pytest.fixture
def client(running: Platform) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{running.url}/v1", max_retries=0) as client:
        yield client


def is_recorded(text: str) -> bool:
    return word_error_rate([RECORDED], [text]) <= 0.05


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_what_is_said_in_each_format_is_heard_back(client: OpenAI, form: Any) -> None:
    said = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="alloy", input=TEXT, response_format=form
    ).read()
    raw = {"encoding": "pcm_s16le", "sample_rate": "24000"} if form == "pcm" else None
    heard = client.audio.transcriptions.create(model="whisper-1", file=(f"said.{form}", said), extra_body=raw)
    assert word_error_rate([TEXT], [heard.text]) == 0


def test_speech_comes_while_it_is_made_as_bytes_and_as_events(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "tts-1", "voice": "nova", "input": TEXT, "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        pieces = list(answer.iter_bytes())
    assert len(pieces) > 1
    with client.audio.speech.with_streaming_response.create(**asked, stream_format="sse") as answer:
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert audio == b"".join(pieces)
    assert events[-1]["type"] == "speech.audio.done"
    # A token for 50 ms, up to the end of the last word.
    assert events[-1]["usage"]["output_tokens"] * 0.05 == pytest.approx(len(audio) / 48_000, abs=0.6)


def test_a_recording_in_every_form(client: OpenAI) -> None:
    transcribe = client.audio.transcriptions.create
    assert is_recorded(transcribe(model="gpt-4o-transcribe", file=RECORDING).text)
    assert is_recorded(transcribe(model="whisper-1", file=RECORDING, response_format="text"))
    verbose = transcribe(
        model="whisper-1",
        file=RECORDING,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert verbose.words
    assert verbose.segments
    assert is_recorded(" ".join(word.word for word in verbose.words))
    assert is_recorded(" ".join(segment.text for segment in verbose.segments))
    times = [time for segment in verbose.segments for time in (segment.start, segment.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= verbose.duration == 11.0
    assert max(segment.end - segment.start for segment in verbose.segments) <= 7.0
    for form in ("srt", "vtt"):
        subtitles = transcribe(model="whisper-1", file=RECORDING, response_format=form)
        lines = [line for line in subtitles.splitlines() if line and "-->" not in line]
        assert is_recorded(" ".join(line for line in lines if line != "WEBVTT" and not line.isdecimal()))
    diarized = transcribe(model="gpt-4o-transcribe-diarize", file=RECORDING, response_format="diarized_json")
    assert {segment.speaker for segment in diarized.segments} == {"A"}
    assert is_recorded(diarized.text)


def test_a_recording_as_it_is_heard(client: OpenAI) -> None:
    events = list(client.audio.transcriptions.create(model="gpt-4o-transcribe", file=RECORDING, stream=True))
    assert "".join(event.delta for event in events[:-1] if event.type == "transcript.text.delta") == (
        events[-1].text
    )
    assert is_recorded(events[-1].text)


def test_models_are_listed_and_found(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"hibari", "moonshine-tiny-en", "tts-1", "whisper-1"} <= set(names)
    assert client.models.retrieve("Systran/faster-whisper-small").id == "Systran/faster-whisper-small"
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("gpt-4o")
    assert raised.value.code == "model_not_found"


def test_errors_are_those_that_the_sdk_knows(client: OpenAI, running: Platform) -> None:
    with pytest.raises(openai.BadRequestError) as bad:
        client.audio.speech.create(model="tts-1", voice="nobody", input=TEXT)
    assert (bad.value.param, bad.value.code) == ("voice", "voice_not_found")
    with pytest.raises(openai.BadRequestError) as bad:
        client.audio.transcriptions.create(model="whisper-1", file=("x.wav", b"no audio"))
    assert bad.value.param == "file"
    with pytest.raises(openai.NotFoundError):
        client.audio.speech.create(model="gpt-4o", voice="alloy", input=TEXT)
    with (
        OpenAI(api_key="wrong", base_url=f"{running.url}/v1") as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


@asynccontextmanager
async def session(running: Platform, key: str = KEY, **audio: Any) -> AsyncIterator[Any]:
    async with (
        AsyncOpenAI(api_key=key, base_url=f"{running.url}/v1") as client,
        client.realtime.connect(extra_query={"intent": "transcription"}) as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session={"type": "transcription", "audio": {"input": audio}})
        assert (await connection.recv()).type == "session.updated"
        yield connection


async def send(connection: Any, encoding: str, rate: int, silence_s: float = 0.0) -> None:
    """The recording in pieces of 100 ms, at ten times its pace."""
    samples = np.concatenate([*decode_file(RECORDING, target_rate=rate)])
    samples = np.concatenate([samples, np.zeros(round(silence_s * rate), np.float32)])
    for start in range(0, len(samples), rate // 10):
        piece = encode(samples[start : start + rate // 10], encoding)
        await connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode())
        await asyncio.sleep(0.01)


async def test_live_turns_are_found(running: Platform) -> None:
    turns = {"type": "server_vad", "silence_duration_ms": 600}
    async with session(running, turn_detection=turns) as connection:
        sending = asyncio.create_task(send(connection, "pcm_s16le", 24_000, silence_s=1.5))
        events: list[Any] = []
        while sum(event.type.endswith("completed") for event in events) < 3:
            events.append(await connection.recv())
        await sending
    completed = [event for event in events if event.type.endswith("completed")]
    assert is_recorded(" ".join(event.transcript for event in completed))
    assert all(event.usage.seconds > 0 for event in completed)
    for turn in completed:
        mine = [event for event in events if event.item_id == turn.item_id]
        kinds = [event.type.rpartition(".")[2] for event in mine]
        assert kinds[0] == "speech_started"
        assert kinds[-1] == "completed"
        assert kinds.index("speech_stopped") + 1 == kinds.index("committed")
        assert "delta" in kinds
        assert mine[0].audio_start_ms < mine[kinds.index("speech_stopped")].audio_end_ms


@pytest.mark.parametrize(
    ("form", "encoding", "rate"),
    [
        ({"type": "audio/pcm", "rate": 24_000}, "pcm_s16le", 24_000),
        ({"type": "audio/pcmu"}, "pcm_mulaw", 8_000),
        ({"type": "audio/pcma"}, "pcm_alaw", 8_000),
    ],
)
async def test_what_is_committed_is_heard(
    running: Platform, form: dict[str, Any], encoding: str, rate: int
) -> None:
    transcription = {"model": "gpt-4o-transcribe", "language": "en"}
    async with session(running, format=form, transcription=transcription, turn_detection=None) as connection:
        await send(connection, encoding, rate)
        await connection.input_audio_buffer.commit()
        events = [await connection.recv()]
        while not events[-1].type.endswith("completed"):
            events.append(await connection.recv())
    assert len({event.item_id for event in events}) == 1
    assert word_error_rate([RECORDED], [events[-1].transcript]) <= 0.1


def test_the_examples_of_the_page_do_what_they_say(
    running: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        code = example.replace("http://127.0.0.1:5000", running.url).replace("ak_…", KEY)
        exec(compile(code, PAGE.name, "exec"), {})
        assert capsys.readouterr().out.strip() == "Good morning."


async def test_a_client_secret_is_a_key_for_a_session(client: OpenAI, running: Platform) -> None:
    secret = client.realtime.client_secrets.create(session={"type": "transcription"})
    assert secret.session.type == "transcription"
    async with session(running, secret.value) as connection:
        await connection.input_audio_buffer.clear()
        assert (await connection.recv()).type == "input_audio_buffer.cleared"
