"""``POST /stt`` (also as ``/audio/transcriptions``): a whole file in, its text out."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, BinaryIO, TypeVar

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from antiphon.api.auth import STTGrant
from antiphon.api.bodies import json_response
from antiphon.api.envelope import request_id_of
from antiphon.api.services import RecognitionStream, Services, ServicesDep
from antiphon.api.stt.request import RawFormat, make_job, parse_file_request
from antiphon.api.stt.together import first_of, together
from antiphon.api.stt.upload import receive_upload
from antiphon.api.stt.words import word_fields
from antiphon.audio.files import decode_file
from antiphon.audio.samples import Samples
from antiphon.contract.events import Final
from antiphon.contract.jobs import RecognitionJob
from antiphon.errors import FileTooLarge

RATE_HZ = 16_000

router = APIRouter()

T = TypeVar("T")


@router.post("/stt")
@router.post("/audio/transcriptions")
async def transcribe(request: Request, services: ServicesDep, grant: STTGrant) -> Response:
    """Transcribe an uploaded file of any common format and of any length.

    The file goes to disk as it arrives, is decoded there a second at a time, and the worker's pace holds the
    decoding back: memory does not grow with the file.
    """
    with services.lifetime.running():
        upload = await receive_upload(request, services.settings.max_upload_bytes)
        with upload.file:
            asked, raw = parse_file_request([*request.query_params.multi_items(), *upload.fields])
            job = make_job(asked, services, partials=False)
            blocks = _decode(upload.file, raw, services.settings.max_audio_s)
            answer = await first_of(_hear(services, job, blocks, grant.key_id), _client_left(request))
    if answer is None:
        raise ClientDisconnect
    return json_response({"type": "transcript", "request_id": request_id_of(request), **answer})


async def _client_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _hear(
    services: Services, job: RecognitionJob, blocks: AsyncGenerator[Samples], tenant: str
) -> dict[str, Any]:
    async with aclosing(blocks):
        # Whether this is audio shows in the first block, before it takes anyone's place on a worker.
        first = await anext(blocks)
        async with aclosing(await services.dispatcher.recognize(job, tenant=tenant)) as stream:
            duration_s, finals = await together(_feed(stream, first, blocks), _collect(stream))
    answer: dict[str, Any] = {
        "text": "".join(final.text for final in finals).strip(),
        "language": job.language,
        "duration": round(duration_s, 3),
        "is_final": True,
    }
    if job.word_timestamps:
        answer["words"] = [fields for final in finals for fields in word_fields(final.words)]
    return answer


async def _feed(stream: RecognitionStream, first: Samples, rest: AsyncGenerator[Samples]) -> float:
    """Send everything; the seconds that were sent."""
    await stream.send(first)
    samples = len(first)
    async for block in rest:
        await stream.send(block)
        samples += len(block)
    await stream.end()
    return samples / RATE_HZ


async def _collect(stream: RecognitionStream) -> list[Final]:
    return [event async for event in stream if isinstance(event, Final)]


async def _decode(file: BinaryIO, raw: RawFormat | None, most_s: int) -> AsyncGenerator[Samples]:
    """Blocks of one second, decoded in a thread so that other streams go on meanwhile.

    Raises:
        FileTooLarge: there are more than ``most_s`` seconds. A small file can hold very many.
        UnsupportedAudio: there is no audio in it.
    """
    encoding, sample_rate = (raw.encoding, raw.sample_rate) if raw else (None, None)
    blocks = decode_file(file, target_rate=RATE_HZ, encoding=encoding, sample_rate=sample_rate)
    seconds = 0.0
    while (block := await _in_thread(lambda: next(blocks, None))) is not None:
        seconds += len(block) / RATE_HZ
        if seconds > most_s:
            raise FileTooLarge(f"The audio lasts longer than the {most_s} seconds that are allowed here.")
        yield block


async def _in_thread(call: Callable[[], T]) -> T:
    """Run in a thread that is waited for even when cancelled: its file must not be closed under it."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):  # once more
                await asyncio.wait([running])
        await asyncio.gather(running, return_exceptions=True)
        raise
