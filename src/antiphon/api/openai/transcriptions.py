"""``POST /v1/audio/transcriptions`` and ``/v1/audio/translations``: a file in, its text out.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from antiphon.api import errors
from antiphon.api.auth import STTGrant
from antiphon.api.bodies import json_response
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.openai import transcripts
from antiphon.api.openai.errors import WrongField, error_fields
from antiphon.api.openai.events import HEARD_TOKENS_PER_S, data_event, text_tokens, token_usage
from antiphon.api.openai.forms import TranscriptionForm, parse_form
from antiphon.api.services import Services, ServicesDep
from antiphon.api.stt.files import HeardFile, decode, hear_file, hear_in_steps
from antiphon.api.stt.request import make_job, without_effect
from antiphon.api.stt.together import while_connected
from antiphon.api.stt.upload import receive_upload
from antiphon.api.tts import streaming
from antiphon.audio.samples import Samples
from antiphon.contract.events import Final
from antiphon.contract.jobs import RecognitionJob

Task = Literal["transcribe", "translate"]

router = APIRouter()


@router.post("/v1/audio/transcriptions")
async def transcribe(request: Request, services: ServicesDep, grant: STTGrant) -> Response:
    """Transcribe an uploaded file of any common format and of any length."""
    return await _answer(request, services, grant.key_id, "transcribe")


@router.post("/v1/audio/translations")
async def translate(request: Request, services: ServicesDep, grant: STTGrant) -> Response:
    """Transcribe a file that is in English already; nothing here translates."""
    return await _answer(request, services, grant.key_id, "translate")


@dataclass(frozen=True, slots=True)
class _Work:
    """A request that was read: what is to be heard, and what to answer with."""

    task: Task
    form: TranscriptionForm
    job: RecognitionJob
    file: BinaryIO
    tenant: str
    request_id: str

    def sound(self, services: Services) -> AsyncGenerator[Samples]:
        """What is to be heard, in blocks."""
        return decode(self.file, self.form.raw, services.settings.max_audio_s)


async def _answer(request: Request, services: Services, tenant: str, task: Task) -> Response:
    upload = await receive_upload(request, services.settings.max_upload_bytes)
    try:
        fields = [*request.query_params.multi_items(), *upload.fields]
        form = _parse(task, fields)
        job = make_job(form.asked, services, partials=False)
    except BaseException:
        upload.file.close()
        raise
    work = _Work(task, form, job, upload.file, tenant, request_id_of(request))
    if form.stream:
        beginning = streaming.begin(_events(work, services), "text/event-stream")
        response: Response = await while_connected(request, beginning)
    else:
        with upload.file, services.lifetime.running(), services.limits.using("STT streams", tenant):
            hearing = hear_file(services, job, work.sound(services), tenant)
            heard = await while_connected(request, hearing)
        # Those of hours take the better part of a second to cut, in which live streams would stand still.
        response = await asyncio.to_thread(_rendered, work, heard)
    response.headers.update(ignored_header([*without_effect(fields, services), *form.ignored]))
    return response


def _parse(task: Task, fields: Sequence[tuple[str, str]]) -> TranscriptionForm:
    if task == "translate" and not any(name == "language" and value for name, value in fields):
        raise WrongField(
            "language",
            "is missing; no model here translates. For audio that is in English already say `language=en`, "
            "and the answer is its transcript.",
        )
    return parse_form(fields)


def _rendered(work: _Work, heard: HeardFile) -> Response:
    form = work.form
    transcript = transcripts.Transcript(
        heard, heard.language or work.job.language, work.request_id, work.task, form.granularities
    )
    match form.response_format:
        case "json":
            return json_response(transcripts.json_fields(transcript))
        case "verbose_json":
            return json_response(transcripts.verbose_fields(transcript))
        case "diarized_json":
            return json_response(transcripts.diarized_fields(transcript))
        case "text":
            return PlainTextResponse(f"{heard.text}\n")
        case "srt":
            return PlainTextResponse(transcripts.subtitles(transcript, "srt"))
        case "vtt":
            return PlainTextResponse(transcripts.subtitles(transcript, "vtt"), media_type="text/vtt")


async def _events(work: _Work, services: Services) -> AsyncGenerator[bytes]:
    """The text as it comes; a failure before any is an HTTP error, a later one an event."""
    begun = False
    segments = 0
    with work.file, services.lifetime.running(), services.limits.using("STT streams", work.tenant):
        try:
            steps = hear_in_steps(services, work.job, work.sound(services), work.tenant)
            async with aclosing(steps):
                async for news in steps:
                    match news:
                        case Final(text=text) if text:
                            yield data_event({"type": "transcript.text.delta", "delta": text})
                            begun = True
                            if work.form.tells_segments:
                                for segment in transcripts.segments([news]):
                                    yield data_event(transcripts.segment_event(segment, segments))
                                    segments += 1
                        case HeardFile():
                            yield data_event(_done(news))
                        case _:
                            pass
        except Exception as error:
            if not begun:
                raise
            told = errors.report(error, request_id=work.request_id)
            yield data_event({"type": "error", "error": error_fields(told)})


def _done(heard: HeardFile) -> dict[str, Any]:
    usage = token_usage(round(heard.duration_s * HEARD_TOKENS_PER_S), text_tokens(heard.text))
    return {"type": "transcript.text.done", "text": heard.text, "usage": {"type": "tokens", **usage}}
