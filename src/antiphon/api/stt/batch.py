"""``POST /stt`` (also as ``/audio/transcriptions``): a file in, its text out, at once or as it comes."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api import errors
from antiphon.api.auth import STTGrant
from antiphon.api.bodies import json_response
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.services import Services, ServicesDep
from antiphon.api.stt.files import (
    HeardFile,
    Progress,
    decode,
    hear_file,
    hear_in_steps,
    told_length,
)
from antiphon.api.stt.request import FileRequest, make_job, parse_file_request, without_effect
from antiphon.api.stt.together import while_connected
from antiphon.api.stt.upload import receive_upload
from antiphon.api.stt.words import word_fields
from antiphon.api.tts import streaming
from antiphon.api.tts.messages import server_sent
from antiphon.audio.samples import Samples
from antiphon.contract.events import Final
from antiphon.contract.jobs import RecognitionJob

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Work:
    """A request that was read."""

    asked: FileRequest
    job: RecognitionJob
    file: BinaryIO
    tenant: str
    request_id: str

    def sound(self, services: Services) -> AsyncGenerator[Samples]:
        """What is to be heard, in blocks."""
        return decode(self.file, self.asked.raw, services.settings.max_audio_s)


@router.post("/stt")
@router.post("/audio/transcriptions")
async def transcribe(request: Request, services: ServicesDep, grant: STTGrant) -> Response:
    """Transcribe an uploaded file of any common format and of any length.

    The file goes to disk as it arrives, is decoded there a second at a time, and the worker's pace holds the
    decoding back: memory does not grow with the file.
    """
    with (
        services.lifetime.running(),
        services.limits.using("STT streams", grant.key_id),
        ExitStack() as until_heard,
    ):
        upload = await receive_upload(request, services.settings.max_upload_bytes)
        until_heard.callback(upload.file.close)
        fields = [*request.query_params.multi_items(), *upload.fields]
        asked = parse_file_request(fields)
        job = make_job(asked.transcription, services, partials=False)
        work = _Work(asked, job, upload.file, grant.key_id, request_id_of(request))
        if not asked.stream:
            hearing = hear_file(services, job, work.sound(services), work.tenant)
            return _with_ignored(
                json_response(_whole(work, await while_connected(request, hearing))), fields, services
            )
        until_heard.pop_all()  # the events close the file: they go on after this function
    beginning = streaming.begin(_events(work, services), "text/event-stream")
    return _with_ignored(await while_connected(request, beginning), fields, services)


def _with_ignored(response: Response, fields: Iterable[tuple[str, str]], services: Services) -> Response:
    response.headers.update(ignored_header(without_effect(fields, services)))
    return response


def _whole(work: _Work, heard: HeardFile) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "type": "transcript",
        "request_id": work.request_id,
        "text": heard.text,
        "language": heard.language or work.job.language,
        "duration": round(heard.duration_s, 3),
        "is_final": True,
    }
    if work.job.word_timestamps:
        answer["words"] = [fields for final in heard.finals for fields in word_fields(final.words)]
    return answer


async def _events(work: _Work, services: Services) -> AsyncGenerator[bytes]:
    """The text as it comes, and how far it is; a failure before any is an HTTP error, a later an event."""
    begun = False
    with work.file, services.lifetime.running(), services.limits.using("STT streams", work.tenant):
        try:
            total_s = await told_length(work.file, work.asked.raw, services.settings.max_audio_s)
            steps = hear_in_steps(services, work.job, work.sound(services), work.tenant)
            async with aclosing(steps):
                async for news in steps:
                    yield server_sent(_event(news, work, total_s))
                    begun = True
        except Exception as error:
            if not begun:
                raise
            told = errors.report(error, request_id=work.request_id)
            yield server_sent(errors.event(told, request_id=work.request_id))


def _event(news: Final | Progress | HeardFile, work: _Work, total_s: float | None) -> dict[str, Any]:
    match news:
        case Progress():
            total = None if total_s is None else round(total_s, 3)
            return {"type": "progress", "heard": round(news.heard_s, 3), "total": total}
        case Final():
            transcript: dict[str, Any] = {
                "type": "transcript",
                "request_id": work.request_id,
                "text": news.text,
                "is_final": True,
                "start": round(news.start_s, 3),
                "end": round(news.end_s, 3),
                "duration": round(news.end_s - news.start_s, 3),
                "language": news.language or work.job.language,
            }
            words = {"words": word_fields(news.words)} if work.job.word_timestamps else {}
            return transcript | words
        case HeardFile():
            return {
                "type": "done",
                "request_id": work.request_id,
                "language": news.language or work.job.language,
                "duration": round(news.duration_s, 3),
            }
