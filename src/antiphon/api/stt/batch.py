"""``POST /stt`` (also as ``/audio/transcriptions``): a whole file in, its text out."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from antiphon.api.auth import STTGrant
from antiphon.api.bodies import json_response
from antiphon.api.envelope import request_id_of
from antiphon.api.ignored import ignored_header
from antiphon.api.services import ServicesDep
from antiphon.api.stt.files import decode, hear_file
from antiphon.api.stt.request import make_job, parse_file_request, without_effect
from antiphon.api.stt.together import while_connected
from antiphon.api.stt.upload import receive_upload
from antiphon.api.stt.words import word_fields

router = APIRouter()


@router.post("/stt")
@router.post("/audio/transcriptions")
async def transcribe(request: Request, services: ServicesDep, grant: STTGrant) -> Response:
    """Transcribe an uploaded file of any common format and of any length.

    The file goes to disk as it arrives, is decoded there a second at a time, and the worker's pace holds the
    decoding back: memory does not grow with the file.
    """
    with services.lifetime.running(), services.limits.using("STT streams", grant.key_id):
        upload = await receive_upload(request, services.settings.max_upload_bytes)
        with upload.file:
            fields = [*request.query_params.multi_items(), *upload.fields]
            asked, raw = parse_file_request(fields)
            job = make_job(asked, services, partials=False)
            blocks = decode(upload.file, raw, services.settings.max_audio_s)
            heard = await while_connected(request, hear_file(services, job, blocks, grant.key_id))
    answer: dict[str, Any] = {
        "type": "transcript",
        "request_id": request_id_of(request),
        "text": heard.text,
        "language": job.language,
        "duration": round(heard.duration_s, 3),
        "is_final": True,
    }
    if job.word_timestamps:
        answer["words"] = [fields for final in heard.finals for fields in word_fields(final.words)]
    response = json_response(answer)
    response.headers.update(ignored_header(without_effect(fields)))
    return response
