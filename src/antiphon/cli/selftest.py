"""The proof that a platform works: it speaks a sentence through its API and hears it back through its API."""

import asyncio
import io
import json
import time
import wave
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from antiphon.errors import OperatorError
from antiphon.loadtest.wordrate import word_errors

SENTENCE = "The train to the harbor leaves at nine, and the sea is calm this morning."
WORST_WORD_ERROR = 0.2

_VERSION = "2026-03-01"
_SAMPLE_RATE = 24000
_AUDIBLE = 10 ** (-50 / 20) * 32768
"""-50 dBFS in steps of 16 bits: quieter samples are the silence before speech."""
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What a platform said and heard.

    Attributes:
        said: the sentence it was asked to speak.
        heard: what it heard of that.
        ttfa_s: request sent → arrival of the first audible sample.
        rtf: time until the last sample / seconds of audio.
    """

    said: str
    heard: str
    ttfa_s: float
    rtf: float

    @property
    def word_error(self) -> float:
        """Words to insert, drop or replace to get from one to the other, per word said."""
        return word_errors(self.said, self.heard).rate or 0.0

    @property
    def holds(self) -> bool:
        """Whether it heard what it said."""
        return self.word_error <= WORST_WORD_ERROR


@dataclass(frozen=True, slots=True)
class _Speech:
    samples: bytes
    ttfa_s: float
    took_s: float


async def prove(url: str, key: str, said: str = SENTENCE) -> Proof:
    """Speak and hear a sentence.

    Args:
        url: of the API.
        key: one that it accepts.
        said: the sentence.

    Raises:
        OperatorError: the API does not answer as it should.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S), httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await _offerings(client)
            speech = await _speak(url, key, said)
            heard = await _hear(client, key, speech.samples)
    except TimeoutError:
        raise OperatorError(f"The self-test was not done after {_TIMEOUT_S:g} s.") from None
    except (httpx.HTTPError, WebSocketException, OSError) as error:
        raise OperatorError(f"The self-test lost the API: {error or type(error).__name__}.") from None
    audio_s = len(speech.samples) / 2 / _SAMPLE_RATE
    return Proof(said, heard, speech.ttfa_s, speech.took_s / audio_s)


async def _offerings(client: httpx.AsyncClient) -> None:
    """Wait until the API has heard of a worker of each kind."""
    for kind in ("tts", "stt"):
        while True:
            answer = await client.get("/status", params={"offering": kind})
            if answer.is_success:
                break
            await asyncio.sleep(0.02)


async def _speak(url: str, key: str, text: str) -> _Speech:
    request = {
        "model_id": "sonic-3",
        "transcript": text,
        "voice": {"mode": "id", "id": "heart"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": _SAMPLE_RATE},
        "context_id": str(uuid4()),
        "continue": False,
    }
    query = urlencode({"cartesia_version": _VERSION, "api_key": key})
    socket_url = f"{url.replace('http', 'ws', 1)}/tts/websocket?{query}"
    samples, ttfa_s = bytearray(), None
    async with connect(socket_url, proxy=None, max_size=None, compression=None) as socket:
        sent = time.perf_counter()
        await socket.send(json.dumps(request))
        async for frame in socket:
            message = json.loads(frame)
            if message["type"] == "error":
                raise OperatorError(f"The API did not speak: {message.get('message')}")
            if message["type"] == "chunk":
                chunk = b64decode(message["data"])
                samples += chunk
                if ttfa_s is None and _is_audible(chunk):
                    ttfa_s = time.perf_counter() - sent
            if message["type"] == "done":
                break
        took_s = time.perf_counter() - sent
    if ttfa_s is None:
        raise OperatorError("The API did not speak: it sent no audible sample.")
    return _Speech(bytes(samples), ttfa_s, took_s)


async def _hear(client: httpx.AsyncClient, key: str, samples: bytes) -> str:
    answer = await client.post(
        "/stt",
        headers={"Authorization": f"Bearer {key}", "Cartesia-Version": _VERSION},
        data={"model": "ink-whisper", "language": "en"},
        files={"file": ("speech.wav", _as_wav(samples), "audio/wav")},
        timeout=_TIMEOUT_S,
    )
    if not answer.is_success:
        raise OperatorError(f"The API did not hear: status {answer.status_code}, {answer.text}")
    return answer.json()["text"]


def _is_audible(chunk: bytes) -> bool:
    return bool((np.abs(np.frombuffer(chunk, "<i2").astype(np.int32)) > _AUDIBLE).any())


def _as_wav(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_SAMPLE_RATE)
        writer.writeframes(samples)
    return file.getvalue()
