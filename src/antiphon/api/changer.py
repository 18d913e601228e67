"""``POST /voice-changer/bytes`` and ``/voice-changer/sse``: a clip in, its words in another voice out."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pybase64
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import errors
from antiphon.api.auth import EditingGrant, STTGrant
from antiphon.api.envelope import request_id_of
from antiphon.api.forms import nested, receive_form
from antiphon.api.respeak import RATE_HZ, Clip, Respeaker
from antiphon.api.services import Services, ServicesDep
from antiphon.api.stt import files
from antiphon.api.stt.request import TranscriptionRequest, make_job
from antiphon.api.stt.together import while_connected
from antiphon.api.tts import streaming
from antiphon.api.tts.messages import PARTIAL_CONTENT
from antiphon.api.tts.whole import Speaker
from antiphon.api.versions import version_of
from antiphon.audio.containers import make_encoder
from antiphon.audio.formats import OutputFormat
from antiphon.audio.samples import Samples
from antiphon.errors import BadRequest
from antiphon.licensing.client import Grant
from antiphon.speech.phrases import find_phrases

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way: what speaks it, for which key, and the form its audio is wanted in."""

    respeaker: Respeaker
    key_id: str
    output_format: OutputFormat


@dataclass(frozen=True, slots=True)
class Chunk:
    """Encoded audio; ``step_ms`` is the engine time it took."""

    data: bytes
    step_ms: float


@router.post("/voice-changer/bytes")
async def change(request: Request, services: ServicesDep, grant: EditingGrant, hearing: STTGrant) -> Response:
    """Change the voice of a clip; a failure before the first audio is an HTTP error."""
    begun = await _begin(request, services, grant, hearing)
    audio = _audio(begun, services)
    return await while_connected(request, streaming.begin(audio, begun.output_format.content_type))


@router.post("/voice-changer/sse")
async def change_in_events(
    request: Request, services: ServicesDep, grant: EditingGrant, hearing: STTGrant
) -> Response:
    """The same as server-sent events; a failure before the first is an HTTP error, a later one an event."""
    begun = await _begin(request, services, grant, hearing)
    events = _events(begun, services, request_id_of(request))
    return await while_connected(request, streaming.begin(events, "text/event-stream"))


async def _begin(request: Request, services: Services, grant: Grant, hearing: Grant) -> Change:
    """Take in the clip and recognise what is said in it.

    Raises:
        BadRequest: a field is missing or wrong, or nothing is said in the clip.
        VoiceNotFound, LanguageNotSupported: there is no such voice, or nobody who hears its language.
        FileTooLarge, UnsupportedAudio: what is wrong with the clip.
        Overloaded, NoWorker, JobLost, InternalError: it could not be recognised.
    """
    settings = services.settings
    with services.lifetime.running(), services.limits.using("STT streams", hearing.key_id):
        form = await receive_form(request, ["clip"], settings.max_clip_bytes)
        with form.open() as opened:
            fields = nested(form.fields)
            output_format = OutputFormat.parse(fields.get("output_format"))
            voice = services.voices.resolve(_voice(fields))
            if "clip" not in opened:
                raise BadRequest("clip is missing; send the audio as a file part of that name.")
            asked = TranscriptionRequest(settings.stt_model, language=voice.language, words=True)
            job = make_job(asked, services, partials=False)
            samples: list[Samples] = []
            blocks = _kept(files.decode(opened["clip"], None, settings.max_clip_s), samples)
            heard = await while_connected(request, files.hear_file(services, job, blocks, hearing.key_id))
    phrases = find_phrases(word for final in heard.finals for word in final.words)
    if not phrases:
        raise BadRequest("clip holds no speech that could be recognised; send one in which somebody speaks.")
    speaker = Speaker(services, tenant=grant.key_id, version=version_of(request), sample_rate=RATE_HZ)
    spoken_by = {"model_id": voice.model, "voice": {"id": voice.id}, "language": voice.language}
    clip = Clip(np.concatenate(samples), files.RATE_HZ, phrases)
    return Change(Respeaker(speaker, spoken_by, clip), grant.key_id, output_format)


async def _kept(blocks: AsyncGenerator[Samples], into: list[Samples]) -> AsyncGenerator[Samples]:
    async with aclosing(blocks):
        async for block in blocks:
            into.append(block)
            yield block


def _voice(fields: dict[str, Any]) -> str:
    voice: dict[str, str | int] | str = fields.get("voice", "")
    name = voice if isinstance(voice, str) else voice.get("id", "")
    if not name:
        raise BadRequest("voice[id] is missing; it must be the id of the voice that is to speak.")
    return str(name)


async def _audio(change: Change, services: Services) -> AsyncGenerator[bytes]:
    async with aclosing(_chunks(change, services)) as chunks:
        async for chunk in chunks:
            yield chunk.data


async def _events(change: Change, services: Services, request_id: str) -> AsyncGenerator[bytes]:
    begun = False
    try:
        async with aclosing(_chunks(change, services)) as chunks:
            async for chunk in chunks:
                yield _event("chunk", _fields(chunk, change.output_format.sample_rate))
                begun = True
        yield _event("done", {"done": True, "status_code": 200})
    except Exception as error:
        if not begun:
            raise
        told = errors.report(error, request_id=request_id)
        yield _event("error", errors.event(told, request_id=request_id))


async def _chunks(change: Change, services: Services) -> AsyncGenerator[Chunk]:
    """The new speech as it is made, encoded in parts of a second at most."""
    encoder = make_encoder(change.output_format, RATE_HZ)
    with services.lifetime.running(), services.limits.using("TTS contexts", change.key_id):
        async with aclosing(change.respeaker.pieces()) as pieces:
            async for piece in pieces:
                parts = np.split(piece.samples, range(RATE_HZ, len(piece.samples), RATE_HZ))
                for part in parts:
                    if data := encoder.push(part):
                        yield Chunk(data, piece.step_ms / len(parts))
        if data := encoder.finish():
            yield Chunk(data, 0.0)


def _fields(chunk: Chunk, sample_rate: int) -> dict[str, Any]:
    return {
        "data": pybase64.b64encode_as_string(chunk.data),
        "done": False,
        "sample_rate": sample_rate,
        "status_code": PARTIAL_CONTENT,
        "step_time": round(chunk.step_ms, 3),
    }


def _event(name: str, message: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(message))
