"""Clients that speak and hear through the API, and remember what they got."""

import asyncio
import json
import wave
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from support.platform import KEY

HEADERS = {"X-API-Key": KEY, "Cartesia-Version": "2026-03-01"}
FORMAT = {"container": "raw", "encoding": "pcm_f32le", "sample_rate": 24_000}
HEARING = "/stt/websocket?model=ink-whisper&encoding=pcm_s16le&sample_rate=16000"

RECORDINGS = Path(__file__).parents[1] / "data" / "speech"
PIECE_S = 0.1


@dataclass
class Heard:
    """What a client of either kind has got so far.

    Attributes:
        begun: the stream is at work, in the middle of what it does.
    """

    audio: bytearray = field(default_factory=bytearray)
    words: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def result(self) -> tuple[bytes, list[str]]:
        return bytes(self.audio), self.words


def socket(url: str, path: str) -> connect:
    """A socket of the API; messages may have any size, and reading is only as far ahead as the network."""
    return connect(
        url.replace("http", "ws", 1) + path, additional_headers=HEADERS, max_size=None, compression=None
    )


def request(text: str, **fields: Any) -> dict[str, Any]:
    """A request for speech."""
    return {"model_id": "sonic-3", "transcript": text, "voice": "heart", "output_format": FORMAT} | fields


async def speak(url: str, text: str, heard: Heard) -> tuple[bytes, list[str]]:
    """Have a text spoken over a socket; the samples and the words of the timestamps."""
    async with socket(url, "/tts/websocket") as connection:
        await speak_on(connection, text, heard)
    return heard.result


async def speak_on(connection: ClientConnection, text: str, heard: Heard) -> None:
    """The same over a socket that is open and serves nothing else."""
    await connection.send(json.dumps(request(text, context_id="c", add_timestamps=True)))
    while True:
        message = json.loads(await connection.recv())
        match message["type"]:
            case "chunk":
                heard.audio += b64decode(message["data"])
                heard.begun.set()
            case "timestamps":
                heard.words += message["word_timestamps"]["words"]
            case "done":
                return
            case _:
                raise AssertionError(message)


async def fetch(url: str, text: str, heard: Heard) -> tuple[bytes, list[str]]:
    """Have a text spoken into the body of an HTTP response; the samples alone."""
    async with (
        httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=60) as client,
        client.stream("POST", "/tts/bytes", json=request(text)) as answer,
    ):
        assert answer.status_code == 200, (await answer.aread()).decode()
        async for piece in answer.aiter_bytes():
            heard.audio += piece
            heard.begun.set()
    return heard.result


def recording(name: str) -> bytes:
    """The samples of a recording, 16 kHz pcm_s16le."""
    with wave.open(str(RECORDINGS / f"{name}.wav")) as clip:
        return clip.readframes(clip.getnframes())


async def hear(url: str, audio: bytes, heard: Heard, *, speed: float = 1.0) -> tuple[bytes, list[str]]:
    """Have audio heard, sent at ``speed`` times real time; no samples, and the words of the finals."""
    size = round(PIECE_S * 16_000) * 2
    loop = asyncio.get_running_loop()
    async with socket(url, HEARING) as connection:
        reading = asyncio.create_task(_read_transcripts(connection, heard))
        began = loop.time()
        for index, start in enumerate(range(0, len(audio), size)):
            await asyncio.sleep(began + index * PIECE_S / speed - loop.time())
            await connection.send(audio[start : start + size])
            if start > len(audio) / 4:
                heard.begun.set()
        await connection.send("close")
        await reading
    return heard.result


async def _read_transcripts(connection: ClientConnection, heard: Heard) -> None:
    while True:
        message = json.loads(await connection.recv())
        match message["type"]:
            case "transcript":
                if message["is_final"]:
                    heard.words += message["text"].split()
            case "done":
                return
            case _:
                raise AssertionError(message)
